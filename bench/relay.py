"""A TCP relay of our own between any two parts on loopback, which does to their connections what networks do.

It cuts (RST), stalls, half-opens, delays, throttles and refuses. All of it holds for every connection that goes through
the relay, and for those that are made meanwhile; what is for a time ends by itself, and `heal` ends everything. Nothing
is awaited, so that a schedule of faults is kept to the moment.

    async with Relay(("127.0.0.1", server.port)) as relay:
        connect_to(relay.address)
        relay.stall(2.0)
"""

import asyncio
import socket
from collections.abc import Callable
from enum import Enum
from functools import partial

from bench.relay_lane import Weather
from bench.relay_link import End, Link
from core.tasks import Owner

Address = tuple[str, int]

CONNECT_SECONDS = 5.0
BACKLOG = 1024


class Direction(Enum):
    """Where bytes go: UP from whoever connected, DOWN to it."""

    UP = "up"
    DOWN = "down"


BOTH = (Direction.UP, Direction.DOWN)


class Relay:
    """Listens on a port of its own for as long as its block lasts, and connects each caller with a target.

    Args:
        targets: where callers are connected to, in turn; one that does not accept is passed over.
    """

    def __init__(self, *targets: Address) -> None:
        self._targets = list(targets)
        self._turn = 0
        self._weather = {direction: Weather() for direction in Direction}
        self._links: set[Link] = set()
        self._owner = Owner("relay")
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._server: asyncio.Server | None = None
        self._resting: socket.socket | None = None
        self.address: Address = ("127.0.0.1", 0)

    def __repr__(self) -> str:
        return f"<Relay {self.address} to {self._targets}, {len(self._links)} connections>"

    async def __aenter__(self) -> "Relay":
        listener = _bound(self.address)
        self.address = listener.getsockname()
        await self._listen(listener)
        return self

    async def __aexit__(self, *_rest: object) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._stop_listening()
        self.cut()
        await self._owner.close()

    @property
    def port(self) -> int:
        """The second half of `address`."""
        return self.address[1]

    @property
    def connections(self) -> int:
        """How many connections go through it now."""
        return len(self._links)

    def aim(self, *targets: Address) -> None:
        """Connect the next callers with these; who is connected stays so."""
        self._targets = list(targets)

    def cut(self) -> int:
        """Reset every connection, at both ends, and lose what was under way; says how many there were."""
        links = list(self._links)
        for link in links:
            link.cut()
        return len(links)

    def stall(self, seconds: float, *directions: Direction) -> None:
        """Move nothing; senders feel it when the buffers are full."""
        for direction in directions or BOTH:
            self._change((direction,), stalled=True)
            self._later(f"stall {direction}", seconds, partial(self._change, (direction,), stalled=False))

    def half_open(self, seconds: float, *directions: Direction) -> None:
        """Take everything and deliver nothing, ends included; whose bytes were lost is then reset."""
        for direction in directions or BOTH:
            self._change((direction,), swallowing=True)
            self._later(f"half open {direction}", seconds, partial(self._end_half_open, (direction,)))

    def delay(self, latency: float, *directions: Direction) -> None:
        """Deliver everything so many seconds later; 0: at once, as before."""
        self._change(directions, latency=latency)

    def throttle(self, bytes_per_second: float, *directions: Direction) -> None:
        """Let so many bytes a second pass on each connection; 0: as many as come."""
        self._change(directions, rate=bytes_per_second)

    def refuse(self, seconds: float) -> None:
        """Accept no new connections; the others stay."""
        self._stop_listening()
        # Bound and not listening, it refuses, and keeps the port from everybody else.
        self._resting = _bound(self.address)
        self._later("refuse", seconds, self._accept_again)

    def heal(self) -> None:
        """End all that is done to connections."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._end_half_open(BOTH)
        self._change(BOTH, stalled=False, latency=0.0, rate=0.0)
        self._accept_again()

    async def _connect(self, link: Link) -> None:
        """Connect a caller with the next target that accepts; with none its connection is reset."""
        loop = asyncio.get_running_loop()
        for host, port in self._in_turn():
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await loop.create_connection(lambda: link.far, host, port)
            except OSError:
                continue
            if link.is_left:
                break
            link.join()
            return
        link.cut()

    def _opened(self, link: Link) -> None:
        """Somebody has connected."""
        self._links.add(link)
        self._owner.start(self._connect(link), "connect")

    def _in_turn(self) -> list[Address]:
        self._turn += 1
        start = self._turn % len(self._targets) if self._targets else 0
        return self._targets[start:] + self._targets[:start]

    def _link(self) -> End:
        up, down = self._weather[Direction.UP], self._weather[Direction.DOWN]
        return Link(up, down, self._opened, self._links.discard).near

    def _change(self, directions: tuple[Direction, ...], **weather: float) -> None:
        for direction in directions or BOTH:
            for name, value in weather.items():
                setattr(self._weather[direction], name, value)
        for link in list(self._links):
            link.heed()

    def _later(self, name: str, seconds: float, end: Callable[[], None]) -> None:
        if name in self._timers:
            self._timers[name].cancel()
        self._timers[name] = asyncio.get_running_loop().call_later(seconds, end)

    def _end_half_open(self, directions: tuple[Direction, ...]) -> None:
        self._change(directions, swallowing=False)
        for link in [link for link in self._links if link.has_lost]:
            link.cut()

    async def _listen(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._link, sock=listener, backlog=BACKLOG)

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._resting is not None:
            self._resting.close()
            self._resting = None

    def _accept_again(self) -> None:
        resting, self._resting = self._resting, None
        if resting is not None:
            self._owner.start(self._listen(resting), "listen")


def _bound(address: Address) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setblocking(False)
    listener.bind(address)
    return listener
