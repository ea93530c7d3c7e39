"""The one that follows the hub for all groups of a process, and calls those that an event may concern.

If each group waited for the hub, every event would wake all of them, to look at it and go back to sleep; with a
thousand groups that costs more than everything else. Here an index says which groups an event may concern, by what
their streams are about (`events/subjects.py`). The others do nothing at all.

A group that is called is served right here if its stream takes no waiting for the event, and stays at rest. Else its
own task goes on following the hub (`live/group.py`), until it has come at least as far as the distributor; then it is
at rest again. Why it misses nothing:

* It finds out that it has come far enough, and is at rest, without anybody else's turn in between. From then on it is
  called for whatever may concern it: for one event all who are at rest are called at once, and served one by one.
* `position` rises before they are served, so who comes to rest meanwhile has come to this event, too.
* Who is called and not served, for its time came first or ours is over, goes on by itself.
* So of what lies between where it came to rest and where the distributor is, nothing concerns it until it is called. It
  goes on right before the event that it is called for, and reads nothing of what was before that.
* One that is not at rest is left alone: it will read what it was not called for, for it comes to rest only after that.
* Where the distributor itself has missed something, for the log has lapsed or something is wrong with an event, all are
  called, and find out by themselves.

Positions are of one era of the hub. The distributor and all groups go over to the next one in the same moment, to the
same position, whoever notices first.
"""

import asyncio
from collections import deque
from collections.abc import Hashable, Iterable
from time import perf_counter
from typing import Protocol

import structlog

from core.tasks import Owner
from events.envelope import Envelope
from events.log import Lapsed, Replaced
from events.subjects import subjects_of
from live.hub import Hub
from live.outages import through_outages

TURN_SECONDS = 0.01
"""After so long everybody else has a turn."""

log = structlog.get_logger(__name__)


class Follower(Protocol):
    """A group, as the distributor knows it."""

    position: int

    @property
    def subjects(self) -> frozenset[Hashable] | None:
        """What it is about: only events that have one of these concern it; None if all may."""

    def call(self, position: int) -> bool:
        """End its rest, if it is at rest, at `position`, or where it is if that is further; whether it was.

        It waits until `serve` or `go_on` is called.
        """

    def serve(self, envelope: Envelope) -> None:
        """Take an event that it was called for, and be at rest again; or go on."""

    def go_on(self) -> None:
        """Let its task go on, if it waits."""

    def begin_anew(self) -> None:
        """Go over to the hub's era."""


class Distributor:
    """Follows the hub while there are groups. `position` is of the era `era`: all up to there were called for it."""

    def __init__(self, hub: Hub, owner: Owner, page: int, retry_seconds: float) -> None:
        self.era = hub.era
        self.position = hub.position
        self._hub = hub
        self._owner = owner
        self._page = page
        self._retry_seconds = retry_seconds
        self._groups: dict[Follower, None] = {}
        self._index: dict[Hashable, dict[Follower, None]] = {}
        self._called: deque[Follower] = deque()
        self._begin_turn()
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Distributor at {self.position}, {len(self._groups)} groups>"

    def add(self, group: Follower) -> None:
        """Call it from now on. A group that is not as far as `position` must not come to rest before it is.

        Raises:
            RuntimeError: the groups are closed.
        """
        if self._task is None:
            self.era, self.position = self._hub.era, self._hub.position
            self._task = self._owner.start(self._follow(), "distribute")
        self._groups[group] = None
        for subject in _places(group):
            self._index.setdefault(subject, {})[group] = None

    def remove(self, group: Follower) -> None:
        """Call it no more. A second time does nothing."""
        if group not in self._groups:
            return
        del self._groups[group]
        for subject in _places(group):
            found = self._index[subject]
            del found[group]
            if not found:
                del self._index[subject]
        if not self._groups and self._task is not None:
            self._task.cancel()
            self._task = None

    def come_over(self) -> None:
        """Go over to the log that has taken the place of ours, if one has, with all groups."""
        if self.era == self._hub.era:
            return
        self.era, self.position = self._hub.era, self._hub.position
        for group in list(self._groups):
            group.begin_anew()

    async def _follow(self) -> None:
        while True:
            try:
                await self._one_step()
            except Exception:
                # A distributor that stopped would leave every group at rest for ever.
                log.exception("event_not_distributed", position=self.position)
                self._call_all()
                await asyncio.sleep(self._retry_seconds)

    async def _one_step(self) -> None:
        try:
            if self._hub.position <= self.position:
                await self._hub.wait_beyond(self.position, self.era)
                self._begin_turn()
            await through_outages(self._advance, "all", self._retry_seconds)
        except Replaced:
            self.come_over()

    async def _advance(self) -> None:
        """Call those whom one page of events may concern. A retry calls nobody twice for the same."""
        era = self.era
        try:
            page = await self._hub.read_after(self.position, self._page, era)
        except Lapsed:
            # All are called from where they are, whatever log that is in: they come to see it.
            self._call_all()
            return
        for envelope in page.envelopes:
            await self._give_way(era)
            self._call_for(envelope)
            try:
                await self._serve(envelope, era)
            finally:
                while self._called:
                    self._called.popleft().go_on()
        self.position = page.position

    def _call_for(self, envelope: Envelope) -> None:
        position = envelope.position
        for subject in (None, *subjects_of(envelope)):
            for group in self._index.get(subject, ()):
                if group.position < position and group.call(position - 1):
                    self._called.append(group)
        self.position = position

    async def _serve(self, envelope: Envelope, era: int) -> None:
        while self._called:
            await self._give_way(era)
            self._called.popleft().serve(envelope)

    def _begin_turn(self) -> None:
        self._turn_ends_at = perf_counter() + TURN_SECONDS

    async def _give_way(self, era: int) -> None:
        """Let others have their turn, if ours is over.

        Raises:
            Replaced: the era is over.
        """
        if perf_counter() > self._turn_ends_at:
            await asyncio.sleep(0)
            self._begin_turn()
            if era != self._hub.era or era != self.era:
                raise Replaced(f"Era {era} is over.")

    def _call_all(self) -> None:
        """Go on where the hub is; let all groups go on from where we were, if they are not further."""
        self.come_over()
        reached, self.position = self.position, self._hub.position
        for group in self._groups:
            if group.position < self.position and group.call(reached):
                group.go_on()


def _places(group: Follower) -> Iterable[Hashable]:
    """Where it stands in the index."""
    return (None,) if group.subjects is None else group.subjects
