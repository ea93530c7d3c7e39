"""One subscriber of a group: a cursor, and no queue.

A member knows the position of the last frame that was taken for it. What comes after is in the group's window,
or, for a member that is new or has fallen behind, in a chunk that the group fetches on demand: only whoever
takes frames causes a fetch, so a socket that does not drain costs one chunk at most.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from live.operations import Stream
from live.outlet import Place
from live.window import Due, FrameWindow, fitting

TURN_BYTES = 256 * 1024
CHUNKS_AT_ONCE = 64
"""As many without a frame are passed over in one call; the others of the process want their turn."""

REPLACED = -1
"""The position of a member whose log is gone: before anything, so that it has to fetch, and gets a reset."""


class Chunk(msgspec.Struct, frozen=True):
    """What a fetch found: frames, and the position up to which they are all there is."""

    due: tuple[Due, ...]
    position: int


class Source(Protocol):
    """What a member needs of its group."""

    window: FrameWindow
    failure: list[dict[str, Any]] | None

    def fetch(self, member: "Member") -> Chunk | None:
        """What follows the member's position, if it is at hand; else None, and `member.receive` brings it."""


class Member(Place):
    """A cursor into one stream. Only frames above its position are taken, in ascending order, each once.

    `notify` is what it was given: it is called when something may be due.
    """

    __slots__ = (
        "_failure",
        "_fetching",
        "_page",
        "dismissed",
        "finished",
        "notify",
        "source",
        "stream",
    )

    def __init__(self, source: Source, stream: Stream, notify: Callable[[], None]) -> None:
        super().__init__(stream.after)
        self.source = source
        self.stream = stream
        self.finished = False
        self.dismissed = False
        self.notify = notify
        self._page: Chunk | None = None
        self._failure: list[dict[str, Any]] | None = None
        self._fetching = False

    def __repr__(self) -> str:
        at = "unopened" if self.position is None else f"at {self.position}"
        return f"<Member of {self.stream.field} {at}>"

    @property
    def failure(self) -> list[dict[str, Any]] | None:
        """Why no more frames will come, once those that were due have been taken."""
        return self._failure or self.source.failure

    @property
    def more(self) -> bool:
        """Whether another call of `take` would find or fetch something, without anybody's call of `notify`."""
        if self.finished or self._fetching:
            return False
        if self._page is not None:
            return True
        window = self.source.window
        if self.position is None or self.position < window.floor:
            # Once the stream has failed nobody fetches any more.
            return self.failure is None
        return window.beyond(self.position)

    def take(self, limit: int) -> Sequence[Due]:
        """At most `limit` frames that are due now, and TURN_BYTES unless one alone is larger; they count as delivered.

        Nothing is due when it returns nothing: `notify` is called when that may have changed.
        """
        if self.finished or limit < 1:
            return ()
        window, position = self.source.window, self.position
        if self.is_level and position is not None and position >= window.floor:
            # Nearly every time, for nearly every member.
            return self._take_window(window, position, limit)
        if self._page is None:
            self._catch_up()
        if self._page is None:
            window, position = self.source.window, self.position
            # What is fetched comes first: after the log was replaced, the position may be above the new window's floor.
            if self._fetching or position is None or position < window.floor:
                return ()
            return self._take_window(window, position, limit)
        due = self._take_page(limit)
        for index, each in enumerate(due):
            if each.frame.last:
                self._finish()
                return due[: index + 1]
        return due

    def _finish(self) -> None:
        self.finished = True
        self.is_level = False

    def _pass_silence(self) -> None:
        """Go on from where the next frame is, as far as the window remembers that nothing comes before it."""
        if self.position is not None:
            self.position = self.source.window.beyond_silence(self.position)

    def receive(self, chunk: Chunk | None, failure: list[dict[str, Any]] | None = None) -> None:
        """A fetch has ended: with frames, or with the errors to end on."""
        self._fetching = False
        self._failure = failure
        if chunk is not None:
            self._accept(chunk)
        self._look()
        self.notify()

    def _accept(self, chunk: Chunk) -> None:
        if chunk.due:
            self._page = chunk
        else:
            self.position = chunk.position

    def _look(self) -> None:
        """See whether it is level, after something that this depends on."""
        self.is_level = not self._fetching and self._page is None and not self.finished

    def replaced(self) -> None:
        """Another log has taken the place of the one that its position and its frames are of."""
        # A fetch that is under way brings what is of the new one. Who has had nothing yet begins as it would have, but
        # not with a snapshot of the old one that it was about to take.
        if self._fetching:
            return
        self._page = None
        self._look()
        if self.position is not None:
            self.position = REPLACED

    def dismiss(self) -> None:
        """The process is about to stop: nothing more will come, and the stream has not ended."""
        self.dismissed = True
        self.notify()

    def _take_page(self, limit: int) -> Sequence[Due]:
        page = self._page
        if page is None:
            return ()
        count = fitting(page.due, limit, TURN_BYTES)
        due, rest = page.due[:count], page.due[count:]
        self.position = due[-1].frame.position if rest else page.position
        self._page = Chunk(rest, page.position) if rest else None
        self._look()
        return due

    def _take_window(self, window: FrameWindow, position: int, limit: int) -> Sequence[Due]:
        due = window.turn(position, limit, TURN_BYTES)
        if due:
            last = due[-1].frame
            self.position = last.position
            if last.last:
                self._finish()
        return due

    def _catch_up(self) -> None:
        """Ask for what comes next until there is a frame, or it has to be waited for, or is in the window."""
        for _ in range(CHUNKS_AT_ONCE):
            if self._fetching or not self.more:
                return
            self._fetching, self.is_level = True, False
            self._pass_silence()
            chunk = self.source.fetch(self)
            if chunk is None:
                return
            self._fetching = False
            self._accept(chunk)
            self._look()
            if self._page is not None or (self.position or 0) >= self.source.window.floor:
                return
