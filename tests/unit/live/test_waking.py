"""Members who are told in rounds: who is alone on a socket is served on the spot, and everybody has everything."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest
from structlog.testing import capture_logs

from core.clock import SettableClock
from core.tasks import Owner
from live.groups import Groups
from live.rounds import FRAMES_IN_TURN, ROUND_BYTES, WRITE_BYTES, Rounds
from live.waking import in_rounds
from live.writer import BATCH_BYTES, Operation, Writer
from tests.fakes.hub import COMMITTED, FakeHub
from tests.fakes.streams import CountingMeter, FakeSocket, FakeStream
from tests.integration.waiting import until


class House:
    """Sockets, on which subscriptions of one stream run."""

    def __init__(self) -> None:
        self.hub = FakeHub()
        self.meter = CountingMeter()
        self.rounds = Rounds(self.meter, SettableClock(COMMITTED))
        self.groups = Groups(self.hub, self.meter, waker=in_rounds(self.rounds))
        self.owner = Owner("test")
        self.wanted: list[int] = []
        self.padding = 0

    async def come(self, count: int, each: int = 1, topic: str = "a") -> list[FakeSocket]:
        """Sockets with so many subscriptions each, all of which have their snapshot; what was sent is forgotten."""
        sockets = [FakeSocket() for _ in range(count)]
        for socket in sockets:
            writer = Writer(socket, self.rounds, self.owner, 64)
            for number in range(each):
                self.subscribe(writer, str(number), topic)
        await until(lambda: all(len(socket.sent) == each for socket in sockets))
        for socket in sockets:
            socket.sent.clear()
            socket.batches.clear()
        return sockets

    def subscribe(self, writer: Writer, ident: str, topic: str) -> Operation:
        operation, stream = Operation(ident, writer), FakeStream(self.hub, topic)
        stream.padding = self.padding
        operation.follow(self.groups.join(stream, operation.notify))
        return operation

    def unsubscribe(self, operation: Operation) -> None:
        operation.stopped = True
        member = operation.leave()
        assert member is not None
        self.groups.leave(member)

    def publish(self, *topics: str) -> None:
        """Events; `wanted` has the positions of those that the sockets are told."""
        for topic in topics:
            position = self.hub.commit(topic)
            if topic == "a":
                self.wanted.append(position)
        self.hub.hear()

    async def close(self) -> None:
        await self.groups.close()
        await self.owner.close()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    yield made
    await made.close()


def positions(socket: FakeSocket) -> list[int]:
    """Of the events that it was told, in their order."""
    payloads: list[dict[str, dict[str, int]]] = [each["payload"] for each in socket.messages]  # type: ignore[misc]
    return [each["data"]["event"] for each in payloads]


async def test_everybody_has_every_event_once_and_in_order_and_is_counted(house: House) -> None:
    sockets = await house.come(50)
    before = house.meter.counts["frames"]
    for count in (1, 3, FRAMES_IN_TURN + 5):
        house.publish(*["a"] * count)
        await until(lambda: all(positions(each)[-1:] == [house.hub.head] for each in sockets))
    begin = house.hub.head - 4 - FRAMES_IN_TURN - 5
    assert [positions(each) for each in sockets] == [list(range(begin + 1, house.hub.head + 1))] * 50
    assert house.meter.counts["frames"] - before == 50 * (9 + FRAMES_IN_TURN)


async def test_what_several_subscriptions_of_a_socket_have_is_one_write(house: House) -> None:
    (socket,) = await house.come(1, each=5)
    house.publish("a")
    await until(lambda: len(socket.sent) == 5)
    assert socket.batches == [5]


async def test_what_many_subscriptions_of_many_sockets_have_is_one_write_each(house: House) -> None:
    sockets = await house.come(20, each=7)
    for _ in range(3):
        house.publish("a")
    await until(lambda: all(len(each.sent) == 21 for each in sockets))
    assert [each.batches for each in sockets] == [[21]] * 20
    house.publish("a")
    await until(lambda: all(len(each.sent) == 28 for each in sockets))
    assert [each.batches for each in sockets] == [[21, 7]] * 20
    assert all(set(map(tuple, by_id(each).values())) == {tuple(house.wanted)} for each in sockets)


async def test_a_write_of_many_subscriptions_is_bounded(house: House) -> None:
    """What does not fit is written when it is the socket's turn again."""
    house.padding = BATCH_BYTES // 20
    sockets = await house.come(2, each=40)
    house.publish("a")
    await until(lambda: all(len(each.sent) == 40 for each in sockets))
    assert all(max(each.batches) <= 21 for each in sockets)


async def test_a_reply_and_what_is_due_are_one_write(house: House) -> None:
    sockets = await house.come(5, each=2)
    writer = sockets[3].writer
    assert writer is not None
    house.publish("a")
    # Before the group tells anybody.
    await writer.say(b'{"type":"pong"}')
    await until(lambda: all(len(each.sent) >= 2 for each in sockets) and len(sockets[3].sent) == 3)
    assert sorted(len(each.batches) for each in sockets)[-2:] == [1, 2]


async def test_who_has_left_is_told_no_more_and_the_others_are(house: House) -> None:
    sockets = await house.come(8)
    writer = sockets[2].writer
    assert writer is not None
    second = house.subscribe(writer, "second", "a")
    await until(lambda: len(sockets[2].sent) == 1)
    house.publish("a")
    house.unsubscribe(second)
    house.publish("a")
    await until(lambda: all(len(positions(each)) == 2 for each in sockets if each is not sockets[2]))
    assert [message["id"] for message in sockets[2].messages] == ["second", "0", "0"]
    assert sockets[2].batches == [1, 2]


