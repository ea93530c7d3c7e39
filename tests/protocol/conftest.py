from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.fakes.edge import Edge, serving
from tests.protocol.raw import Dial


@pytest.fixture
async def edge() -> AsyncIterator[Edge]:
    async with serving() as edge:
        yield edge


@pytest_asyncio.fixture(loop_scope="module")
async def dial() -> AsyncIterator[Dial]:
    async with Dial() as dial:
        yield dial
