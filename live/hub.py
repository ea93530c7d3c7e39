"""Where groups read from, as this room sees it: the one reader of the log, and its window."""

from typing import Protocol

from events.envelope import Page


class Hub(Protocol):
    """What this room needs of `events/hub.py`."""

    @property
    def position(self) -> int:
        """The newest position in the hub's window."""

    @property
    def since(self) -> int:
        """After which position every event is in memory."""

    @property
    def era(self) -> int:
        """Which log the hub follows; it rises when another takes its place, and positions mean other events."""

    async def wait_beyond(self, position: int, era: int) -> None:
        """Return when the hub's position is above `position`.

        Raises:
            events.log.Replaced: the era is over.
        """

    async def read_after(self, position: int, limit: int, era: int) -> Page:
        """At most `limit` events after `position`, ascending.

        Raises:
            events.log.Replaced: the era is over.
            events.log.Lapsed: the log no longer holds what follows `position`.
            core.errors.Unavailable: the log cannot be read now.
        """
