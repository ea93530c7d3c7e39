from collections.abc import AsyncIterator

import pytest

from tests.fakes.edge import Edge, serving


@pytest.fixture
async def edge() -> AsyncIterator[Edge]:
    async with serving() as edge:
        yield edge
