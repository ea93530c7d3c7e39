"""What a subscriber must have received, given all that was ever committed.

It knows nothing of hubs, windows and groups: only the log, what each connection asked for, and the promise. After its
beginning every event that it asked for comes once and in order, until a typed reset, which comes exactly when the log
cannot continue, and carries a state that is exact at its cursor.
"""

from collections.abc import Iterator, Sequence

from events.cursor import Cursor, decode
from graph.enums import ResetReason
from tests.histories.readers import Connection, Got, Wanted
from tests.histories.source import Era, Row


class Broken(AssertionError):
    """A promise was not kept."""


class Reader:
    """How far one connection has come, by what it received: a position of one era; None before it began."""

    def __init__(self, eras: Sequence[Era], wanted: Wanted, connection: Connection) -> None:
        self._eras = eras
        self._wanted = wanted
        self._connection = connection
        self._era = connection.era
        self._at: int | None = None
        self._replaced = 0
        # Values that were left out, by topic: how many, until a newer one of the topic comes.
        self._left_out: dict[str, int] = {}

    def check(self) -> None:
        """Go through all that was received.

        Raises:
            Broken: it is not what was promised.
        """
        if self._connection.failure is not None:
            raise Broken(f"It ended with {self._connection.failure}.")
        frames = self._begin()
        for got in frames:
            if got.kind == "event":
                self._event(got)
            else:
                self._reset(got)
        if self._connection.is_open and not self._connection.is_over:
            self._end()

    def _begin(self) -> Iterator[Got]:
        frames, connection = iter(self._connection.frames), self._connection
        first = next(frames, None)
        if connection.after is None and first is not None:
            self._snapshot(first)
        elif first is not None and first.reason == ResetReason.LOG_REPLACED and False in connection.verdicts:
            self._shown(first)
        elif connection.after is not None and True in connection.verdicts:
            self._at = connection.after.position
            self._era = next((era for era in self._following() if _is_of(connection.after, era)), self._era)
            return frames if first is None else _chained(first, frames)
        elif first is not None:
            raise Broken(f"False resume: {connection.after} is not of this log, and {first} came.")
        return frames

    def _following(self) -> Sequence[Era]:
        """The reader's era and those that took its place."""
        return self._eras[self._eras.index(self._era) :]

    def _snapshot(self, got: Got) -> None:
        if got.kind != "snapshot":
            raise Broken(f"It asked for a snapshot, and {got} came.")
        self._shown(got)

    def _shown(self, got: Got) -> None:
        place = decode(got.cursor)
        eras = [era for era in self._following() if _is_of(place, era)]
        if not eras:
            raise Broken(f"False state: there is no log with {place}.")
        if all(era is self._connection.era and place.position < self._connection.head for era in eras):
            raise Broken(
                f"False state: {got} is older than the subscription, which came at {self._connection.head}."
            )
        # Pasts of one log have a beginning in common; the state there is the same in all of them.
        era = eras[0]
        if got.state != self._wanted.state(era.rows[: place.position]):
            raise Broken(f"False state: that of {got} is not that of its cursor, {place.position}.")
        self._era, self._at = era, place.position
        self._left_out.clear()

    def _reset(self, got: Got) -> None:
        if got.kind != "reset" or self._at is None:
            raise Broken(f"Only events and resets follow a beginning: {got}")
        if got.reason == ResetReason.LOG_REPLACED:
            self._replaced += 1
            # A snapshot may be of the new log when the server does not know that yet: then the reset comes after it.
            if self._replaced > len(self._eras) - 1 - self._eras.index(self._connection.era):
                raise Broken(f"Needless reset at {self._at}: the log was replaced less often.")
        elif got.floor <= self._at:
            raise Broken(f"Needless reset at {self._at}: the log is kept from {got.floor} on.")
        before, was = self._at, self._era
        self._shown(got)
        if got.reason != ResetReason.LOG_REPLACED and self._era is was and self._at < before:
            raise Broken(f"Out of order: the reset leads back from {before} to {self._at}.")

    def _event(self, got: Got) -> None:
        place = decode(got.cursor)
        if self._at is None:
            raise Broken(f"{got} came before any beginning.")
        if place.position <= self._at:
            raise Broken(f"Duplicate, or out of order: {place.position} came after {self._at}.")
        self._enter(place)
        row = self._era.rows[place.position - 1]
        if not self._wanted.has(row):
            raise Broken(f"{row} was not asked for.")
        for missed in self._era.rows[self._at : place.position - 1]:
            if self._wanted.has(missed):
                self._leave_out(missed, f"before {place.position}")
        self._tell(row, got)
        self._at = place.position

    def _enter(self, place: Cursor) -> None:
        """Find the era that the event is of: the reader's, or one that goes on from where the reader is."""
        for era in self._following():
            shares = era.incarnation == self._era.incarnation and era.tag(self._at or 0) == self._era.tag(
                self._at or 0
            )
            if shares and _is_of(place, era):
                self._era = era
                return
        raise Broken(f"False resume: {place} does not follow {self._at} in any log.")

    def _leave_out(self, row: Row, when: str) -> None:
        if not self._wanted.conflates(row):
            raise Broken(f"Missing: {row} did not come {when}.")
        self._left_out[row.topic] = self._left_out.get(row.topic, 0) + 1

    def _tell(self, row: Row, got: Got) -> None:
        if self._wanted.conflates(row):
            left_out = self._left_out.pop(row.topic, 0)
            if got.skipped < left_out:
                raise Broken(f"{left_out} values were left out before {row}, and {got.skipped} admitted.")
        elif self._left_out:
            raise Broken(f"Missing: the last values of {sorted(self._left_out)} did not come before {row}.")

    def _end(self) -> None:
        """Everything has come to rest."""
        if self._at is None:
            raise Broken("Nothing ever came.")
        latest = self._eras[-1]
        if self._era is not latest:
            shares = self._era.incarnation == latest.incarnation and latest.tag(self._at) == self._era.tag(
                self._at
            )
            if not shares:
                raise Broken(
                    f"False resume: the log was replaced, and a reader at {self._at} was never told."
                )
        for missed in latest.rows[self._at :]:
            if self._wanted.has(missed):
                raise Broken(f"Missing: {missed} never came; the reader is at {self._at} of {latest.head}.")
        if self._left_out:
            raise Broken(f"Missing: the last values of {sorted(self._left_out)} never came.")


def _is_of(place: Cursor, era: Era) -> bool:
    return place.incarnation == era.incarnation and era.tag(place.position) == place.tag


def _chained(first: Got, rest: Iterator[Got]) -> Iterator[Got]:
    yield first
    yield from rest
