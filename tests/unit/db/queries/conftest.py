"""Lists on a real SQLite file, and on a real PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.gallery import Gallery
from tests.fakes.house import open_house
from tests.servers.postgres import PostgresServer


@pytest.fixture
async def gallery(tmp_path: Path) -> AsyncIterator[Gallery]:
    async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'gallery.db'}") as house:
        yield Gallery(house)


@pytest.fixture(params=["sqlite", "asyncpg", "psycopg"])
def driver(request: pytest.FixtureRequest) -> tuple[str, PostgresServer | None]:
    """Each driver, with the server that it needs, which is started before a loop runs."""
    needs_server = request.param != "sqlite"
    return request.param, request.getfixturevalue("postgres_server") if needs_server else None


@pytest.fixture
async def any_gallery(driver: tuple[str, PostgresServer | None], tmp_path: Path) -> AsyncIterator[Gallery]:
    """A gallery on each database and driver."""
    name, server = driver
    if server is None:
        async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'gallery.db'}") as house:
            yield Gallery(house)
        return
    database = await server.create_database()
    async with open_house(database.sqlalchemy_url(name)) as house:
        yield Gallery(house)
    await server.drop_database(database)
