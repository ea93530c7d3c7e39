"""The channel on each of its transports, before, during and after the death of its server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
import pytest
from redis import asyncio as redis
from redis.asyncio.client import PubSub

from core.errors import Misconfigured
from events import channel as channel_module
from events import channel_line, channel_postgres, channel_redis
from events.channel import PUBLISH_SECONDS, Channel
from tests.integration.waiting import until
from tests.servers.postgres import PostgresServer
from tests.servers.process import free_port
from tests.servers.redis import RedisServer

Server = PostgresServer | RedisServer
NOTICED_SECONDS = 5
LATE_SECONDS = 3
"""A machine that is busy with other tests is late, and that is no fault of ours."""


class Ear:
    """What a channel told its listener."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.doubts = 0

    def doubted(self) -> None:
        self.doubts += 1


@asynccontextmanager
async def opened(url: str, ear: Ear) -> AsyncIterator[Channel]:
    channel = Channel(url, heard=ear.messages.append, doubted=ear.doubted)
    await channel.start()
    try:
        yield channel
    finally:
        await channel.close()


@pytest.fixture(params=["redis_server", "postgres_server"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


async def test_memory_delivers_in_order_within_the_process() -> None:
    ear = Ear()
    async with opened("memory://", ear) as channel:
        assert channel.is_local
        for number in range(1000):
            assert await channel.publish(str(number))
        await until(lambda: len(ear.messages) == 1000)
    assert ear.messages == [str(number) for number in range(1000)]


async def test_every_process_hears_every_message_in_order(server: Server) -> None:
    """Two subscribers that came at the same time both hear: broadcaster alone loses one of them."""
    first, second = Ear(), Ear()
    async with opened(server.url, first) as channel, opened(server.url, second):
        assert not channel.is_local
        # What waits behind too many others for longer than a second is lost with the line.
        for some in range(0, 500, 20):
            taken = await asyncio.gather(*(channel.publish(str(number)) for number in range(some, some + 20)))
            assert all(taken)
        await until(lambda: len(first.messages) == len(second.messages) == 500)
    assert first.messages == second.messages
    assert sorted(first.messages, key=int) == [str(number) for number in range(500)]


async def test_a_killed_server_is_noticed_and_found_again(server: Server) -> None:
    """SIGKILL: readiness falls, publishing says so, and after the restart messages flow by themselves."""
    ear = Ear()
    async with opened(server.url, ear) as channel:
        await until(lambda: ear.doubts == 1)
        await server.kill()
        try:
            await until(lambda: not channel.connected, seconds=NOTICED_SECONDS + LATE_SECONDS)
            assert not await channel.publish("lost")
            # One doubt for the loss and one for each attempt: the log is read although nobody can ring.
            await until(lambda: ear.doubts >= 4)
        finally:
            await server.start()
        await until(lambda: channel.connected)
        assert await channel.publish("found")
        await until(lambda: "found" in ear.messages)
    assert ear.messages == ["found"]


async def test_a_server_that_hangs_is_noticed_though_nobody_speaks(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGSTOP: its kernel goes on taking connections and bytes, so only an answer tells that it is alive."""
    assert 2 * channel_line.SILENCE_SECONDS < NOTICED_SECONDS
    for module in (channel_postgres, channel_redis):
        monkeypatch.setattr(module, "SILENCE_SECONDS", 0.4)
    monkeypatch.setattr(channel_module, "LONGEST_PAUSE_SECONDS", 0.2)
    ear = Ear()
    async with opened(server.url, ear) as channel:
        server.freeze()
        try:
            await until(lambda: not channel.connected)
            doubts = ear.doubts
            # Each attempt to connect hangs as well; the log is read all the same.
            await until(lambda: ear.doubts >= doubts + 3)
            assert not channel.connected
        finally:
            server.thaw()
        await until(lambda: channel.connected)
        assert await channel.publish("found")
        await until(lambda: "found" in ear.messages)


async def test_a_library_that_cancels_by_itself_does_not_end_the_supervisor(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """broadcaster's clean-up hands on how its listener has ended, which may be that something has cancelled it."""
    disconnect, ends = channel_redis.RedisLine.disconnect, iter([True])

    async def cancelled(line: channel_redis.RedisLine) -> None:
        await disconnect(line)
        if next(ends, False):
            raise asyncio.CancelledError

    monkeypatch.setattr(channel_redis.RedisLine, "disconnect", cancelled)
    ear = Ear()
    async with opened(redis_server.url, ear) as channel:
        await redis_server.kill()
        try:
            await until(lambda: not channel.connected, seconds=NOTICED_SECONDS + LATE_SECONDS)
        finally:
            await redis_server.start()
        await until(lambda: channel.connected, seconds=NOTICED_SECONDS + LATE_SECONDS)
        assert next(ends, None) is None


async def test_a_library_that_cancels_by_itself_does_not_cancel_who_publishes(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancelled(*_message: object) -> None:
        raise asyncio.CancelledError

    async with opened(redis_server.url, Ear()) as channel:
        with monkeypatch.context() as patch:
            patch.setattr(channel_redis.RedisLine, "publish", cancelled)
            assert not await channel.publish("lost")
        await until(lambda: channel.connected, seconds=NOTICED_SECONDS + LATE_SECONDS)
        assert await channel.publish("found")


async def test_words_that_are_no_text_are_heard_as_something_strange(redis_server: RedisServer) -> None:
    """An error out of what broadcaster reads from would end its listener, and the channel were deaf and not lost."""
    ear = Ear()
    async with opened(redis_server.url, ear) as channel, redis.Redis.from_url(redis_server.url) as client:
        await client.publish(channel_module.NAME, b"\xff\xfe")
        assert await channel.publish("after")
        await until(lambda: len(ear.messages) == 2)
    assert ear.messages == ["\N{REPLACEMENT CHARACTER}" * 2, "after"]


async def test_words_that_are_no_text_cost_a_line_of_postgres_and_it_is_made_anew(
    postgres_server: PostgresServer,
) -> None:
    """A database without an encoding lets any bytes through, on which asyncpg fails inside."""
    server = await asyncpg.connect(postgres_server.url)
    await server.execute(
        "CREATE DATABASE plain ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0 STRATEGY file_copy"
    )
    ear = Ear()
    url = postgres_server.url.replace("/postgres", "/plain")
    async with opened(url, ear) as channel:
        await until(lambda: ear.doubts == 1)
        stranger = await asyncpg.connect(url)
        try:
            await stranger.execute(f"NOTIFY {channel_module.NAME}, E'\\xff\\xfe'")
        finally:
            await stranger.close()
        await until(lambda: ear.doubts >= 2, seconds=NOTICED_SECONDS + LATE_SECONDS)
        await until(lambda: channel.connected, seconds=NOTICED_SECONDS + LATE_SECONDS)
        assert await channel.publish("after")
        await until(lambda: "after" in ear.messages)
    await server.execute("DROP DATABASE plain WITH (FORCE)")
    await server.close()


async def test_whatever_a_line_fails_with_is_a_loss(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries fail inside with errors of no kind that could be listed, and broadcaster tells nobody of any."""
    monkeypatch.setattr(channel_postgres, "SILENCE_SECONDS", 0.1)

    async def fail(*_question: object, **_more: object) -> None:
        raise asyncpg.InternalClientError("got result for unknown protocol state")

    ear = Ear()
    async with opened(server.url, ear) as channel:
        with monkeypatch.context() as patch:
            patch.setattr(asyncpg.Connection, "prepare", fail)
            patch.setattr(PubSub, "get_message", fail)
            # What waits already for a message of Redis waits no longer.
            await channel.publish("a word")
            await until(lambda: not channel.connected, seconds=NOTICED_SECONDS + LATE_SECONDS)
        await until(lambda: channel.connected, seconds=NOTICED_SECONDS + LATE_SECONDS)
        assert await channel.publish("after")
        await until(lambda: "after" in ear.messages)


async def test_a_server_that_hangs_holds_up_only_those_who_find_it_out(server: Server) -> None:
    ear = Ear()
    loop = asyncio.get_running_loop()
    async with opened(server.url, ear) as channel:
        server.freeze()
        try:
            began = loop.time()
            assert not any(await asyncio.gather(*(channel.publish("never") for _ in range(8))))
            found_out = loop.time() - began
            assert not channel.connected
            assert not any([await channel.publish("never") for _ in range(100)])
            # One after the other they would take so many times as long.
            assert found_out < 5 * PUBLISH_SECONDS
            assert loop.time() - began < found_out + 20 * PUBLISH_SECONDS
        finally:
            server.thaw()
        await until(lambda: channel.connected)


@pytest.mark.parametrize("scheme", ["redis", "postgres"])
async def test_a_channel_that_is_not_there_at_start_is_one_clear_error(scheme: str) -> None:
    channel = Channel(f"{scheme}://127.0.0.1:{free_port()}/0", heard=lambda _: None, doubted=lambda: None)
    with pytest.raises(Misconfigured, match="HELIOGRAPH_CHANNEL_URL: the channel does not answer"):
        await channel.start()
    assert "\n" not in str(channel.last_error)


async def test_closing_in_the_middle_of_reconnecting_leaves_no_task(server: Server) -> None:
    ear = Ear()
    before = asyncio.all_tasks()
    async with opened(server.url, ear) as channel:
        await server.kill()
        try:
            await until(lambda: not channel.connected, seconds=NOTICED_SECONDS + LATE_SECONDS)
        finally:
            await server.start()
    await until(lambda: asyncio.all_tasks() == before)


async def test_closing_ends_what_a_driver_keeps_from_being_cancelled(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As redis-py does now and then while it connects."""
    begun, subscribe = asyncio.Event(), channel_redis.RedisLine.subscribe

    async def deaf(self: channel_redis.RedisLine, name: str) -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await subscribe(self, name)

    monkeypatch.setattr(channel_redis.RedisLine, "subscribe", deaf)
    before = asyncio.all_tasks()
    channel = Channel(redis_server.url, heard=lambda _: None, doubted=lambda: None)
    starting = asyncio.get_running_loop().create_task(channel.start())
    await begun.wait()
    async with asyncio.timeout(20):
        await channel.close()
    starting.cancel()
    await asyncio.wait({starting})
    await until(lambda: asyncio.all_tasks() == before)


async def test_a_start_that_is_cancelled_leaves_no_task(redis_server: RedisServer) -> None:
    """The server takes the connection and says nothing, and whoever starts does not want to wait for it."""
    before = asyncio.all_tasks()
    channel = Channel(redis_server.url, heard=lambda _: None, doubted=lambda: None)
    redis_server.freeze()
    try:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await channel.start()
        assert asyncio.all_tasks() == before
    finally:
        redis_server.thaw()
