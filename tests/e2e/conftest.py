"""The world outside, and installations of the product."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.sandbox import Sandbox
from tests.e2e.product import Product
from tests.servers.postgres import PostgresServer

# They assert on behalf of tests, and shall show as much when something differs.
pytest.register_assert_rewrite("tests.e2e.figures", "tests.e2e.subscriber")


@pytest.fixture
def tell() -> Callable[[object], None]:
    """Shows what was counted to those who run pytest with -s."""
    return print


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """A world of this test's own."""
    async with Sandbox.open(tmp_path / "sandbox") as box:
        yield box


@pytest.fixture
def world_settings(box: Sandbox) -> dict[str, Any]:
    """How processes reach the world, and write down what they find while it is still young."""
    return {
        "allowed_networks": "127.0.0.0/8",
        "allowed_ports": "1-65535",
        "ca_file": box.ca_file,
        "probe_url": box.probe_url,
        "flush_seconds": 0.05,
    }


@pytest.fixture
async def product(tmp_path: Path, world_settings: dict[str, Any]) -> AsyncIterator[Product]:
    """One installation on SQLite and a channel inside the process."""
    async with Product(tmp_path / "product", **world_settings) as product:
        yield product


@pytest.fixture
async def postgres_database(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The URL of an empty PostgreSQL database."""
    database = await postgres_server.create_database()
    yield database.sqlalchemy_url()
    await postgres_server.drop_database(database)
