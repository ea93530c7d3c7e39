import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, Table

from db.migrating import newest
from db.models import Model
from tests.servers.postgres import PostgresServer
from tests.unit.cli.conftest import Ended, Heliograph, Started


@pytest.fixture
def table_without_a_migration() -> Iterator[None]:
    """A model that somebody added without a migration."""
    table = Table("forgotten", Model.metadata, Column("id", Integer, primary_key=True))
    yield
    Model.metadata.remove(table)


def test_it_brings_an_empty_database_to_the_newest_revision_and_leaves_it_there(
    heliograph: Heliograph, place: Path
) -> None:
    first, second = heliograph("migrate"), heliograph("migrate")
    assert (first.code, first.out) == (0, f"The database is at {newest()} now; it was empty.\n")
    assert (second.code, second.out) == (0, f"The database is at {newest()} already.\n")
    assert (place / "heliograph.db").exists()


def test_its_json_is_where_the_database_was_and_is(heliograph: Heliograph) -> None:
    for before in (None, newest()):
        ended = heliograph("migrate", "--json")
        assert (ended.code, json.loads(ended.out)) == (0, {"before": before, "revision": newest()})


def test_a_database_of_a_newer_release_is_left_alone(heliograph: Heliograph, place: Path) -> None:
    heliograph("migrate")
    with sqlite3.connect(place / "heliograph.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    ended = heliograph("migrate")
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert "Can't locate revision identified by '9999'" in ended.err


def test_check_touches_no_database_and_is_silent(heliograph: Heliograph, place: Path) -> None:
    ended = heliograph("migrate", "--check")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert list(place.iterdir()) == []


@pytest.mark.usefixtures("table_without_a_migration")
def test_check_says_in_one_line_that_a_model_has_no_migration(heliograph: Heliograph) -> None:
    ended = heliograph("migrate", "--check")
    assert ended.code == 1
    assert ended.out.startswith("The migrations are out of date: 1 differences from the models, the first")
    assert "forgotten" in ended.out
    assert ended.out.count("\n") == 1


@pytest.mark.usefixtures("table_without_a_migration")
def test_check_tells_programs_what_differs(heliograph: Heliograph) -> None:
    ended = heliograph("migrate", "--check", "--json")
    told = json.loads(ended.out)
    assert (ended.code, told["upToDate"], "forgotten" in told["problem"]) == (1, False, True)


@pytest.fixture
async def postgres_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """A PostgreSQL database with nothing in it."""
    database = await postgres_server.create_database()
    yield database.sqlalchemy_url()
    await postgres_server.drop_database(database)


async def run_apart(heliograph: Heliograph, *arguments: str) -> Ended:
    """A command in a thread, for it brings an event loop of its own."""
    return await asyncio.to_thread(heliograph, *arguments)


async def test_serve_migrates_postgresql_only_when_asked(
    start: Callable[..., Started], heliograph: Heliograph, postgres_url: str
) -> None:
    given = ("serve", "--database-url", postgres_url, "--port", "0", "--channel-url", "redis://127.0.0.1:1")
    refused = start(*given)
    assert refused.process.wait(20) == 2
    assert refused.errors.endswith(f"is empty and must be at {newest()}: run `heliograph migrate`\n")
    # It gets further now: to the channel, which is not there.
    migrated = start(*given, "--migrate")
    assert migrated.process.wait(20) == 2
    assert "HELIOGRAPH_CHANNEL_URL: the channel does not answer" in migrated.errors
    done = await run_apart(heliograph, "migrate", "--database-url", postgres_url)
    assert done.out == f"The database is at {newest()} already.\n"


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_a_missing_postgresql_database_is_one_line(
    heliograph: Heliograph, postgres_server: PostgresServer, driver: str
) -> None:
    url = (
        postgres_server.url.replace("postgresql:", f"postgresql+{driver}:").removesuffix("postgres") + "none"
    )
    ended = await run_apart(heliograph, "migrate", "--database-url", url)
    assert ended.code == 2
    assert 'database "none" does not exist' in ended.err
    assert ended.err.count("\n") == 1
