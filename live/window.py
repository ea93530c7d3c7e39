"""The newest frames of one group, bounded in number and in bytes.

`floor` is what makes it safe to be bounded: every frame of the stream with a position above the floor (and up
to the group's own position) is here, and nothing is promised at or below it. A member at or above the floor
reads here; a member below it has to read the log.
"""

from collections import deque
from collections.abc import Sequence
from datetime import datetime

import msgspec

from live.operations import Frame


class Due(msgspec.Struct, frozen=True):
    """A frame on its way; `occurred_at` is when its event was committed, None for snapshots and replays."""

    frame: Frame
    occurred_at: datetime | None = None


KEPT_TURNS = 64
"""From how many places what is due there is kept; members are at few places, or else each at its own."""


def fitting(due: Sequence[Due], limit: int, max_bytes: int) -> int:
    """How many of these, at most `limit`, fit into so many bytes; the first one always does."""
    size = 0
    for index, each in enumerate(due[:limit]):
        size += len(each.frame.payload)
        if index and size > max_bytes:
            return index
    return min(limit, len(due))


class FrameWindow:
    """Frames in ascending order of position; `newest` is the last of them."""

    def __init__(self, floor: int, *, max_frames: int, max_bytes: int) -> None:
        self.floor = floor
        self.newest: Due | None = None
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._frames: deque[Due] = deque()
        self._bytes = 0
        self._turns: dict[tuple[int, int], tuple[Due, ...]] = {}

    def __repr__(self) -> str:
        return f"<FrameWindow {len(self._frames)} frames, {self._bytes} bytes above {self.floor}>"

    def __len__(self) -> int:
        return len(self._frames)

    def beyond(self, position: int) -> bool:
        """Whether a frame above `position` is here."""
        return bool(self._frames) and self._frames[-1].frame.position > position

    def append(self, due: Due) -> None:
        """Add the newest frame and drop the oldest ones that no longer fit; the floor rises over them."""
        self._turns.clear()
        self._frames.append(due)
        self.newest = due
        self._bytes += len(due.frame.payload)
        while len(self._frames) > self._max_frames or self._bytes > self._max_bytes:
            dropped = self._frames.popleft().frame
            self._bytes -= len(dropped.payload)
            self.floor = dropped.position

    def skip_to(self, position: int) -> None:
        """Forget every frame: whatever lies at or below `position` is only in the log, if anywhere."""
        self._turns.clear()
        self._frames.clear()
        self.newest = None
        self._bytes = 0
        self.floor = position

    def after(self, position: int, limit: int) -> list[Due]:
        """At most `limit` frames above `position`, ascending; `position` must not be below the floor."""
        due: list[Due] = []
        # Members are nearly always a few frames behind the newest one, so the search begins there.
        for candidate in reversed(self._frames):
            if candidate.frame.position <= position:
                break
            due.append(candidate)
        due.reverse()
        return due[:limit]

    def turn(self, position: int, limit: int, max_bytes: int) -> tuple[Due, ...]:
        """As `after`, but no more than fits into so many bytes (one always does), and nothing behind a last frame.

        All members at one place get the same object, so that whoever serves them prepares it once.
        """
        place = (position, limit)
        found = self._turns.get(place)
        if found is None:
            found = self._find_turn(position, limit, max_bytes)
            if len(self._turns) >= KEPT_TURNS:
                self._turns.clear()
            self._turns[place] = found
        return found

    def _find_turn(self, position: int, limit: int, max_bytes: int) -> tuple[Due, ...]:
        due = self.after(position, limit)
        fit = due[: fitting(due, limit, max_bytes)]
        end = next((index for index, each in enumerate(fit, 1) if each.frame.last), len(fit))
        return tuple(fit[:end])
