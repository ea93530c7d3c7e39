"""Who is served in a round, in which order, and how far one round goes."""

import asyncio
from collections.abc import Callable

from structlog.testing import capture_logs

from core.clock import SettableClock
from live.messages import next_message, next_prefix
from live.rounds import ROUND_BYTES, WRITE_BYTES, Round, Rounds
from live.text_frame import framed
from live.window import Due
from tests.fakes.hub import COMMITTED
from tests.fakes.streams import CountingMeter, frame


class Speaker:
    """Has so many bytes to send whenever it is served; `served` tells who was when, for all of them together."""

    def __init__(self, name: str, served: list[str], size: int = 1) -> None:
        self.name = name
        self.failure: Exception | None = None
        self.failed = 0
        self.on_serve: Callable[[], None] = lambda: None
        self._served = served
        self._size = size

    def __repr__(self) -> str:
        return f"<Speaker {self.name}>"

    def serve(self, this: Round) -> int:
        if self.failure is not None:
            raise self.failure
        self._served.append(self.name)
        self.on_serve()
        return self._size

    def fail(self) -> None:
        self.failed += 1


def rounds_of(meter: CountingMeter | None = None) -> Rounds:
    return Rounds(meter or CountingMeter(), SettableClock(COMMITTED))


async def turn() -> None:
    """Let one turn of the loop pass."""
    await asyncio.sleep(0)


async def test_all_who_came_are_served_in_one_turn_in_their_order() -> None:
    served: list[str] = []
    rounds = rounds_of()
    for name in "abc":
        rounds.add(Speaker(name, served))
    assert served == []
    await turn()
    assert served == ["a", "b", "c"]
    assert repr(rounds) == "<Rounds 0 waiting>"


async def test_who_comes_meanwhile_is_served_behind_them() -> None:
    served: list[str] = []
    rounds = rounds_of()
    first, late = Speaker("first", served), Speaker("late", served)
    first.on_serve = lambda: rounds.add(late)
    rounds.add(first)
    rounds.add(Speaker("second", served))
    await turn()
    assert served == ["first", "second", "late"]
    # The list is empty, and whoever comes now is served all the same.
    rounds.add(Speaker("later", served))
    await turn()
    assert served[-1] == "later"


async def test_a_round_that_has_written_enough_lets_others_have_their_turn() -> None:
    served: list[str] = []
    rounds = rounds_of()
    for name in "abc":
        rounds.add(Speaker(name, served, size=ROUND_BYTES // 2))
    asyncio.get_running_loop().call_soon(served.append, "read")
    await turn()
    await turn()
    assert served == ["a", "b", "read", "c"]


async def test_small_writes_are_not_for_nothing() -> None:
    served: list[str] = []
    rounds = rounds_of()
    count = ROUND_BYTES // WRITE_BYTES
    for _ in range(count + 1):
        rounds.add(Speaker("x", served, size=0))
    await turn()
    assert len(served) == count
    await turn()
    assert len(served) == count + 1


async def test_a_defect_in_one_is_its_own_end() -> None:
    served: list[str] = []
    rounds = rounds_of()
    good, bad = Speaker("good", served), Speaker("bad", served)
    bad.failure = ValueError("a defect")
    rounds.add(bad)
    rounds.add(good)
    with capture_logs() as logs:
        await turn()
    assert served == ["good"]
    assert (bad.failed, good.failed) == (1, 0)
    assert [(each["event"], each["sender"]) for each in logs] == [("sender_failed", "<Speaker bad>")]


class TestPortions:
    async def test_what_many_take_is_told_once_with_their_number(self) -> None:
        meter, this = CountingMeter(), Round()
        clock = SettableClock(COMMITTED)
        due = (Due(frame(1, "event"), COMMITTED), Due(frame(2, "event")))
        size = sum(len(each.frame.payload) for each in due)
        clock.advance(2)
        for _ in range(3):
            this.portion("ticks", due).members += 1
        this.report(meter, clock)
        assert meter.counts == {"frames": 6, "bytes": 3 * size}
        # The other one was replayed, and does not say how long it waited.
        assert meter.waits == [2.0] * 3

    def test_equal_frames_that_are_another_object_are_another_portion(self) -> None:
        this = Round()
        one, other = (Due(frame(1, "event")),), (Due(frame(1, "event")),)
        assert this.portion("ticks", one) is not this.portion("ticks", other)
        # Also when others were served in between.
        assert this.portion("ticks", one) is this.portion("ticks", one)

    def test_the_bytes_are_those_of_the_frames_one_by_one(self) -> None:
        due = (Due(frame(1, "event")), Due(frame(2, "event", 200)), Due(frame(3, "event", 70_000)))
        portion = Round().portion("ticks", due)
        for ident in ("1", "2", "10", "x" * 300):
            expected = b"".join(framed(next_message(ident, each.frame.payload)) for each in due)
            assert portion.framed(next_prefix(ident)) == expected
