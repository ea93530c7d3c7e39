"""One direction of one connection through a relay, and the weather that it goes through.

A lane hands bytes on as they come while the weather is fine. Otherwise they wait in line for their time, and the line
is short: beyond `LINE_BYTES` the sender is no longer read, so that whoever sends feels it as on a real wire.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

LINE_BYTES = 256 * 1024
PIECES_PER_SECOND = 20


@dataclass
class Weather:
    """What all lanes of a direction go through now.

    Attributes:
        stalled: nothing is read, and so nothing moves.
        swallowing: everything is read, and nothing arrives.
        latency: by how many seconds all is late.
        rate: how many bytes a second pass on each connection; 0 is no limit.
    """

    stalled: bool = False
    swallowing: bool = False
    latency: float = 0.0
    rate: float = 0.0

    @property
    def fine(self) -> bool:
        """Whether bytes pass as they come."""
        return not (self.stalled or self.swallowing or self.latency or self.rate)


class Lane:
    """Takes the bytes of one end and writes them to the other; `done` is called when the last is written."""

    def __init__(self, weather: Weather, done: Callable[[], None]) -> None:
        self._weather = weather
        self._done = done
        self._source: asyncio.Transport | None = None
        self._target: asyncio.Transport | None = None
        self._line: deque[tuple[float, bytes]] = deque()
        self._waiting_bytes = 0
        self._free_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._target_is_full = False
        self._ended = False
        self.swallowed = False
        self.is_done = False

    def join(self, source: asyncio.Transport, target: asyncio.Transport) -> None:
        """Both ends are there."""
        self._source, self._target = source, target
        self.heed()

    def swallows(self) -> bool:
        """Whether what comes now, or the end of all, is kept from the target; then something is lost for good."""
        self.swallowed |= self._weather.swallowing
        return self._weather.swallowing

    def take(self, data: bytes) -> None:
        """Bytes came from the source."""
        # The target may be gone without its end's knowing, if that is kept from it.
        if self.swallows() or (self._target is not None and self._target.is_closing()):
            return
        if self._weather.fine and not self._line and self._target is not None:
            self._target.write(data)
        else:
            self._stand_in_line(data)

    def end(self) -> None:
        """The source has sent its last byte."""
        self._ended = True
        self.swallows()
        self._move()

    def fill(self, *, full: bool) -> None:
        """The target takes no more for now, or again."""
        self._target_is_full = full
        self.heed()

    def heed(self) -> None:
        """Do as the weather is now."""
        if self._source is None or self._source.is_closing():
            return
        wait = self._weather.stalled or self._target_is_full or self._waiting_bytes > LINE_BYTES
        if wait:
            self._source.pause_reading()
        else:
            self._source.resume_reading()
        self._move()

    def close(self) -> None:
        """What stands in line is lost."""
        self._line.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _stand_in_line(self, data: bytes) -> None:
        size = max(1, int(self._weather.rate / PIECES_PER_SECOND)) if self._weather.rate else len(data)
        now = asyncio.get_running_loop().time()
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            taken = len(piece) / self._weather.rate if self._weather.rate else 0.0
            self._free_at = max(now, self._free_at) + taken
            self._line.append((self._free_at + self._weather.latency, piece))
        self._waiting_bytes += len(data)
        self.heed()

    def _move(self) -> None:
        """Write what is due, and come back for the next."""
        if self._target is None or self._target.is_closing() or self._weather.stalled:
            return
        loop = asyncio.get_running_loop()
        while self._line and self._line[0][0] <= loop.time():
            piece = self._line.popleft()[1]
            self._waiting_bytes -= len(piece)
            self._target.write(piece)
        if self._timer is not None:
            self._timer.cancel()
        if self._line:
            self._timer = loop.call_at(self._line[0][0], self.heed)
        elif self._ended and not self.swallowed and not self.is_done:
            self.is_done = True
            self._target.write_eof()
            self._done()
