"""Groups: equal subscriptions are executed once and encoded once, whoever many they are.

A group has one task, which follows the hub: it reads the events after the group's position, renders the ones
that match, keeps the frames in a bounded window and wakes the members. A member is a cursor (`live/member.py`).
One that is new opens with a snapshot; one below the window's floor reads pages of the log until it is not.

Why there is neither a gap nor a duplicate, in whatever order things happen:

* A member's position only rises, and only by taking frames above it (`Member.take`).
* The window holds every frame between its floor and the group's position. A group begins with both at the
  hub's position, or before it, and dropping a frame raises the floor to it.
* A page of the log says up to which position it is complete; the member goes on from exactly there, whether
  the window has moved meanwhile or not.

When a process ends, its clients come to another one within seconds, each with a cursor of its own. A group that begins
with one of them begins before its cursor, as if it had been there and slow: it tells what they missed once for all of
them, out of the hub's window. So a storm of them costs a stream about what one of them costs; who was told even less
reads the log, for all at its place together.

A stream with a rate holds progress back (`live/teller.py`), so a frame may be appended when the group's position is
already above it. Why that loses nothing and repeats nothing either:

* What is held is above every frame in the window, for it is told before any frame that follows. So the window
  ascends, its floor is below what is held, and no member gets past it by taking frames.
* A member above a held value has it already: from its snapshot, from wherever its cursor comes from, or from a reading
  of the log, which tells all that it held at its own end. `take` gives it no frame at or below its position.
* A member below the floor reads the log, where what is held is too. If the group itself has to skip a part of the log,
  all its members are below the floor, so it forgets what it holds.
* `skipped` is of the frame, so of the group: whoever comes in between may have seen some of what it counts.

The log may be replaced under a running process (`events/hub.py`). Positions are of one era of the hub; a group is in
one era, and its members' positions are of the same. What was read in an era that is over meanwhile is thrown away, and
nothing is handed to a member before its group has gone over to the hub's era (`_present`). Then whoever had a frame, or
a position to go on from, is reset with a fresh snapshot of the new log; the same one for all of a group.

An outage (`Unavailable`) is waited out, from the position that was reached. Any other failure ends the group's
members with masked errors, and the next subscriber begins a new group.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import msgspec

from core.tasks import Owner
from events.log import Lapsed, Replaced
from live.failures import explain
from live.hub import Hub
from live.member import REPLACED, Chunk, Member
from live.meter import Meter
from live.operations import Frame, Stream
from live.outages import through_outages
from live.teller import Teller
from live.window import Due, FrameWindow

T = TypeVar("T")


class GroupLimits(msgspec.Struct, frozen=True):
    """Bounds of memory and work.

    Attributes:
        frames: how many frames a group keeps.
        bytes: how many bytes of results a group keeps.
        page: how many events are read from the log at a time.
        backlog: how far behind the hub may be whoever a group begins with, for the group to begin a page before it.
        reading: about how many are read at once as long as there is only progress, all of which is held back.
        replays: how many pages are read for members that are behind at the same time, over all groups.
        retry_seconds: the first wait after an outage; it doubles up to four times this.
    """

    frames: int = 256
    bytes: int = 1 << 20
    page: int = 64
    backlog: int = 512
    reading: int = 2048
    replays: int = 8
    retry_seconds: float = 0.25


class Commons(msgspec.Struct, frozen=True):
    """What all groups of a process share.

    Attributes:
        hub: what they follow.
        meter: what hears of replays and resets.
        limits: their bounds.
        owner: of their tasks.
        reading: room for those that read the log for members that are behind.
        retire: called by a group that has failed, so that nobody joins it any more.
    """

    hub: Hub
    meter: Meter
    limits: GroupLimits
    owner: Owner
    reading: asyncio.Semaphore
    retire: Callable[["Group"], None]


class Group:
    """One stream, its window, and its members. `position` is how far the group has followed the hub."""

    def __init__(self, stream: Stream, start: int, commons: Commons) -> None:
        limits = commons.limits
        self.stream = stream
        self.era = commons.hub.era
        self.position = start
        self.window = FrameWindow(start, max_frames=limits.frames, max_bytes=limits.bytes)
        self.members: set[Member] = set()
        self.failure: list[dict[str, Any]] | None = None
        self._commons = commons
        self._begun_at = commons.hub.position
        self._teller = self._new_teller()
        self._replays: dict[tuple[int, int], list[Member]] = {}
        self._anew = asyncio.Event()
        self._has_news = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._start(self._follow(), "follow")

    def __repr__(self) -> str:
        return f"<Group of {self.stream.field} at {self.position}, {len(self.members)} members>"

    def end(self) -> None:
        """Cancel the group's tasks; their owner awaits them."""
        for task in self._tasks:
            task.cancel()

    def fetch(self, member: Member) -> None:
        """Open the member's stream, or read a page of the log after its position; `member.receive` brings it.

        Members that wait at the same position share one page.
        """
        position = member.position
        if position is None:
            self._start(self._open(member), "open")
        elif (place := (self.era, position)) in self._replays:
            self._replays[place].append(member)
        else:
            self._replays[place] = [member]
            self._start(self._replay(*place), "replay")

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = self._commons.owner.start(work, f"{self.stream.field}:{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _new_teller(self) -> Teller:
        """One for the present era: it tells nothing of its own in a later one."""
        return Teller(self.stream, partial(self._append, self.era))

    def _append(self, era: int, due: Due) -> None:
        """Put a frame into the window; whether its event was of an era that is over shows only now.

        Raises:
            Replaced: it was, and what is rendered now has the cursor of another event.
        """
        self._require(era)
        # What was there before the group did not wait for it.
        self._has_news = True
        self.window.append(due if due.frame.position > self._begun_at else Due(due.frame))

    def _require(self, era: int) -> None:
        if era != self._commons.hub.era:
            raise Replaced(f"Era {era} is over.")

    async def _follow(self) -> None:
        try:
            while True:
                await self._one_step()
        except Exception as error:  # noqa: BLE001  It is logged with its reason, and ends this group only.
            self._fail(error)

    async def _one_step(self) -> None:
        try:
            await self._something_to_do()
            await self._through_outages(self._advance)
        except Replaced:
            self.come_over()

    async def _something_to_do(self) -> None:
        """Wait until the hub is further, or what is held back is due."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._teller.deadline):
                await self._commons.hub.wait_beyond(self.position, self.era)

    async def _advance(self) -> None:
        """Tell one page of events, and then what is due of what was held. A retry repeats nothing."""
        try:
            if self._commons.hub.position > self.position:
                await self._tell_page()
            # Before it has come to where it began there is newer progress to come at once.
            if self.position >= self._begun_at:
                await self._teller.flush_due()
        finally:
            # Most events are of no concern to most groups, and a group may have thousands of members.
            if self._has_news:
                self._wake()

    async def _tell_page(self) -> None:
        """The position rises event by event, so that a retry goes on where this failed."""
        hub, era, teller = self._commons.hub, self.era, self._teller
        try:
            page = await hub.read_after(self.position, self._commons.limits.page, era)
        except Lapsed:
            self._skip_to(hub.position)
            return
        for envelope in page.envelopes:
            await teller.tell(envelope)
            self._require(era)
            self.position = envelope.position
        self.position = page.position

    def _skip_to(self, position: int) -> None:
        """Too far behind to follow: every member finds itself below the floor and reads the log on its own."""
        self.position = self._begun_at = position
        self.window.skip_to(position)
        self._teller.forget()
        self._has_news = True

    def come_over(self) -> None:
        """Go over to the log that has taken the place of ours, if one has; whoever joins makes sure of it."""
        if self.era != self._commons.hub.era:
            self._begin_anew()

    def _begin_anew(self) -> None:
        self.era = self._commons.hub.era
        self._teller = self._new_teller()
        self._skip_to(self._commons.hub.position)
        for member in self.members:
            member.replaced()
        self._anew.set()
        self._anew = asyncio.Event()
        self._wake()

    async def _present(self) -> int:
        """Wait until the group is in the hub's era, and give it."""
        while self.era != self._commons.hub.era:
            await self._anew.wait()
        return self.era

    def _wake(self) -> None:
        self._has_news = False
        for member in self.members:
            member.notify()

    def _fail(self, error: Exception) -> None:
        self.failure = explain(error, f"group of {self.stream.field}")
        self._commons.retire(self)
        self._wake()

    async def _open(self, member: Member) -> None:
        try:
            member.receive(await self._through_outages(lambda: self._in_one_era(member.stream.open)))
        except Exception as error:  # noqa: BLE001  It is logged with its reason, and ends this member only.
            member.receive(None, explain(error, f"opening {self.stream.field}"))

    async def _replay(self, era: int, position: int) -> None:
        chunk, failure = None, None
        try:
            chunk = await self._through_outages(lambda: self._read(era, position))
        except Exception as error:  # noqa: BLE001  It is logged with its reason, and ends the waiting members.
            failure = explain(error, f"replay of {self.stream.field}")
        for member in self._replays.pop((era, position)):
            member.receive(chunk, failure)

    async def _read(self, era: int, position: int) -> Chunk:
        commons = self._commons
        found: list[Due] = []
        try:
            async with commons.reading:
                reached = await self._tell_from(era, position, found)
        except Lapsed:
            return await self._reset(era, replaced=False)
        except Replaced:
            return await self._reset(era, replaced=True)
        commons.meter.replayed(self.stream.field, len(found))
        # What is replayed does not say how long it waited.
        return Chunk(tuple(Due(each.frame) for each in found), reached)

    async def _tell_from(self, era: int, position: int, found: list[Due]) -> int:
        """Tell a page of the log, and more of them while all there is is held back; how far it came.

        Without a rate nothing is held, so it is one page.

        Raises:
            Replaced: the era is over, so what was found counts for nothing.
            Lapsed: the log is no longer kept from there on.
        """
        if position == REPLACED:
            raise Replaced("Where it was is no place in this log.")
        limits, teller = self._commons.limits, Teller(self.stream, found.append)
        reached, more = position, True
        while more:
            page = await self._commons.hub.read_after(reached, limits.page, era)
            for envelope in page.envelopes:
                await teller.tell(envelope)
            reached = page.position
            only_held = not found and 0 < teller.holding < limits.page
            more = only_held and len(page.envelopes) == limits.page and reached - position < limits.reading
        await teller.flush()
        self._require(era)
        return reached

    async def _reset(self, era: int, *, replaced: bool) -> Chunk:
        def reset() -> Awaitable[Frame]:
            return self.stream.reset(replaced=replaced or era != self._commons.hub.era)

        chunk = await self._in_one_era(reset)
        self._commons.meter.reset(self.stream.field)
        return chunk

    async def _in_one_era(self, snapshot: Callable[[], Awaitable[Frame]]) -> Chunk:
        """A snapshot of the log that the group and the hub are at when it is there."""
        while True:
            era = await self._present()
            frame = await snapshot()
            if era == self._commons.hub.era:
                return Chunk((Due(frame),), frame.position)

    async def _through_outages(self, step: Callable[[], Awaitable[T]]) -> T:
        """Try `step` until it is not for an outage that it fails."""
        return await through_outages(step, self.stream.field, self._commons.limits.retry_seconds)
