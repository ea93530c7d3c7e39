"""The doorbell between two processes' bells, and what happens when a writer dies before it rings."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from redis import asyncio as redis

from db.unit_of_work import Outcome
from events import doorbell as module
from events.channel import NAME
from events.doorbell import DOUBT, Doorbell, Ring
from tests.integration.waiting import until
from tests.servers.redis import RedisServer


class Pair:
    """A writer's bell and a listener's, with what each heard since both were connected."""

    def __init__(self, writer: Doorbell, listener: Doorbell) -> None:
        self.writer, self.listener = writer, listener
        self.at_writer: list[Ring] = []
        self.at_listener: list[Ring] = []
        writer.listen(self.at_writer.append)
        listener.listen(self.at_listener.append)


@pytest.fixture
async def pair(redis_server: RedisServer) -> AsyncIterator[Pair]:
    writer, listener = Doorbell(redis_server.url, "writer"), Doorbell(redis_server.url, "listener")
    await writer.start()
    await listener.start()
    yield Pair(writer, listener)
    await writer.close()
    await listener.close()


async def test_a_commit_rings_in_both_processes(pair: Pair) -> None:
    number = await pair.writer.announce()
    pair.writer.settle(number, Outcome.COMMITTED, 7, work=True)
    assert pair.at_writer == [Ring(position=7, work=True)]
    await until(lambda: pair.at_listener == [Ring(position=7, work=True)])
    assert "0 announcements" in repr(pair.listener)


async def test_a_rollback_rings_nowhere_and_leaves_nothing_standing(pair: Pair) -> None:
    number = await pair.writer.announce()
    await until(lambda: "1 announcements" in repr(pair.listener))
    pair.writer.settle(number, Outcome.ROLLED_BACK, 0, work=False)
    await until(lambda: "0 announcements" in repr(pair.listener))
    assert pair.at_writer == pair.at_listener == []


async def test_a_commit_in_doubt_is_a_doubt_everywhere(pair: Pair) -> None:
    number = await pair.writer.announce()
    pair.writer.settle(number, Outcome.IN_DOUBT, 0, work=False)
    assert pair.at_writer == [DOUBT]
    await until(lambda: pair.at_listener == [DOUBT])


async def test_a_commit_in_doubt_is_looked_for_until_it_must_be_over(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server may still be committing when the writer was cut short, so everybody looks more than once."""
    monkeypatch.setattr(module, "LOOK_AFTER_SECONDS", (0.2, 0.3))
    number = await pair.writer.announce()
    pair.writer.settle(number, Outcome.IN_DOUBT, 0, work=False)
    await until(lambda: pair.at_writer == [DOUBT] * 3)
    # Its own looks, and those of the writer, who cannot know what the others have heard.
    await until(lambda: pair.at_listener == [DOUBT] * 5)
    await until(lambda: "0 announcements" in repr(pair.writer) and "0 announcements" in repr(pair.listener))


async def test_a_ring_that_the_channel_did_not_take_is_rung_when_it_does(
    redis_server: RedisServer, pair: Pair
) -> None:
    """Only the writer's line is cut: the listener is in no doubt at all, and must hear of the commit all the same."""
    async with redis.Redis.from_url(redis_server.url) as client:
        await cut_oldest(client)
        await until(lambda: not pair.writer.channel.connected)
        number = await pair.writer.announce()
        pair.writer.settle(number, Outcome.COMMITTED, 7, work=True)
        assert pair.at_listener == []
        # With it comes that there may be more, which could not be announced.
        await until(lambda: pair.at_listener == [DOUBT])


