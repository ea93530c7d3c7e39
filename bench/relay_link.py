"""One connection through a relay: two sockets, and a lane for each direction."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import cast

from bench.relay_lane import Lane, Weather

# With this, closing sends RST and forgets what was not sent yet.
LINGER_ZERO = struct.pack("ii", 1, 0)


class Link:
    """One connection: its two ends and its two lanes. `opened` and `closed` are told of it."""

    def __init__(
        self, up: Weather, down: Weather, opened: Callable[["Link"], None], closed: Callable[["Link"], None]
    ) -> None:
        self._opened = opened
        self._closed = closed
        self.up = Lane(up, self._lane_done)
        self.down = Lane(down, self._lane_done)
        self.near = End(self, self.up, self.down)
        self.far = End(self, self.down, self.up)

    @property
    def has_lost(self) -> bool:
        """Whether bytes that one end has sent are gone."""
        return self.up.swallowed or self.down.swallowed

    @property
    def is_left(self) -> bool:
        """Whether the caller is gone."""
        return self.near.transport is None or self.near.transport.is_closing()

    def connected(self, end: "End") -> None:
        """An end is there."""
        if end is self.near:
            self._opened(self)

    def join(self) -> None:
        """Both ends are there."""
        near, far = self.near.transport, self.far.transport
        if near is not None and far is not None:
            self.up.join(near, far)
            self.down.join(far, near)

    def heed(self) -> None:
        """Do as the weather is now."""
        self.up.heed()
        self.down.heed()

    def lost(self, lane: Lane, error: Exception | None) -> None:
        """The end that fills this lane is gone, and so the other goes, unless that is kept from it for now."""
        if self.near.transport is None and self.far.transport is None:
            self._closed(self)
        if lane.swallows():
            return
        if error is None:
            self.close()
        else:
            self.cut()

    def _lane_done(self) -> None:
        if self.up.is_done and self.down.is_done:
            self.close()

    def close(self) -> None:
        """Close both ends when what was written is sent."""
        self._finish(lambda end: end.close())

    def cut(self) -> None:
        """Reset both ends, and lose what was not sent."""
        self._finish(lambda end: end.reset())

    def _finish(self, how: "Callable[[End], None]") -> None:
        for lane in (self.up, self.down):
            lane.close()
        for end in (self.near, self.far):
            how(end)


class End(asyncio.Protocol):
    """One socket of a link: what it brings goes into `lane`, what it is to send comes by `other`."""

    def __init__(self, link: Link, lane: Lane, other: Lane) -> None:
        self._link = link
        self._lane = lane
        self._other = other
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self.transport = cast("asyncio.Transport", transport)
        # Until the other end is there, and the weather allows it.
        self.transport.pause_reading()
        self._link.connected(self)

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        self._lane.take(data)

    def eof_received(self) -> bool:
        """Stay open: the other direction may have more."""
        self._lane.end()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """See asyncio."""
        self.transport = None
        self._link.lost(self._lane, error)

    def pause_writing(self) -> None:
        """See asyncio."""
        self._other.fill(full=True)

    def resume_writing(self) -> None:
        """See asyncio."""
        self._other.fill(full=False)

    def close(self) -> None:
        """Close it when what was written is sent."""
        if self.transport is not None:
            self.transport.close()

    def reset(self) -> None:
        """Close it with RST."""
        if self.transport is not None:
            self.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO
            )
            self.transport.abort()
