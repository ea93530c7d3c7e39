"""What this room reports about itself; `web/metrics.py` turns it into Prometheus series."""

from collections.abc import Sequence
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


def count_delivery(meter: Meter, now: datetime, field: str, due: Sequence[Due], members: int = 1) -> None:
    """Report frames that the sockets of so many members have just taken; only live ones say how long they waited."""
    meter.delivered(field, len(due) * members, sum(len(each.frame.payload) for each in due) * members)
    for each in due:
        if each.occurred_at is not None:
            meter.waited(field, (now - each.occurred_at).total_seconds(), members)
