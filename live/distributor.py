"""The one that follows the hub for all groups of a process, and hands each event to those that it may concern.

A task of its own for each group would wake up for every event, look at it and go back to sleep; with a thousand groups
that costs more than everything else. Here an index says which groups an event may concern, by what their streams are
about (`events/subjects.py`); the others do nothing at all.

A group that is *abreast* is where the distributor is. One that is *behind* follows the hub on its own, for it has just
begun, or has to wait for something (`live/group.py`), and what is distributed meanwhile is not handed to it. Why it
misses nothing and is handed nothing twice:

* It is abreast again only when it has come at least to the event that is being distributed (`begun`), so that no event
  is distributed without it that it has not read itself.
* It may have come further, for the hub has. It passes over what it is handed up to there.
* `position` rises when everybody concerned has heard of an event. A group that falls behind goes on from there, or from
  the last event that it heard of, whichever is further.

In an era of the hub that is over nothing more is handed out; all groups go over to the next one together.
"""

import asyncio
from collections.abc import Hashable, Iterable
from time import perf_counter
from typing import Protocol

from core.tasks import Owner
from events.envelope import Envelope
from events.log import Lapsed, Replaced
from events.subjects import subjects_of
from live.hub import Hub
from live.outages import through_outages

TURN_SECONDS = 0.01
"""After so long everybody else has a turn, whoever has not been handed an event yet."""


class Hearer(Protocol):
    """A group, as the distributor knows it."""

    @property
    def subjects(self) -> frozenset[Hashable] | None:
        """What it is about: it is handed only events that have one of these; None hands it all."""

    def hear(self, envelope: Envelope) -> bool:
        """Take note of an event, without waiting; whether `settle` has something to do."""

    def settle(self) -> None:
        """Do what is to be done after some events."""

    def skip_to(self, position: int) -> None:
        """Go on from a position, for the log no longer has what comes before."""

    def come_over(self) -> None:
        """Go over to the hub's era."""

    def fail(self, error: Exception) -> None:
        """End with a defect."""


class Distributor:
    """Follows the hub while there are groups. `position` and `begun` are of the era `era`."""

    def __init__(self, hub: Hub, owner: Owner, page: int, retry_seconds: float) -> None:
        self.era = hub.era
        self.position = self.begun = hub.position
        self._hub = hub
        self._owner = owner
        self._page = page
        self._retry_seconds = retry_seconds
        self._groups: set[Hearer] = set()
        self._index: dict[Hashable, dict[Hearer, None]] = {}
        self._stirred: dict[Hearer, None] = {}
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Distributor at {self.position}, {len(self._groups)} groups>"

    def add(self, group: Hearer) -> None:
        """Hand a group what comes from now on."""
        if self._task is None:
            self.era = self._hub.era
            self.position = self.begun = self._hub.position
            self._task = self._owner.start(self._follow(), "distribute")
        self._groups.add(group)
        for subject in _places(group):
            self._index.setdefault(subject, {})[group] = None

    def remove(self, group: Hearer) -> None:
        """Hand it nothing any more. A second call does nothing."""
        if group not in self._groups:
            return
        self._groups.discard(group)
        self._stirred.pop(group, None)
        for subject in _places(group):
            found = self._index[subject]
            del found[group]
            if not found:
                del self._index[subject]
        if not self._groups and self._task is not None:
            self._task.cancel()
            self._task = None

    def come_over(self) -> None:
        """Go over to the hub's era with all groups, if it is another than ours."""
        if self.era == self._hub.era:
            return
        self.era = self._hub.era
        self.position = self.begun = self._hub.position
        for group in list(self._groups):
            group.come_over()

    async def _follow(self) -> None:
        while True:
            try:
                await self._hub.wait_beyond(self.position, self.era)
                await through_outages(self._advance, "all", self._retry_seconds)
            except Replaced:
                self.come_over()
            except Exception as error:  # noqa: BLE001  Each group logs it with its reason, and ends.
                self._skip()
                for group in list(self._groups):
                    group.fail(error)

    async def _advance(self) -> None:
        """Distribute one page of events. A retry repeats nothing."""
        try:
            page = await self._hub.read_after(self.position, self._page, self.era)
        except Lapsed:
            self._skip()
            for group in list(self._groups):
                group.skip_to(self.position)
            return
        turn = _Turn()
        for envelope in page.envelopes:
            await self._distribute(envelope, turn)
        self.position = self.begun = page.position
        self._settle()

    def _skip(self) -> None:
        self.position = self.begun = self._hub.position

    async def _distribute(self, envelope: Envelope, turn: "_Turn") -> None:
        self.begun = envelope.position
        for group in self._concerned(envelope):
            # Some may have gone while others had their turn.
            if group in self._groups and group.hear(envelope):
                self._stirred[group] = None
            if turn.is_over:
                await self._rest()
                turn.begin()
        self.position = envelope.position

    def _concerned(self, envelope: Envelope) -> Iterable[Hearer]:
        found = dict(self._index.get(None, {}))
        for subject in subjects_of(envelope):
            found.update(self._index.get(subject, {}))
        return found

    async def _rest(self) -> None:
        """Let others have their turn.

        Raises:
            Replaced: the era is over meanwhile.
        """
        era = self.era
        self._settle()
        await asyncio.sleep(0)
        if era != self._hub.era or era != self.era:
            raise Replaced(f"Era {era} is over.")

    def _settle(self) -> None:
        stirred, self._stirred = self._stirred, {}
        for group in stirred:
            group.settle()


class _Turn:
    """How long something has gone on without letting others have a turn."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin anew."""
        self._end = perf_counter() + TURN_SECONDS

    @property
    def is_over(self) -> bool:
        """Whether it is too long."""
        return perf_counter() > self._end


def _places(group: Hearer) -> Iterable[Hashable]:
    """Where it stands in the index."""
    return (None,) if group.subjects is None else group.subjects