@pytest.mark.parametrize("padding", [0, 100_000])
async def test_telling_many_stops_when_enough_is_written_and_goes_on(house: House, padding: int) -> None:
    house.padding = padding
    most = ROUND_BYTES // (WRITE_BYTES + padding)
    sockets = await house.come(most + 10)
    house.publish("a")
    told: list[int] = []

    def look() -> None:
        told.append(sum(len(each.sent) for each in sockets))
        if told[-1] < len(sockets):
            asyncio.get_running_loop().call_soon(look)

    look()
    await until(lambda: told[-1] == len(sockets))
    assert any(0 < number < most + 10 for number in told)
    assert [len(each.sent) for each in sockets] == [1] * len(sockets)


async def test_who_is_told_while_others_still_wait_is_told_once_more(house: House) -> None:
    sockets = await house.come(3 * ROUND_BYTES // WRITE_BYTES)
    house.publish("a")
    while not any(each.sent for each in sockets):  # noqa: ASYNC110  To see it in the middle.
        await asyncio.sleep(0)
    assert not all(each.sent for each in sockets)
    house.publish("a")
    await until(lambda: all(len(each.sent) == 2 for each in sockets))
    assert {tuple(positions(each)) for each in sockets} == {tuple(house.wanted)}


async def test_who_leaves_while_others_are_told_is_told_no_more(house: House) -> None:
    sockets = [FakeSocket() for _ in range(3 * ROUND_BYTES // WRITE_BYTES)]
    operations = [house.subscribe(Writer(each, house.rounds, house.owner, 64), "0", "a") for each in sockets]
    await until(lambda: all(len(each.sent) == 1 for each in sockets))
    house.publish("a")
    while not any(len(each.sent) == 2 for each in sockets):  # noqa: ASYNC110  To see it in the middle.
        await asyncio.sleep(0)
    leaving = [
        (socket, each) for socket, each in zip(sockets, operations, strict=True) if len(socket.sent) == 1
    ]
    for _, operation in leaving:
        house.unsubscribe(operation)
    house.publish("a")
    staying = [socket for socket in sockets if len(socket.sent) == 2]
    await until(lambda: all(len(each.sent) == 3 for each in staying))
    assert leaving
    assert [len(socket.sent) for socket, _ in leaving] == [1] * len(leaving)


async def test_a_socket_that_is_gone_is_no_concern_of_the_others(house: House) -> None:
    sockets = await house.come(10)
    sockets[4].closed = (1006, "gone")
    house.publish("a")
    await until(lambda: sum(len(each.sent) for each in sockets) == 9)
    assert sockets[4].sent == []


async def test_a_defect_of_one_socket_closes_it_and_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sockets = await house.come(10)
    house.publish("a")
    await until(lambda: all(each.sent for each in sockets))

    def broken(_data: bytes) -> None:
        raise ValueError("a defect")

    monkeypatch.setattr(sockets[4], "write", broken)
    with capture_logs() as logs:
        house.publish("a")
        await until(lambda: sum(len(each.sent) for each in sockets) == 19 and sockets[4].closed is not None)
    assert [each["event"] for each in logs] == ["sender_failed"]


async def test_who_is_full_has_it_when_there_is_room(house: House) -> None:
    sockets = await house.come(10)
    sockets[4].block()
    for _ in range(3):
        house.publish("a")
        await until(
            lambda: all(positions(each)[-1:] == [house.hub.head] for each in sockets if each.flowing.is_set())
        )
    assert sockets[4].sent == []
    sockets[4].flowing.set()
    await until(lambda: len(sockets[4].sent) == 3)
    assert positions(sockets[4]) == positions(sockets[0])


@pytest.mark.parametrize("seed", range(30))
async def test_whatever_happens_in_between_each_has_every_event_once_and_in_order(
    house: House, seed: int
) -> None:
    """Sockets stop and go on, some have several subscriptions, and some come when others are being told."""
    chance = Random(seed)
    begun = dict.fromkeys([*await house.come(15), *await house.come(5, each=3)], 0)
    await let_things_happen(house, chance, begun)
    for socket in begun:
        socket.flowing.set()
    house.publish("a")
    await until(lambda: all(told(socket, house.wanted[-1]) for socket in begun))
    for socket, place in begun.items():
        assert set(map(tuple, by_id(socket).values())) == {tuple(house.wanted[place:])}


async def let_things_happen(house: House, chance: Random, begun: dict[FakeSocket, int]) -> None:
    """`begun` says after how many of the events that are told a socket has come."""
    for _ in range(60):
        happens = chance.random()
        if happens < 0.6:
            house.publish(*["a"] * chance.choice([1, 1, 1, 2, 20]), *["b"] * chance.choice([0, 1]))
        elif happens < 0.8:
            turn(chance.choice(list(begun)))
        elif happens < 0.85:
            begun |= {socket: len(house.wanted) for socket in await house.come(2)}
        for _ in range(chance.choice([0, 0, 1, 5])):
            await asyncio.sleep(0)


def turn(socket: FakeSocket) -> None:
    """Let it be full, or have room again."""
    if socket.flowing.is_set():
        socket.block()
    else:
        socket.flowing.set()


def by_id(socket: FakeSocket) -> dict[object, list[int]]:
    """What each of its subscriptions was told."""
    found: dict[object, list[int]] = {}
    for message, position in zip(socket.messages, positions(socket), strict=True):
        found.setdefault(message["id"], []).append(position)
    return found


def told(socket: FakeSocket, last: int) -> bool:
    """Whether all of its subscriptions were told of this event."""
    found = by_id(socket)
    return bool(found) and all(each[-1] == last for each in found.values())
