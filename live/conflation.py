"""The newest value of each thing, held back until it may be told: what a stream with a rate does with progress.

Pure: it is given envelopes and the time, and says what is due. Who tells is `live/teller.py`.

* At most one value is held for each key, the newest, with the number of those that it replaced.
* What is held comes out in the order of positions, oldest first. It stays until `told`, so that a telling that
  fails can be tried again: nothing is lost, nothing is counted twice.
* `deadline` is for all keys together: one tick tells everything, so no key is told more often than the rate. A
  deadline for each key would do the same for the keys and would need frames out of order: what is held at
  position 5 has to be told before what is due at position 9, for a cursor never passes over a held value.
"""

from collections import OrderedDict
from collections.abc import Hashable

import msgspec

from events.envelope import Envelope


class Held(msgspec.Struct):
    """A value that waits, and how many before it were left out since one was told."""

    key: Hashable
    envelope: Envelope
    skipped: int = 0


class Conflation:
    """The held values of one stream; `rate` is how often a second they may be told, in a row of ticks.

    `since` is the position of the first that was offered since nothing was held: what is held is all that is left of
    it and of what came after it.
    """

    def __init__(self, rate: float) -> None:
        self._pause = 1 / rate
        self._open_at = 0.0
        self.since = 0
        # A plain dictionary looks for its first value behind all that were taken away before it.
        self._held: OrderedDict[Hashable, Held] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Conflation of {len(self._held)} held>"

    def __len__(self) -> int:
        return len(self._held)

    @property
    def deadline(self) -> float | None:
        """When what is held may be told, in the seconds of whoever calls `told`; None while nothing is held."""
        return self._open_at if self._held else None

    @property
    def oldest(self) -> Held | None:
        """What is to be told next, of what is held."""
        return next(iter(self._held.values()), None)

    def offer(self, key: Hashable, envelope: Envelope) -> None:
        """Hold a value, which is newer than all before, in place of the one that was held for its key."""
        if not self._held:
            self.since = envelope.position
        older = self._held.pop(key, None)
        # Put at the end, so that the order of the dictionary is the order of positions.
        self._held[key] = Held(key, envelope, 0 if older is None else older.skipped + 1)

    def due(self, now: float) -> bool:
        """Whether what is held may be told."""
        return bool(self._held) and now >= self._open_at

    def told(self, held: Held, now: float) -> None:
        """One was told at `now`; the next tick is a pause away, also when it was told before it was due."""
        self.passed_over(held)
        self._open_at = now + self._pause

    def passed_over(self, held: Held) -> None:
        """One turned out to say nothing to the stream."""
        if self._held.get(held.key) is held:
            del self._held[held.key]

    def forget(self) -> None:
        """Hold nothing any more: whoever has not heard of it reads it in the log."""
        self._held.clear()
