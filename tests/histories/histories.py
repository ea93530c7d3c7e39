"""A history is a list of steps; it is played, comes to rest, and is held against the model."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from random import Random
from typing import NamedTuple

from events.cursor import Cursor
from tests.histories import virtual
from tests.histories.model import Broken, Reader
from tests.histories.network import LATE, LOST, TWICE
from tests.histories.readers import Subscriber
from tests.histories.source import LAST, MemoryLog
from tests.histories.world import MARKS, TOPICS, WANTED, Shape, World, opened

ENDS = (
    "committed",
    "rolled back",
    "committed in doubt",
    "rolled back in doubt",
    "killed after",
    "killed before",
)
COMMON = ("commit", "commit", "commit", "turn", "turn", "join", "read")
RARE = (
    *(
        "begin",
        "finish",
        "lose",
        "repeat",
        "delay",
        "release",
        "line",
        "doubt",
        "prune",
        "outage",
        "heal",
        "leave",
    ),
    *("resume", "appetite", "wait", "end", "begin", "finish", "prune", "resume", "wait"),
    *("replace", "restore"),
)


class Step(NamedTuple):
    """What happens, with two numbers that say to whom and how."""

    kind: str
    a: int
    b: int


class History(NamedTuple):
    """How large things are, and what happens."""

    shape: Shape
    steps: Sequence[Step]


def drawn(chance: Random) -> History:
    """A history by chance, the same for the same chance."""
    shape = Shape(
        frames=chance.randint(1, 4),
        page=chance.randint(1, 4),
        window=chance.randint(1, 4),
        hub_page=chance.randint(1, 4),
        replays=chance.randint(1, 3),
        shelf_bytes=chance.choice((500, 2000, 100_000)),
        pauses=tuple(chance.randint(0, 4) for _ in range(chance.randint(1, 4))),
    )
    kinds = chance.choices(COMMON * 3 + RARE, k=chance.randint(10, 60))
    return History(shape, [Step(kind, chance.randint(0, 7), chance.randint(0, 7)) for kind in kinds])


def histories(seed: int, count: int) -> Iterator[History]:
    """So many of them."""
    return (drawn(Random(f"{seed}/{number}")) for number in range(count))


class Tally(Counter[str]):
    """What was in the histories, so that nobody is proud of ones in which nothing happened."""


def play(history: History, tally: Tally, log_type: type[MemoryLog] = MemoryLog) -> None:
    """Play a history to its end, and check every connection.

    Raises:
        Broken: a promise was not kept.
    """
    try:
        virtual.run(_play(history, tally, log_type))
    except virtual.Stuck as error:
        raise Broken(f"Stuck: {error}") from error


async def _play(history: History, tally: Tally, log_type: type[MemoryLog]) -> None:
    async with opened(history.shape, log_type) as world:
        for step in history.steps:
            tally[step.kind] += 1
            await perform(world, step)
            await world.turns(1)
        await world.rest()
        judge(world, tally)


def judge(world: World, tally: Tally) -> None:
    """Hold what everybody received against the model.

    Raises:
        Broken: it is not what was promised.
        BaseException: something of the world itself failed, and nothing is known of the promise.
    """
    for failure in world.failures:
        raise failure
    for subscriber in world.subscribers:
        for connection in subscriber.connections:
            Reader(world.log.eras, subscriber.wanted, connection).check()
            tally["connections"] += 1
            tally["frames"] += len(connection.frames)
            tally["skipped"] += sum(got.skipped for got in connection.frames)
            for got in connection.frames:
                if got.kind != "event":
                    tally[got.reason or "SNAPSHOT"] += 1


async def perform(world: World, step: Step) -> None:
    """Do one thing."""
    kind, a, b = step
    if kind in WAITED_FOR:
        await WAITED_FOR[kind](world, a, b)
    elif kind in AT_ONCE:
        AT_ONCE[kind](world, a, b)
    elif world.subscribers:
        OF_ONE[kind](world, world.subscribers[a % len(world.subscribers)], b)


async def _wait(_world: World, a: int, _b: int) -> None:
    await asyncio.sleep((0.01, 0.3, 1.0, 5.0)[a % 4])


def _fates(fate: str) -> Callable[[World, int, int], None]:
    return lambda world, a, _: world.network.fates.extend([fate] * (1 + a % 3))


def _down(*, down: bool) -> Callable[[World, int, int], None]:
    return lambda world, *_: setattr(world.log, "is_down", down)


def _events(a: int, b: int) -> list[tuple[str, str]]:
    return [(TOPICS[(a + b + i) % len(TOPICS)], MARKS[(b + i) % len(MARKS)]) for i in range(1 + b % 3)]


def _join(world: World, a: int, b: int) -> None:
    subscriber = world.newcomer(WANTED[a % len(WANTED)], eager=b % 3 > 0)
    if subscriber is not None:
        world.start_subscribing(subscriber, BEGINNINGS[(a + b) % len(BEGINNINGS)](world, b))


def _read_slowly(world: World, _subscriber: Subscriber, b: int) -> None:
    for each in world.subscribers:
        if not each.is_eager:
            each.read(limit=1 + b % 3)


def _appetite(world: World, subscriber: Subscriber, _b: int) -> None:
    subscriber.is_eager = not subscriber.is_eager
    if subscriber.is_eager:
        world.hurry(subscriber)


def _resume(world: World, subscriber: Subscriber, b: int) -> None:
    subscriber.disconnect(unhandled=b % 3)
    world.start_subscribing(subscriber, world.place_of(subscriber))


WAITED_FOR: Mapping[str, Callable[[World, int, int], Awaitable[None]]] = {
    "commit": lambda world, a, b: world.commit(a % 2, _events(a, b)),
    "begin": lambda world, a, b: world.begin(a % 2, _events(a, b)),
    "end": lambda world, a, _: world.commit(a % 2, [("a", LAST)]),
    "turn": lambda world, a, _: world.turns(a),
    "wait": _wait,
}
AT_ONCE: Mapping[str, Callable[[World, int, int], None]] = {
    "finish": lambda world, a, _: world.finish(ENDS[a % len(ENDS)]),
    "lose": _fates(LOST),
    "repeat": _fates(TWICE),
    "delay": _fates(LATE),
    "release": lambda world, *_: world.network.release(),
    "line": lambda world, a, b: world.network.lines[a % 2].switch(up=b % 2 == 0),
    "doubt": lambda world, *_: world.hub.rung(None),
    "prune": lambda world, a, _: world.log.prune(world.log.era.head - a),
    "replace": lambda world, a, _: world.take_place(rows=a, lost=0),
    "restore": lambda world, a, _: world.take_place(rows=None, lost=a),
    "outage": _down(down=True),
    "heal": _down(down=False),
    "join": _join,
}
OF_ONE: Mapping[str, Callable[[World, Subscriber, int], None]] = {
    "read": _read_slowly,
    "leave": lambda _, subscriber, b: subscriber.disconnect(unhandled=b % 4),
    "resume": _resume,
    "appetite": _appetite,
}


def _new(_world: World, _b: int) -> Cursor | None:
    return None


def _recent(world: World, b: int) -> Cursor:
    return world.place(max(0, world.log.era.head - b % 2))


def _old(world: World, b: int) -> Cursor:
    return world.place(max(0, world.log.era.head - b - 2))


def _first(world: World, _b: int) -> Cursor:
    return world.place(0)


def _foreign(world: World, _b: int) -> Cursor:
    head = world.log.era.head
    return Cursor(f"{0xF0:012x}", head, world.place(head).tag)


def _beyond(world: World, b: int) -> Cursor:
    return Cursor(world.log.era.incarnation, world.log.era.head + 1 + b, NOBODYS_TAG)


def _of_another_past(world: World, _b: int) -> Cursor:
    era = world.log.era
    return Cursor(era.incarnation, era.head, NOBODYS_TAG if era.head else 0)


NOBODYS_TAG = 7_000_000
BEGINNINGS: Sequence[Callable[[World, int], Cursor | None]] = (
    _new, _new, _recent, _old, _first, _foreign, _beyond, _of_another_past,
)  # fmt: skip
