"""Services on a real SQLite file, or on a database of their own on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.settings import Settings
from tests.fakes.crew import Crew
from tests.fakes.house import House, open_house
from tests.fakes.shop import Shop, open_shop
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


@pytest.fixture
async def shop(house: House) -> AsyncIterator[Shop]:
    async with open_shop(house, house.clock, Settings()) as shop:
        yield shop


@pytest.fixture
def crew(shop: Shop) -> Crew:
    return Crew(shop.database, shop.settings)
