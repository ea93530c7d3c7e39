"""The newest events in memory, bounded, shared by every reader of the process.

Positions have no holes (`events/log.py`), so the place of an event in the list is its position less the first
one, and a page is a slice.
"""

from core.errors import HeliographError
from events.envelope import Envelope, Page


class Gap(HeliographError):
    """An event does not follow the last one; the log must be read again from the window's position."""


class Window:
    """Events (floor, position], at most `size` of them; older ones are forgotten. `tag` is that at `position`."""

    def __init__(self, position: int, size: int, tag: int = 0) -> None:
        self.position = position
        self.floor = position
        self.tag = tag
        self._floor_tag = tag
        self._size = size
        self._envelopes: list[Envelope] = []

    def __repr__(self) -> str:
        return f"<Window ({self.floor}, {self.position}]>"

    def extend(self, page: Page) -> None:
        """Take the next page of the log.

        Raises:
            Gap: the page does not begin right after `position`; nothing was taken.
        """
        expected = self.position
        for envelope in page.envelopes:
            expected += 1
            if envelope.position != expected:
                raise Gap(f"Expected position {expected}, found {envelope.position}.")
        self._envelopes.extend(page.envelopes)
        self.position = expected
        if page.envelopes:
            self.tag = page.envelopes[-1].tag
        # Trimming in large steps keeps the cost of an event constant.
        if len(self._envelopes) > 2 * self._size:
            self._forget(len(self._envelopes) - self._size)

    def _forget(self, count: int) -> None:
        self._floor_tag = self._envelopes[count - 1].tag
        del self._envelopes[:count]
        self.floor += count

    def covers(self, position: int) -> bool:
        """Whether all that follows `position` is here."""
        return position >= self.floor

    def tag_at(self, position: int) -> int | None:
        """The tag at a position; None if that is outside of the window."""
        if position == self.floor:
            return self._floor_tag
        if self.floor < position <= self.position:
            return self._envelopes[position - self.floor - 1].tag
        return None

    def read_after(self, position: int, limit: int) -> Page:
        """At most `limit` events after a position that the window covers; the page never ends before it begins.

        Who has read the log may be further than the window is, and must not be led back.
        """
        start = position - self.floor
        found = tuple(self._envelopes[start : start + limit])
        end = found[-1].position if len(found) == limit else max(position, self.position)
        return Page(envelopes=found, position=end)
