"""What one turn of the loop does for whoever is far behind: a little, for the others want theirs."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from itertools import pairwise
from typing import Any

import pytest

from core.clock import SettableClock
from core.tasks import Owner
from live import sse
from live.commons import GroupLimits
from live.groups import Groups
from live.member import CHUNKS_AT_ONCE, Chunk, Member
from live.operations import Stream
from live.reservation import Reservation, ReservationLimits
from live.rounds import PASSING_BYTES, ROUND_BYTES, Round, Rounds
from live.window import Due, FrameWindow
from live.writer import BATCH_BYTES, Operation, Writer
from tests.fakes.hub import COMMITTED, FakeHub
from tests.fakes.stays import FakeStay
from tests.fakes.streams import CountingMeter, FakeSocket, FakeStream, frame
from tests.integration.waiting import until
from tests.unit.live.test_group import House, opened

IN_BATCH = BATCH_BYTES // PASSING_BYTES * CHUNKS_AT_ONCE
IN_TURN = ROUND_BYTES // PASSING_BYTES * CHUNKS_AT_ONCE
"""How many parts of the log without a frame are passed over in a turn, but for the rest of a batch."""


class Quiet:
    """Conforms to `live.member.Source`: so many parts of the log are at hand, all empty; then there is one frame."""

    def __init__(self, parts: int) -> None:
        self.failure: list[dict[str, Any]] | None = None
        self.fetched = 0
        self.window = FrameWindow(parts, max_frames=1, max_bytes=1000)
        self.window.append(Due(frame(parts + 1, "event")))

    def fetch(self, member: Member) -> Chunk:
        self.fetched += 1
        return Chunk((), (member.position or 0) + 1)


class Turns:
    """Counts the turns of the loop, and looks at something in each."""

    def __init__(self, look: Callable[[], None] = lambda: None) -> None:
        self.count = 0
        self._look = look
        self._handle = asyncio.get_running_loop().call_soon(self._pass)

    def _pass(self) -> None:
        self.count += 1
        self._look()
        self._handle = asyncio.get_running_loop().call_soon(self._pass)

    def end(self) -> None:
        self._handle.cancel()


@pytest.fixture
async def writer() -> AsyncIterator[Writer]:
    async with Owner("test") as owner:
        yield Writer(FakeSocket(), Rounds(CountingMeter(), SettableClock(COMMITTED)), owner, 64)


def follow(writer: Writer, source: Quiet, ident: str = "1") -> None:
    operation = Operation(ident, writer)
    operation.follow(Member(source, FakeStream(FakeHub(), after=0), operation.notify))


class TestSockets:
    async def test_a_batch_ends_with_what_has_nothing_too(self, writer: Writer) -> None:
        far, near, this = Quiet(10_000), Quiet(3), Round()
        follow(writer, far)
        follow(writer, near, "2")
        sent = writer.serve(this)
        assert (far.fetched, near.fetched) == (IN_BATCH, 3)
        assert BATCH_BYTES <= sent < BATCH_BYTES + PASSING_BYTES
        # It goes on behind the others.
        assert (writer.is_called, len(writer.ready)) == (True, 1)

    async def test_many_of_them_are_passed_over_in_several_turns(self, writer: Writer) -> None:
        sources = [Quiet(IN_TURN), Quiet(IN_TURN), Quiet(2 * IN_TURN)]
        fetched = [0]

        def look() -> None:
            fetched.append(sum(each.fetched for each in sources))

        turns = Turns(look)
        for number, source in enumerate(sources):
            follow(writer, source, str(number))
        socket = writer._socket
        assert isinstance(socket, FakeSocket)
        await until(lambda: len(socket.sent) == len(sources))
        turns.end()
        look()
        assert fetched[-1] == 4 * IN_TURN
        assert max(after - before for before, after in pairwise(fetched)) <= IN_TURN + IN_BATCH


def alone(groups: Groups, stream: Stream) -> AsyncGenerator[bytes, None]:
    """The events of a response of its own."""
    return sse.Delivery(groups, stream, SettableClock(), 60.0).events()


def shared(groups: Groups, stream: Stream) -> AsyncGenerator[bytes, None]:
    """The events of a response that others may share."""
    reservation = Reservation(FakeStay(None), groups, SettableClock(), ReservationLimits(ping_seconds=60))
    reservation.follow(reservation.take("1"), stream)
    return reservation.events()


@pytest.mark.parametrize("events", [alone, shared])
async def test_others_have_a_turn_between_the_parts_of_an_event_stream(
    events: Callable[[Groups, Stream], AsyncGenerator[bytes, None]],
) -> None:
    """Its reader takes what it is given at once, as a fast one does that has a buffer to fill."""
    async with opened(limits=GroupLimits(frames=4, retry_seconds=0.001)) as house:
        last = await _at_hand(house, 640)
        turns = Turns()
        at = [turns.count async for _ in _until_told(events(house.groups, house.stream(after=0)), last)]
        turns.end()
        assert len(at) >= 10
        assert all(after > before for before, after in pairwise(at))


async def _at_hand(house: House, count: int) -> int:
    """So many events, all of which were read for somebody; the position of the last."""
    house.hub.publish(*"a" * count)
    await house.join(after=0).until(count)
    return count


async def _until_told(events: AsyncGenerator[bytes, None], last: int) -> AsyncIterator[bytes]:
    async for part in events:
        yield part
        if b'{"event":%d}' % last in part:
            await events.aclose()
