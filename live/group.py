"""Groups: equal subscriptions are executed once and encoded once, whoever many they are.

A group hears of the events that may concern it from the distributor (`live/distributor.py`), renders the ones that
match, keeps the frames in a bounded window and wakes the members. It has a task of its own only while it is behind: it
has just begun in the past, or something has to be waited for, or the database does not answer. A member is a cursor
(`live/member.py`). One that is new opens with a snapshot; one below the window's floor is brought the log until it is
not.

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
from collections.abc import Callable, Coroutine
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

    `retire` is called when it has failed, so that nobody joins it any more.
    """

    def __init__(
        self, stream: Stream, start: int, commons: Commons, retire: Callable[["Group"], None]
    ) -> None:
        limits = commons.limits
        self.stream = stream
        self.subjects = stream.subjects
        self.era = commons.hub.era
        self.window = FrameWindow(start, max_frames=limits.frames, max_bytes=limits.bytes)
        self.members: set[Member] = set()
        self.failure: list[dict[str, Any]] | None = None
        self._commons = commons
        self._retire = retire
        self._begun_at = commons.hub.position
        self._teller = self._new_teller()
        self._timer: asyncio.TimerHandle | None = None
        self._has_news = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._catching_up = CatchingUp(stream, commons, self._start)
        # How far it has come by itself. While it is not behind, it is as far as the distributor, too.
        self._reached = start
        self._is_behind = False
        commons.distributor.add(self)
        if start < commons.distributor.begun:
            self._fall_behind(start)

    def __repr__(self) -> str:
        return f"<Group of {self.stream.field} at {self.position}, {len(self.members)} members>"

    @property
    def position(self) -> int:
        """How far the group has followed the hub."""
        return self._reached if self._is_behind else max(self._reached, self._commons.distributor.position)

    def end(self) -> None:
        """Cancel the group's tasks, whose owner awaits them, and keep nothing any more."""
        self._leave_distributor()
        for task in self._tasks:
            task.cancel()
        self._catching_up.end()

    def fetch(self, member: Member) -> Chunk | None:
        """What follows the member's position and is not in the window: a snapshot, or a part of the log.

        If it is not at hand `member.receive` brings it.
        """
        return self._catching_up.fetch(member)

    def hear(self, envelope: Envelope) -> bool:
        """Take note of an event that the distributor has; whether `settle` has something to do."""
        if self._is_behind or envelope.position <= self._reached:
            return False
        try:
            is_told = self._teller.tell_now(envelope)
        except Exception as error:  # noqa: BLE001  It is logged with its reason, and ends this group only.
            self.fail(error)
            return False
        if not is_told:
            self._fall_behind(envelope.position - 1)
            return False
        self._reached = envelope.position
        return self._has_news or self._teller.deadline is not None

    def settle(self) -> None:
        """Tell what is due of what is held, and wake the members if there is something for them."""
        try:
            if not self._is_behind:
                self._tell_due()
        except Replaced:
            self._commons.distributor.come_over()
        except Exception as error:  # noqa: BLE001  It is logged with its reason, and ends this group only.
            self.fail(error)
        self._wake_for_news()

    def skip_to(self, position: int) -> None:
        """The log is not kept from where the group is: its members find themselves below the floor."""
        if not self._is_behind:
            self._skip_to(position)
            self._wake_for_news()

    def come_over(self) -> None:
        """Go over to the log that has taken the place of ours."""
        self.era = self._commons.hub.era
        self._teller = self._new_teller()
        self._skip_to(self._commons.hub.position)
        for member in self.members:
            member.replaced()
        self._catching_up.come_over()
        self._wake_for_news()

    def fail(self, error: Exception) -> None:
        """End the members with masked errors, once they have taken what they were told."""
        self.failure = explain(error, f"group of {self.stream.field}")
        self._leave_distributor()
        self._retire(self)
        self._has_news = True
        self._wake_for_news()

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = self._commons.owner.start(work, f"{self.stream.field}:{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _leave_distributor(self) -> None:
        self._commons.distributor.remove(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

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

    def _tell_due(self) -> None:
        """Tell what is held if its time has come, and see that it is told when it has."""
        # Before it has come to where it began there is newer progress to come at once.
        if self._teller.is_due and self.position >= self._begun_at and not self._teller.flush_now():
            self._fall_behind(self.position)
        elif self._teller.deadline is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(self._teller.deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.settle()

    def _fall_behind(self, position: int) -> None:
        """Follow the hub without the distributor from here on, until there is nothing to wait for any more."""
        self._is_behind = True
        self._reached = position
        self._start(self._follow(), "follow")

    async def _follow(self) -> None:
        try:
            while self._is_behind:
                await self._one_step()
        except Exception as error:  # noqa: BLE001  It is logged with its reason, and ends this group only.
            self.fail(error)
            return
        self.settle()

    async def _one_step(self) -> None:
        try:
            await through_outages(self._advance, self.stream.field, self._commons.limits.retry_seconds)
        except Replaced:
            self._commons.distributor.come_over()
        # Nothing is waited for from here to where the task ends, or goes on.
        self._is_behind = self._reached < self._commons.distributor.begun

    async def _advance(self) -> None:
        """Tell one page of events, and then what is due of what was held. A retry repeats nothing."""
        try:
            if self._commons.hub.position > self._reached:
                await self._tell_page()
            if self._reached >= self._begun_at:
                await self._teller.flush_due()
        finally:
            # Most events are of no concern to most groups, and a group may have thousands of members.
            self._wake_for_news()

    async def _tell_page(self) -> None:
        """The position rises event by event, so that a retry goes on where this failed."""
        hub, era, teller = self._commons.hub, self.era, self._teller
        try:
            page = await hub.read_after(self._reached, self._commons.limits.page, era)
        except Lapsed:
            self._skip_to(hub.position)
            return
        for envelope in page.envelopes:
            await teller.tell(envelope)
            self._require(era)
            self._reached = envelope.position
        self._reached = page.position

    def _skip_to(self, position: int) -> None:
        """Too far behind to follow: every member finds itself below the floor and is brought the log."""
        self._reached = self._begun_at = position
        self.window.skip_to(position)
        self._teller.forget()
        self._has_news = True

    def _wake_for_news(self) -> None:
        if self._has_news:
            self._has_news = False
            for member in self.members:
                member.notify()
