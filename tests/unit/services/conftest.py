"""Services on a real SQLite file, or on a database of their own on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.house import House, open_house
from tests.servers.postgres import PostgresServer


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}") as house:
        yield house


@pytest.fixture
async def big_house(postgres_server: PostgresServer) -> AsyncIterator[House]:
    database = await postgres_server.create_database()
    try:
        async with open_house(database.sqlalchemy_url()) as house:
            yield house
    finally:
        await postgres_server.drop_database(database)
