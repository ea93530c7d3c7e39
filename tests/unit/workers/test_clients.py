"""Shared clients: one for each key, kept while used and a while longer, and closed in the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.integration.waiting import until
from workers.clients import LINGER_SECONDS, Clients, linger_seconds


class Shed:
    """Makes clients that are only names, and keeps the books."""

    def __init__(self, linger: float = 60.0) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.clients: Clients[str, str] = Clients(self._make, lambda _key: linger)

    @asynccontextmanager
    async def _make(self, key: str) -> AsyncIterator[str]:
        if key == "broken":
            raise OSError("broken")
        await asyncio.sleep(0)
        self.opened.append(key)
        yield key.upper()
        self.closed.append(key)


async def test_users_of_a_key_share_a_client() -> None:
    shed = Shed()
    async with shed.clients.use("a") as one, shed.clients.use("a") as two, shed.clients.use("b") as other:
        assert (one, two, other) == ("A", "A", "B")
    assert shed.opened == ["a", "b"]
    await shed.clients.close()
    assert sorted(shed.closed) == ["a", "b"]


async def test_users_that_come_at_once_share_a_client() -> None:
    shed = Shed()

    async def use() -> None:
        async with shed.clients.use("a"):
            await asyncio.sleep(0)

    await asyncio.gather(*(use() for _ in range(5)))
    assert shed.opened == ["a"]
    await shed.clients.close()


async def test_an_unused_client_is_kept_for_the_next() -> None:
    shed = Shed()
    for _ in range(3):
        async with shed.clients.use("a"):
            pass
    assert (shed.opened, shed.closed) == (["a"], [])
    await shed.clients.close()


async def test_a_client_is_closed_when_it_was_unused_for_long_enough() -> None:
    shed = Shed(linger=0.01)
    async with shed.clients.use("a"):
        pass
    await until(lambda: shed.closed == ["a"])
    assert len(shed.clients) == 0
    async with shed.clients.use("a"):
        assert shed.opened == ["a", "a"]
    await shed.clients.close()


async def test_a_client_that_is_used_again_is_not_closed() -> None:
    shed = Shed(linger=0.01)
    async with shed.clients.use("a"):
        pass
    async with shed.clients.use("a"):
        await asyncio.sleep(0.03)
        assert shed.closed == []
    await shed.clients.close()


async def test_one_that_cannot_be_made_is_tried_anew() -> None:
    shed = Shed()
    for _ in range(2):
        with pytest.raises(OSError, match="broken"):
            async with shed.clients.use("broken"):
                raise AssertionError("It was made.")
    assert len(shed.clients) == 0
    await shed.clients.close()


@pytest.mark.parametrize(
    ("rate", "burst", "seconds"), [(10.0, 5, LINGER_SECONDS), (0.01, 5, 500.0), (1.0, 100, 100.0)]
)
def test_it_lingers_until_its_bucket_is_full_again(rate: float, burst: int, seconds: float) -> None:
    assert linger_seconds(rate, burst) == seconds
