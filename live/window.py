"""The newest frames of one group, bounded in number and in bytes.

`floor` is what makes it safe to be bounded: every frame of the stream with a position above the floor (and up
to the group's own position) is here, and nothing is promised at or below it. A member at or above the floor
reads here; a member below it has to read the log.

It has to read what was dropped, and no more. Who has had all that there was is where its last frame was, which on a
quiet stream is far behind: others' events are in between, and perhaps the log is no longer kept from there. So of what
was dropped the window remembers the *silences*: the parts of the log between two frames, or before the first, in which
nothing concerned the stream. A member that is inside one goes on at its end. All that it would find in between was
looked at already, for those who were up to date, and there was nothing to tell. What a rate holds back, or leaves out,
is no silence: whoever reads the log instead has to count it.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from live.operations import Frame


class Due(msgspec.Struct, frozen=True):
    """A frame on its way; `occurred_at` is when its event was committed, None for snapshots and replays.

    `since` is of what was held back: the position of the first event that was, after a while in which nothing was.
    """

    frame: Frame
    occurred_at: datetime | None = None
    since: int | None = None

    @property
    def begin(self) -> int:
        """Between the frame before and this position, nothing concerned the stream."""
        return self.frame.position if self.since is None else self.since


class Silence(NamedTuple):
    """A part of the log in which nothing concerned the stream: the events after `begin`, up to `end` and with it."""

    begin: int
    end: int

    @property
    def length(self) -> int:
        """How many events it has."""
        return self.end - self.begin


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


def _begin(silence: Silence) -> int:
    return silence.begin


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
        # All below the floor, ascending; each is at least twice as long as the one that follows it.
        self._silences: list[Silence] = []

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
            self._drop(self._frames.popleft())

    def _drop(self, due: Due) -> None:
        self._bytes -= len(due.frame.payload)
        silence = Silence(self.floor, due.begin - 1)
        if silence.length > 0:
            self._remember(silence)
        self.floor = due.frame.position

    def _remember(self, silence: Silence) -> None:
        """Keep a silence, and of those before it the ones that are much longer: of any log that is a few dozen.

        However many frames are told with little in between, the long silence before them remains.
        """
        kept = self._silences
        while kept and kept[-1].length < 2 * silence.length:
            kept.pop()
        kept.append(silence)

    def beyond_silence(self, position: int) -> int:
        """The end of the silence that a position is in; the position itself if none is known there."""
        index = bisect_right(self._silences, position, key=_begin)
        return max(position, self._silences[index - 1].end) if index else position

    def skip_to(self, position: int) -> None:
        """Forget every frame: whatever lies at or below `position` is only in the log, if anywhere."""
        self._turns.clear()
        self._frames.clear()
        self._silences.clear()
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
