"""Migrated databases of both kinds, and everything that stands directly on them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from bench.relay import Relay
from core.clock import SystemClock
from db.engine import Engines
from db.migrating import upgrade
from db.unit_of_work import Database
from tests.fakes.bell import RecordingBell
from tests.servers.postgres import PostgresServer
from tests.servers.sqlite import migrated


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_template(postgres_server: PostgresServer) -> str:
    """A migrated PostgreSQL database that tests copy."""
    database = await postgres_server.create_database()
    await upgrade(database.sqlalchemy_url())
    return database.name


@pytest.fixture
async def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> AsyncIterator[str]:
    """A migrated PostgreSQL database of this test's own."""
    database = await postgres_server.create_database(postgres_template)
    yield database.sqlalchemy_url()
    await postgres_server.drop_database(database)


@pytest.fixture
async def sqlite_url(tmp_path: Path) -> str:
    """A migrated SQLite database of this test's own."""
    return await migrated(tmp_path / "heliograph.db")


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of either kind; the server is started only for the tests that use it."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture
async def engines(database_url: str) -> AsyncIterator[Engines]:
    made = Engines(database_url)
    yield made
    await made.close()


@pytest.fixture
def bell() -> RecordingBell:
    return RecordingBell()


@pytest.fixture
def database(engines: Engines, bell: RecordingBell) -> Database:
    return Database(engines, bell, SystemClock())


@pytest.fixture
async def wire(postgres_url: str) -> AsyncIterator[Relay]:
    """A wire to a PostgreSQL database that can be cut."""
    url = make_url(postgres_url)
    async with Relay((url.host or "127.0.0.1", url.port or 5432)) as relay:
        yield relay
