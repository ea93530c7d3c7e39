"""Permits and connections: counted alone, counted by several processes that share a Redis, and when that is gone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from auth import shared_connections
from auth.connection_counts import LocalConnections
from auth.permits import KEPT, LocalPermits, Permits, Rate
from auth.shared import CONNECTIONS, Shared
from auth.shared_connections import SharedConnections
from auth.shared_permits import SharedPermits
from core.ids import new_id
from core.limits import Limit
from tests.servers.redis import RedisServer

FEW = Rate(Limit.PRINCIPAL_REQUESTS, 6)


@asynccontextmanager
async def connected(server: RedisServer, count: int = 2) -> AsyncIterator[list[Shared]]:
    """What so many processes have."""
    processes = [Shared(server.url) for _ in range(count)]
    try:
        yield processes
    finally:
        for each in processes:
            await each.close()


async def granted(permits: Permits, rate: Rate, who: object, most: int = 100) -> int:
    """How many are granted one after the other."""
    for number in range(most):
        if await permits.take(rate, who):
            return number
    return most


async def eventually(asked: Callable[[], Awaitable[bool]]) -> None:
    """Ask until the answer is yes; each asking takes a turn of the server."""
    async with asyncio.timeout(30):
        while not await asked():  # noqa: ASYNC110  It is the server that is asked.
            await asyncio.sleep(0.001)


class TestAlone:
    async def test_a_minutes_worth_comes_at_once_and_then_one_by_one(self) -> None:
        now = [1_000.0]
        permits = LocalPermits(lambda: now[0])
        assert await granted(permits, FEW, "a") == 6
        assert await permits.take(FEW, "a") == pytest.approx(10, abs=1e-3)
        now[0] += 9.9
        assert await permits.take(FEW, "a") == pytest.approx(0.1, abs=1e-3)
        now[0] += 0.1
        assert await granted(permits, FEW, "a") == 1
        now[0] += 600
        assert await granted(permits, FEW, "a") == 6

    async def test_many_are_taken_all_or_none(self) -> None:
        permits = LocalPermits(lambda: 0.0)
        assert [await permits.take(FEW, "a", count) for count in (4, 3, 2)] == [
            0.0,
            pytest.approx(10, abs=1e-3),
            0.0,
        ]
        assert await permits.take(FEW, "b", 7) > 0
        assert await granted(permits, FEW, "b") == 6

    async def test_each_has_their_own_of_each_limit(self) -> None:
        permits = LocalPermits(lambda: 0.0)
        other = Rate(Limit.PRINCIPAL_MUTATIONS, 2)
        assert [await granted(permits, rate, who) for who in "ab" for rate in (FEW, other)] == [6, 2, 6, 2]

    async def test_who_has_taken_nothing_for_a_minute_is_forgotten(self) -> None:
        now = [0.0]
        permits = LocalPermits(lambda: now[0])
        for who in range(KEPT):
            await permits.take(FEW, who)
        now[0] = 60.0
        await permits.take(FEW, "a")
        assert repr(permits) == "<LocalPermits of 1>"

    async def test_connections(self) -> None:
        connections = LocalConnections()
        assert [await connections.enter(who, 2) for who in "aaab"] == [True, True, False, True]
        for who in "aab":
            connections.leave(who)
        assert await connections.enter("a", 2)
        assert repr(connections) == "<LocalConnections of 1>"


class TestTogether:
    async def test_many_who_come_at_once_share_few_connections(self, redis_server: RedisServer) -> None:
        async with connected(redis_server, 1) as [process]:
            permits = SharedPermits(process)
            waits = await asyncio.gather(*(permits.take(FEW, new_id()) for _ in range(500)))
            assert (set(waits), permits.is_apart) == ({0.0}, False)
            clients = await process._client.client_list()
            assert len(clients) <= CONNECTIONS + 1

    async def test_processes_grant_together_what_one_would(self, redis_server: RedisServer) -> None:
        who = new_id()
        async with connected(redis_server) as processes:
            one, other = (SharedPermits(each) for each in processes)
            assert (await granted(one, FEW, who, most=4), await granted(other, FEW, who)) == (4, 2)
            assert 0 < await one.take(FEW, who) <= 10

    async def test_many_are_taken_together_all_or_none(self, redis_server: RedisServer) -> None:
        who, rate = new_id(), Rate(Limit.PRINCIPAL_MUTATIONS, 1_200)
        async with connected(redis_server) as processes:
            one, other = (SharedPermits(each) for each in processes)
            # What a process holds is not enough for the second, so Redis gives all of it.
            assert [await one.take(rate, who, count) for count in (1, 700)] == [0.0, 0.0]
            # Two permits are free again in a tenth of a second.
            assert await other.take(rate, who, 700) == pytest.approx(10, abs=1)
            assert await other.take(rate, who, 490) == 0.0
            assert await other.take(rate, who, 1_201) > 0
            assert not other.is_apart

    async def test_what_a_process_holds_is_counted(self, redis_server: RedisServer) -> None:
        who, rate = new_id(), Rate(Limit.PRINCIPAL_REQUESTS, 1_800)
        async with connected(redis_server) as processes:
            one, other = (SharedPermits(each) for each in processes)
            begun = asyncio.get_running_loop().time()
            await one.take(rate, who)
            taken = await granted(other, rate, who, most=20_000)
            # A minute has thirty for each second that this takes besides.
            besides = 30 * (asyncio.get_running_loop().time() - begun)
            assert 1_797 <= taken <= 1_800 + besides

    async def test_connections_are_counted_together(self, redis_server: RedisServer) -> None:
        who = new_id()
        async with connected(redis_server) as processes:
            one, other = (SharedConnections(each, name) for each, name in zip(processes, "ab", strict=True))
            assert [await one.enter(who, 3), await other.enter(who, 3), await other.enter(who, 3)] == [
                True
            ] * 3
            assert [await each.enter(who, 3) for each in (one, other)] == [False, False]
            one.leave(who)

            async def is_free() -> bool:
                return await other.enter(who, 3)

            await eventually(is_free)
            await one.close()
            await other.close()

    async def test_what_a_killed_process_had_lapses(
        self, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        who = new_id()
        monkeypatch.setattr(shared_connections, "LEASE_SECONDS", 0.2)
        async with connected(redis_server) as processes:
            one, other = (SharedConnections(each, name) for each, name in zip(processes, "ab", strict=True))
            assert await one.enter(who, 1)
            await one.close()

            async def is_free() -> bool:
                return await other.enter(who, 1)

            await eventually(is_free)
            await other.close()

    async def test_it_ends_at_whatever_moment_it_is_told_to(
        self, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """redis-py takes a cancelling for its own while it connects, and goes on."""
        monkeypatch.setattr(shared_connections, "TOGETHER_SECONDS", 0.0)
        for turns in range(30):
            async with connected(redis_server, 1) as [process], asyncio.timeout(30):
                connections = SharedConnections(process, "a")
                assert await connections.enter(turns, 0) is False
                await process.close()
                for _ in range(turns):
                    await asyncio.sleep(0)
                await connections.close()

    async def test_without_redis_each_counts_alone_and_together_again_after(
        self, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        program = RedisServer.find()
        if program is None:
            pytest.skip("No Redis is installed.")
        server, who = RedisServer(program, tmp_path_factory.mktemp("redis")), new_id()
        await server.start()
        async with connected(server) as processes:
            permits = [SharedPermits(each) for each in processes]
            connections = SharedConnections(processes[0], "a")
            assert not await permits[0].take(FEW, who)
            server.freeze()
            assert await granted(permits[1], FEW, who, most=3) == 3
            server.thaw()
            await server.kill()
            assert [await granted(each, FEW, who) for each in permits] == [6, 3]
            assert [await connections.enter(who, 2) for _ in range(3)] == [True, True, False]
            assert [each.is_apart for each in permits] == [True, True]
            await server.start()

            async def is_together() -> bool:
                await permits[0].take(Rate(Limit.PRINCIPAL_MUTATIONS, 1), who)
                return not permits[0].is_apart

            await eventually(is_together)
            await connections.close()
        await server.stop()
