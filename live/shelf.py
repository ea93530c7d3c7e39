"""What was read of the log for members that were behind, kept for the next of them; bounded over all groups.

After a restart clients come back from hundreds of places of the same streams, and all of them walk the same way to the
present. So a part of the log is read, decoded and rendered once for a group, and each member takes from it the frames
above its own position. What was used longest ago is dropped first, and a group's own with the group, or with its log.

Most of the log is of no concern to most groups. Empty stretches that follow each other are kept as one, so what a
member passes over costs it one look and the shelf a few hundred bytes, however long it is.
"""

from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import Hashable

import msgspec

from live.member import Chunk
from live.window import Due

FRAME_BYTES = 256
"""About what a frame and its cursor cost besides the payload."""
STRETCH_BYTES = 320
"""About what a stretch costs without any frame."""


class Stretch(msgspec.Struct, frozen=True):
    """All frames of a stream for the events after `begin`, up to `end` and with it; ascending."""

    begin: int
    end: int
    due: tuple[Due, ...]

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        return STRETCH_BYTES + sum(FRAME_BYTES + len(each.frame.payload) for each in self.due)

    def above(self, position: int) -> Chunk:
        """What a member takes that is at a position, begin <= position < end."""
        first = bisect_right(self.due, position, key=_position)
        return Chunk(self.due[first:], self.end)


def _position(due: Due) -> int:
    return due.frame.position


class Shelf:
    """The stretches of all groups, whose positions are those of their owners."""

    def __init__(self, max_bytes: int) -> None:
        self.bytes = 0
        self._max_bytes = max_bytes
        # The one that was used longest ago comes first.
        self._stretches: OrderedDict[tuple[Hashable, int], Stretch] = OrderedDict()
        self._begins: dict[Hashable, list[int]] = {}

    def __repr__(self) -> str:
        return f"<Shelf of {len(self._stretches)} stretches, {self.bytes} bytes>"

    def __len__(self) -> int:
        return len(self._stretches)

    def put(self, owner: Hashable, stretch: Stretch) -> None:
        """Keep a stretch, in place of one with the same begin; an empty one with those next to it, as one."""
        self._drop(owner, stretch.begin)
        if not stretch.due:
            stretch = self._joined(owner, stretch)
        self._stretches[owner, stretch.begin] = stretch
        insort(self._begins.setdefault(owner, []), stretch.begin)
        self.bytes += stretch.size
        while self.bytes > self._max_bytes:
            self._drop(*next(iter(self._stretches)))

    def at(self, owner: Hashable, position: int) -> Stretch | None:
        """The nearest stretch that begins at a position or before it; it may have ended before it, too."""
        begins = self._begins.get(owner, ())
        index = bisect_right(begins, position)
        if not index:
            return None
        place = owner, begins[index - 1]
        self._stretches.move_to_end(place)
        return self._stretches[place]

    def forget(self, owner: Hashable) -> None:
        """Drop all that an owner has."""
        for begin in self._begins.pop(owner, ()):
            self.bytes -= self._stretches.pop((owner, begin)).size

    def _joined(self, owner: Hashable, stretch: Stretch) -> Stretch:
        """An empty stretch and the empty ones that it touches, which are dropped."""
        begins = self._begins.get(owner, [])
        first, last = bisect_left(begins, stretch.begin) - 1, bisect_right(begins, stretch.end)
        for begin in begins[max(first, 0) : last]:
            other = self._stretches[owner, begin]
            if not other.due and other.end >= stretch.begin:
                self._drop(owner, begin)
                stretch = Stretch(min(begin, stretch.begin), max(other.end, stretch.end), ())
        return stretch

    def _drop(self, owner: Hashable, begin: int) -> None:
        stretch = self._stretches.pop((owner, begin), None)
        if stretch is None:
            return
        self.bytes -= stretch.size
        begins = self._begins[owner]
        del begins[bisect_left(begins, begin)]
        if not begins:
            del self._begins[owner]
