"""What an event is told by, made once for all groups that tell of it.

A thousand groups that follow one campaign in different words tell of the same event, each right after the other. Its
cursor is the same for all of them, and so is the object of the schema that tells of it: nobody changes one.
"""

from events import cursor
from events.envelope import Envelope
from events.hub import Hub
from graph.scalars import Cursor
from graph.streams.source import Source

KEPT = 256
"""More than a group reads at a time, so that the next group finds all that this one has made."""


class Telling:
    """One event of one log, on its way to clients."""

    __slots__ = ("_told", "cursor", "envelope", "incarnation")

    def __init__(self, envelope: Envelope, incarnation: str) -> None:
        self.envelope = envelope
        self.incarnation = incarnation
        self.cursor = Cursor(cursor.encode(incarnation, envelope.position, envelope.tag))
        self._told: dict[type[Source], object] = {}

    def __repr__(self) -> str:
        return f"<Telling of {self.envelope.position}, by {len(self._told)} kinds of sources>"

    def by(self, source: Source, skipped: int = 0) -> object:
        """The member of the source's union, as `Source.told_now` gives it; raises what that raises."""
        if skipped:
            # It says so itself, and is this group's own.
            return source.told_now(self.envelope, self.cursor, skipped)
        kind = type(source)
        told = self._told.get(kind)
        if told is None:
            told = self._told[kind] = source.told_now(self.envelope, self.cursor, 0)
        return told


class Tellings:
    """The latest ones of the log that a hub follows."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._kept: list[Telling | None] = [None] * KEPT

    def __repr__(self) -> str:
        return f"<Tellings, {sum(each is not None for each in self._kept)} kept>"

    def of(self, envelope: Envelope) -> Telling:
        """That of an event."""
        place, incarnation = envelope.position % KEPT, self._hub.incarnation
        kept = self._kept[place]
        if kept is None or kept.envelope is not envelope or kept.incarnation != incarnation:
            kept = self._kept[place] = Telling(envelope, incarnation)
        return kept
