"""Workers on a real SQLite file, in front of the sandbox."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from sandbox.sandbox import Sandbox
from tests.fakes.house import House, open_house
from tests.fakes.shop import Shop, open_shop, sandbox_settings


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}") as house:
        yield house


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox.open(tmp_path / "sandbox") as box:
        yield box


@pytest.fixture
async def shop(house: House, box: Sandbox) -> AsyncIterator[Shop]:
    """The shop of the sandbox, on the system's clock."""
    async with open_shop(house, SystemClock(), sandbox_settings(box)) as shop:
        yield shop
