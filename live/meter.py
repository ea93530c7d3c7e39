"""What this room reports about itself; `web/metrics.py` turns it into Prometheus series."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from live.window import Due


class Meter(Protocol):
    """Counts. Called on the delivery path: an implementation must neither wait nor raise."""

    def subscribed(self, field: str) -> None:
        """A subscription of this root field began."""

    def unsubscribed(self, field: str) -> None:
        """A subscription of this root field ended, for whatever reason."""

    def group_opened(self, field: str) -> None:
        """The first of some equal subscriptions began."""

    def group_closed(self, field: str) -> None:
        """The last of some equal subscriptions ended."""

    def delivered(self, field: str, frames: int, size: int) -> None:
        """Frames were handed to sockets, `size` bytes of results in all."""

    def waited(self, field: str, seconds: float, times: int) -> None:
        """A live frame reached so many sockets so long after its event was committed."""

    def replayed(self, field: str, frames: int) -> None:
        """A stretch of the log was rendered for the members of one group that were behind."""

    def reset(self, field: str) -> None:
        """A snapshot was taken for members of one group: the log no longer reaches back to them, or is another one."""


Taken = tuple[str, Sequence[Due], int]
"""Frames of a field that the sockets of so many members have just taken."""


def count_deliveries(meter: Meter, now: datetime, taken: Iterable[Taken]) -> None:
    """Report all of them; only live frames say how long they waited.

    What a thousand groups tell of one event, each in its own words, is one report.
    """
    frames: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    waiting: Counter[tuple[str, datetime]] = Counter()
    for field, due, members in taken:
        frames[field] += len(due) * members
        for each in due:
            sizes[field] += len(each.frame.payload) * members
            if each.occurred_at is not None:
                waiting[field, each.occurred_at] += members
    for field, count in frames.items():
        meter.delivered(field, count, sizes[field])
    for (field, occurred_at), times in waiting.items():
        meter.waited(field, (now - occurred_at).total_seconds(), times)
