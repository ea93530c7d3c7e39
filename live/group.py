"""Groups: equal subscriptions are executed once and encoded once, whoever many they are.

A group has one task, which follows the hub: it reads the events after the group's position, renders the ones
that match, keeps the frames in a bounded window and wakes the members. When it has come as far as the distributor it is
at rest, until that calls it for an event that may concern it (`live/distributor.py`), or what it holds back is due.
What takes no waiting is told in the distributor's turn, and the task stays at rest. A member is a cursor
(`live/member.py`). One that is new opens with a snapshot; one below the window's floor reads pages of the log until it
is not.

Why there is neither a gap nor a duplicate, in whatever order things happen:

* A member's position only rises, and only by taking frames above it (`Member.take`).
* The window holds every frame between its floor and the group's position. A group begins with both at the
  hub's position, or before it, and dropping a frame raises the floor to it.
* A member below the window's floor is brought stretches of the log, each complete up to its end; it goes on from
  exactly there, whether the window has moved meanwhile or not (`live/catching_up.py`).

When a process ends, its clients come to another one within seconds, each with a cursor of its own. A group that begins
with one of them begins before its cursor, as if it had been there and slow: it tells what they missed once for all of
them, out of the hub's window. So a storm of them costs a stream about what one of them costs; and so does that of those
who were told even less, for what was read for one of them serves all.

A stream with a rate holds progress back (`live/teller.py`), so a frame may be appended when the group's position is
already above it. Why that loses nothing and repeats nothing either:

* What is held is above every frame in the window, for it is told before any frame that follows. So the window
  ascends, its floor is below what is held, and no member gets past it by taking frames.
* A member above a held value has it already: from its snapshot, from wherever its cursor comes from, or from a reading
  of the log, which tells all that it held at its own end. `take` gives it no frame at or below its position.
* A member below the floor is brought the log, where what is held is too. If the group itself has to skip a part of
  it, all its members are below the floor, so it forgets what it holds.
* `skipped` is of the frame, so of the group: whoever comes in between may have seen some of what it counts.

The log may be replaced under a running process (`events/hub.py`). Positions are of one era of the hub; a group is in
one era, and its members' positions are of the same. What was read in an era that is over meanwhile is thrown away, and
nothing is handed to a member before its group has gone over to the hub's era (`live/snapshots.py`). Then whoever had a
frame, or a position to go on from, is reset with a fresh snapshot of the new log; the same one for all of a group.

An outage (`Unavailable`) is waited out, from the position that was reached. Any other failure ends the group's
members with masked errors, and the next subscriber begins a new group.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from functools import partial
from typing import Any

from events.envelope import Envelope
from events.log import Lapsed, Replaced
from live.catching_up import CatchingUp
from live.commons import Commons, GroupLimits
from live.failures import explain
from live.member import Chunk, Member
from live.operations import Stream
from live.outages import through_outages
from live.teller import Teller
from live.window import Due, FrameWindow

__all__ = ["Group", "GroupLimits"]


class Group:
    """One stream, its window, and its members.

    `position` is how far the group has followed the hub; at rest the distributor is further, but nothing of what is
    between them concerns the group.

    `members` are in the order in which they came, for so what is looked at for them lies in memory.

    `retire` is called when it has failed, so that nobody joins it any more.
    """

    def __init__(
        self, stream: Stream, start: int, commons: Commons, retire: Callable[["Group"], None]
    ) -> None:
        limits = commons.limits
        self.stream = stream
        self.era = commons.hub.era
        self.position = start
        self.window = FrameWindow(start, max_frames=limits.frames, max_bytes=limits.bytes)
        self.members: dict[Member, None] = {}
        self.failure: list[dict[str, Any]] | None = None
        self._commons = commons
        self._retire = retire
        self._begun_at = commons.hub.position
        self._teller = self._new_teller()
        self._tell_members = commons.waker(self.members)
        self._has_news = False
        self._rest: asyncio.Future[None] | None = None
        self._is_at_rest = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._catching_up = CatchingUp(stream, commons, self._start)
        commons.distributor.add(self)
        self._start(self._follow(), "follow")

    def __repr__(self) -> str:
        return f"<Group of {self.stream.field} at {self.position}, {len(self.members)} members>"

    def end(self) -> None:
        """Cancel the group's tasks, whose owner awaits them, and keep nothing any more."""
        self._commons.distributor.remove(self)
        for task in self._tasks:
            task.cancel()
        self._catching_up.end()

    @property
    def subjects(self) -> frozenset[Hashable] | None:
        """What the events that may concern it are about; None if that may be anything."""
        return self.stream.subjects

    def fetch(self, member: Member) -> Chunk | None:
        """What follows the member's position and is not in the window: a snapshot, or a part of the log.

        If it is not at hand `member.receive` brings it.
        """
        return self._catching_up.fetch(member)

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
        self.window.append(due if due.frame.position > self._begun_at else Due(due.frame, since=due.since))

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
            await through_outages(self._advance, self.stream.field, self._commons.limits.retry_seconds)
        except Replaced:
            self._commons.distributor.come_over()
            # Did that not bring it over, it would turn here for ever.
            self._require(self.era)

    async def _something_to_do(self) -> None:
        """Be at rest until it is called, or what is held back is due; but only if it is as far as the distributor."""
        self._require(self.era)
        if self.position < self._commons.distributor.position:
            return
        loop, deadline = asyncio.get_running_loop(), self._teller.deadline
        self._rest, self._is_at_rest = loop.create_future(), True
        timer = None if deadline is None else loop.call_at(deadline, self._go_on_in_time)
        try:
            await self._rest
        finally:
            self._rest, self._is_at_rest = None, False
            if timer is not None:
                timer.cancel()

    def call(self, position: int) -> bool:
        """End its rest: nothing up to `position` concerns it that it has not read. False if it was not at rest.

        Its task waits until it is told to go on, or its time comes.
        """
        if not self._is_at_rest:
            return False
        self._is_at_rest = False
        self.position = max(self.position, position)
        return True

    def serve(self, envelope: Envelope) -> None:
        """Tell the event that it was called for and be at rest again, if that takes no waiting; else go on."""
        if self._rest is None or self._rest.done() or self._is_at_rest:
            # Its time came first, and its task comes to this event, or has come to it.
            return
        if not self._tells_now(envelope):
            self.go_on()
            return
        self.position = envelope.position
        self._is_at_rest = True
        if self._has_news:
            self._wake()

    def _tells_now(self, envelope: Envelope) -> bool:
        try:
            return self._teller.tell_now(envelope)
        except Exception:  # noqa: BLE001  Whatever it is, the task comes to it and says it.
            return False

    def go_on(self) -> None:
        """Let the task follow the hub, if it waits."""
        if self._rest is not None and not self._rest.done():
            self._rest.set_result(None)

    def _go_on_in_time(self) -> None:
        self.call(self._commons.distributor.position)
        self.go_on()

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
            self._require(era)
            self._skip_to(hub.position)
            return
        for envelope in page.envelopes:
            await teller.tell(envelope)
            self._require(era)
            self.position = envelope.position
        self.position = page.position

    def _skip_to(self, position: int) -> None:
        """Too far behind to follow: every member finds itself below the floor and is brought the log."""
        self.position = self._begun_at = position
        self.window.skip_to(position)
        self._teller.forget()
        self._has_news = True

    def begin_anew(self) -> None:
        """Go over to the log that has taken the place of ours; the distributor sees to it that all groups do."""
        self.era = self._commons.hub.era
        self._teller = self._new_teller()
        self._skip_to(self._commons.hub.position)
        for member in self.members:
            member.replaced()
        self._catching_up.come_over()
        self._wake()

    def _wake(self) -> None:
        self._has_news = False
        self._tell_members()

    def _fail(self, error: Exception) -> None:
        self.failure = explain(error, f"group of {self.stream.field}")
        self._commons.distributor.remove(self)
        self._retire(self)
        self._wake()