async def test_a_writer_that_announced_while_the_listener_was_away_is_looked_after(
    redis_server: RedisServer, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may commit after the listener is back, and die before it rings: one look on coming back is not enough."""
    monkeypatch.setattr(module, "LOOK_AFTER_SECONDS", (0.5, 0.6, 0.7))
    async with redis.Redis.from_url(redis_server.url) as client:
        lines = [each for each in await client.client_list() if each["cmd"] == "subscribe"]
        await client.client_kill_filter(_id=max(lines, key=lambda each: int(each["id"]))["id"])
        await until(lambda: not pair.listener.channel.connected)
        await until(lambda: pair.listener.channel.connected)
    looked = len(pair.at_listener)
    await until(lambda: len(pair.at_listener) == looked + 3)
    await until(lambda: "0 announcements" in repr(pair.listener))
    # It could announce nothing either, so the others look once; for them it is not the first look of many.
    assert set(pair.at_writer) == {DOUBT}


async def test_a_commit_that_nobody_could_be_told_of_is_looked_for_in_the_end(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its writer alone was cut off and died: the others have heard nothing, have lost nothing, and are in no doubt."""
    monkeypatch.setattr(module, "SLOW_LOOK_SECONDS", 0.1)
    alone, listener = Doorbell("memory://", "alone"), Doorbell(redis_server.url, "listener")
    told: list[Ring] = []
    await alone.start()
    await listener.start()
    began = alone.doubts
    listener.listen(told.append)
    await until(lambda: len(told) >= 3)
    assert set(told) == {DOUBT}
    # Where a dead writer and a dead listener are the same there is nothing to look for.
    assert alone.doubts == began
    await listener.close()
    await alone.close()


async def cut_oldest(client: "redis.Redis") -> None:
    """End the connection that has listened longest."""
    lines = [each for each in await client.client_list() if each["cmd"] == "subscribe"]
    oldest = min(lines, key=lambda each: int(each["id"]))
    await client.client_kill_filter(_id=oldest["id"])


async def test_an_announcement_without_a_ring_makes_the_listener_look_again_and_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer killed between commit and ring is noticed, and in the end forgotten."""
    monkeypatch.setattr(module, "LOOK_AFTER_SECONDS", (0.02, 0.04, 0.08))
    await pair.writer.announce()
    await until(lambda: len(pair.at_listener) == 3)
    assert pair.at_listener == [DOUBT] * 3
    await until(lambda: "0 announcements" in repr(pair.listener))
    assert pair.at_writer == []


async def test_many_commits_are_few_messages_and_settle_every_announcement(pair: Pair) -> None:
    numbers = [await pair.writer.announce() for _ in range(50)]
    await until(lambda: "50 announcements" in repr(pair.listener))
    for position, number in enumerate(numbers, start=1):
        pair.writer.settle(number, Outcome.COMMITTED, position, work=False)
    await until(lambda: pair.at_listener[-1:] == [Ring(position=50, work=False)])
    assert len(pair.at_listener) <= 2
    assert "0 announcements" in repr(pair.listener)


async def test_a_strange_message_is_a_doubt(pair: Pair) -> None:
    await pair.writer.channel.publish("what is this?")
    await until(lambda: pair.at_listener == [DOUBT])


async def test_too_many_announcements_are_looked_after_together(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is beyond the limit costs a look a second in all, and none of the others is forgotten for it."""
    monkeypatch.setattr(module, "STANDING_LIMIT", 3)
    monkeypatch.setattr(module, "LOOK_AFTER_SECONDS", (0.2, 0.4))
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*(pair.writer.announce() for _ in range(500)))
    took = loop.time() - began
    # Two looks for each of the first three, and for the rest of each second.
    await until(lambda: len(pair.at_listener) >= 8)
    await until(lambda: "0 announcements" in repr(pair.listener))
    # When they come slowly, others are the first three as soon as these are forgotten.
    assert len(pair.at_listener) < 20 + 10 * (took // 0.2)


async def test_what_is_repeated_or_reordered_leaves_nothing_behind(
    pair: Pair, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An announcement that is heard twice stands once, and a settlement may come before it and again after it."""
    monkeypatch.setattr(module, "LOOK_AFTER_SECONDS", (0.2, 0.3))
    twice = '{"type":"a","sender":"other","number":1}'
    settled = '{"type":"s","sender":"other","numbers":[1],"position":4}'
    async with redis.Redis.from_url(redis_server.url) as client:
        # All at once, for what stands between two of them for long is looked after.
        async with client.pipeline() as messages:
            for message in (twice, twice, settled, settled):
                messages.publish(NAME, message)
            await messages.execute()
        await until(lambda: pair.at_listener == [Ring(position=4, work=False)] * 2)
        assert "0 announcements" in repr(pair.listener)
        assert pair.listener.doubts == 1
        # The other way round: it stands, is looked after, and is forgotten.
        await client.publish(NAME, settled)
        await client.publish(NAME, twice)
        await until(lambda: pair.listener.doubts == 3)
        await until(lambda: "0 announcements" in repr(pair.listener))


async def test_strangers_on_the_channel_cause_a_look_now_and_then(
    pair: Pair, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STRANGERS_PAUSE_SECONDS", 0.3)
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with redis.Redis.from_url(redis_server.url) as client:
        for number in range(1000):
            await client.publish(NAME, f"a stranger's {number}")
            if number == 0:
                await until(lambda: pair.at_listener == [DOUBT])
        flood = len(pair.at_listener)
        # The last of them is not forgotten either.
        await until(lambda: len(pair.at_listener) > flood)
    assert len(pair.at_listener) <= 1 + (loop.time() - began) / 0.3


async def test_memory_announces_nothing_and_rings_at_once() -> None:
    async with AsyncExitStack() as stack:
        bell = Doorbell("memory://", "only")
        heard: list[Ring] = []
        await bell.start()
        stack.push_async_callback(bell.close)
        bell.listen(heard.append)
        bell.settle(await bell.announce(), Outcome.COMMITTED, 3, work=False)
        assert heard == [Ring(position=3, work=False)]
        await asyncio.sleep(0)
        assert bell.channel.connected
