"""From events to frames, in the order of the log, with progress held back where the stream asks for it.

A group has one teller for what it follows, and each reading of the log for members that are behind has one of
its own (`live/group.py`); `live/conflation.py` keeps what is held. Two things hold whatever fails in between:

* Frames are appended in ascending positions: before a frame of another kind, all that is held is told. So the last
  progress before an end always arrives, and no cursor passes over a value that is still held.
* What is held is forgotten only once its frame is appended. An outage (`Unavailable`) at any `await` leaves the rest
  held, and the next call goes on with it: nothing is lost, nothing is appended twice.
"""

import asyncio
from collections.abc import Callable

from events.envelope import Envelope
from live.conflation import Conflation
from live.operations import Frame, NotNow, Stream
from live.window import Due

TIMER_SECONDS = 0.001
"""By how much a timer may be early: uvloop's count whole milliseconds, and the loop would turn until the tick came."""


class Teller:
    """Renders what matches a stream and appends it, or holds it back until `flush`."""

    def __init__(self, stream: Stream, append: Callable[[Due], None]) -> None:
        self._stream = stream
        self._append = append
        self._held = None if stream.max_rate is None else Conflation(stream.max_rate)

    def __repr__(self) -> str:
        return f"<Teller of {self._stream.field}, {self.holding} held>"

    @property
    def holding(self) -> int:
        """How many values are held back."""
        return 0 if self._held is None else len(self._held)

    @property
    def deadline(self) -> float | None:
        """When `flush_due` has something to do, in the time of the loop; None if nothing is held."""
        return None if self._held is None else self._held.deadline

    def tell_now(self, envelope: Envelope) -> bool:
        """Do what `tell` does, if that takes no waiting and changes no deadline; else nothing is done."""
        stream, held = self._stream, self._held
        if not stream.matches(envelope):
            return True
        if held is not None:
            key = stream.conflated_by(envelope) if len(held) else None
            if key is not None:
                held.offer(key, envelope)
            return key is not None
        frame = stream.render_now(envelope)
        if isinstance(frame, NotNow):
            return False
        if frame is not None:
            self._append(Due(frame, envelope.occurred_at))
        return True

    async def tell(self, envelope: Envelope) -> None:
        """Append the frame of one event, or hold it back. Events come in ascending positions.

        Raises:
            Unavailable: the database does not answer; what was appended stays, and the same event may come again.
        """
        if not self._stream.matches(envelope):
            return
        key = None if self._held is None else self._stream.conflated_by(envelope)
        if self._held is not None and key is not None:
            self._held.offer(key, envelope)
            return
        frame = await self._rendered(envelope)
        if frame is not None:
            await self.flush()
            self._append(Due(frame, envelope.occurred_at))

    async def flush_due(self) -> None:
        """Append what is held, if it is time; raises what `tell` raises."""
        if self._held is not None and self._held.due(_now() + TIMER_SECONDS):
            await self.flush()

    async def flush(self) -> None:
        """Append all that is held, oldest first; raises what `tell` raises."""
        held = self._held
        while held is not None and (oldest := held.oldest) is not None:
            frame = await self._rendered(oldest.envelope, oldest.skipped)
            if frame is None:
                held.passed_over(oldest)
                continue
            # It waited on purpose, so it does not count as slow.
            self._append(Due(frame, since=held.since))
            held.told(oldest, _now())

    async def _rendered(self, envelope: Envelope, skipped: int = 0) -> Frame | None:
        frame = self._stream.render_now(envelope, skipped)
        return frame if not isinstance(frame, NotNow) else await self._stream.render(envelope, skipped)

    def forget(self) -> None:
        """Hold nothing any more."""
        if self._held is not None:
            self._held.forget()


def _now() -> float:
    return asyncio.get_running_loop().time()
