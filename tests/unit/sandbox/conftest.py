"""One world for all tests of this room: it keeps no state but counters and lost datagrams, and starts in a moment."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.sandbox import Sandbox


@pytest_asyncio.fixture
async def box(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox.open(tmp_path / "sandbox") as opened:
        yield opened


@pytest.fixture
def trusting(box: Sandbox) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(box.ca_file))


@pytest_asyncio.fixture(autouse=True)
async def quiet_loop() -> AsyncIterator[None]:
    """No exception may reach the loop's handler, and no task may outlive its test."""
    loop = asyncio.get_running_loop()
    reported: list[dict[str, object]] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))
    yield
    assert reported == []
