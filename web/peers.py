"""Everybody who follows something from this process: sockets and event streams, looked after by one task.

It pings, drops who is dead, closes who is too slow (`web/pulse.py` decides), warns when hardly any more may come
(`web/open_files.py`), and, when the process is to stop, asks them to leave, evenly over a time, so that they do not all
come back to another process in one instant.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from enum import StrEnum
from typing import Protocol

import structlog

from core.tasks import Owner
from web.open_files import OpenFiles
from web.pulse import Finding, Patience, Pulse
from web.traffic import look

IN_TURN = 64

log = structlog.get_logger(__name__)


class Dropped(StrEnum):
    """Why a connection was ended from this side; the value of a label of `/metrics`."""

    DEAD = "dead"
    SLOW = "slow"
    DRAINED = "drained"
    UNFINISHED = "unfinished"
    BREACH = "breach"
    EXPELLED = "expelled"

    @property
    def meaning(self) -> str:
        """What happened, for people."""
        return MEANINGS[self]


MEANINGS = {
    Dropped.DEAD: "It answered no ping, or its system acknowledged nothing: dropped without a word.",
    Dropped.SLOW: "It took nothing for too long although something waited: closed with 4510, an event stream dropped.",
    Dropped.DRAINED: "The process stops: closed with 1012, an event stream ended; no fault of anybody's.",
    Dropped.UNFINISHED: "A request's head, or a message, had begun and was not there in whole in time: 408, or 4511.",
    Dropped.BREACH: "It sent what RFC 6455 forbids: closed with 1002, 1007 or 1009.",
    Dropped.EXPELLED: "Its token ended, or its principal sees something else: closed with 4403 or 4512.",
}


class Peer(Protocol):
    """One connection that lasts."""

    @property
    def pulse(self) -> Pulse:
        """What has been seen of it."""

    @property
    def transport(self) -> asyncio.Transport:
        """What its bytes go through."""

    @property
    def listening(self) -> bool:
        """Whether its frames are being read at this moment."""

    async def ping(self) -> None:
        """Ask for a sign of life. Only called while nothing waits to be written, so it does not wait either.

        Raises:
            ConnectionError: the peer is gone.
        """

    async def give_up(self) -> None:
        """End it because it takes nothing; returns within seconds, whether the peer hears of it or not."""

    async def leave(self) -> None:
        """End it because the process stops, once what was asked for is answered; the client comes back elsewhere.

        Returns when it has ended, and within seconds, whatever the peer does.
        """

    async def hang_up(self) -> None:
        """End it because the process stops now; returns within seconds, too."""


class Peers:
    """The open connections; `on_drop` hears of each that is ended from here."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self.draining = False
        self.on_drop: Callable[[Dropped], None] = lambda _: None
        self._open: dict[Peer, None] = {}
        self._ending: set[Peer] = set()
        self._tasks = Owner("web.peers")
        self._watch: asyncio.Task[None] | None = None
        self._nobody = asyncio.Event()
        self._files = OpenFiles()

    def __repr__(self) -> str:
        state = "draining" if self.draining else "open"
        return f"<Peers {state}, {len(self._open)} connections>"

    def __len__(self) -> int:
        return len(self._open)

    def watch(self, peer: Peer) -> None:
        """Look after a connection until it is `left`; not after one that comes while they are `draining`."""
        if self._watch is None or self._watch.done():
            self._watch = self._tasks.start(self._look_after(), "watch")
        self._open[peer] = None
        self._nobody.clear()

    def left(self, peer: Peer) -> None:
        """The connection has ended."""
        del self._open[peer]
        self._ending.discard(peer)
        if not self._open:
            self._nobody.set()

    async def drain(self, seconds: float) -> None:
        """Refuse who comes, and ask those who are here to leave, evenly over `seconds`; returns when all have left."""
        self.draining = True
        leaving = tuple(self._open)
        loop = asyncio.get_running_loop()
        start = loop.time()
        tasks = set()
        for index, peer in enumerate(leaving):
            if await self._all_left(start + seconds * index / len(leaving)):
                break
            if peer in self._open and peer not in self._ending:
                tasks.add(self._end(peer, Dropped.DRAINED))
        if tasks:
            await asyncio.wait(tasks)

    async def _all_left(self, until: float) -> bool:
        """Whether nobody is left, as soon as that is so, or at this time."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._nobody.wait()
        return not self._open

    async def close(self) -> None:
        """Refuse who comes, end whoever is here, all at once, and look after nobody any more. Safe to call twice."""
        self.draining = True
        await asyncio.gather(*(_guarded(peer, peer.hang_up()) for peer in tuple(self._open)))
        await self._tasks.close()

    async def _look_after(self) -> None:
        # The task began with the names of whoever came first, and speaks of everybody.
        structlog.contextvars.clear_contextvars()
        while self._open:
            await asyncio.sleep(self.patience.look_seconds)
            self._files.look(asyncio.get_running_loop().time())
            for number, peer in enumerate(tuple(self._open)):
                if number % IN_TURN == 0:
                    # Thousands are looked at; nobody's event shall wait for all of that.
                    await asyncio.sleep(0)
                # Some have left while others were looked at.
                if peer in self._open and peer not in self._ending:
                    await _guarded(peer, self._look_at(peer))
        self._watch = None

    async def _look_at(self, peer: Peer) -> None:
        if peer.transport.is_closing():
            return
        now, traffic = asyncio.get_running_loop().time(), look(peer.transport)
        await self._act(peer, peer.pulse.judge(now, traffic, listening=peer.listening))

    async def _act(self, peer: Peer, finding: Finding) -> None:
        match finding:
            case Finding.PING:
                with suppress(ConnectionError):
                    await peer.ping()
            case Finding.DEAD:
                self._count(peer, Dropped.DEAD)
                # A close would wait for a buffer that nobody takes.
                peer.transport.abort()
            case Finding.SLOW:
                self._end(peer, Dropped.SLOW)
            case Finding.FINE:
                pass

    def _end(self, peer: Peer, reason: Dropped) -> asyncio.Task[None]:
        self._ending.add(peer)
        self._count(peer, reason)
        return self._tasks.start(peer.give_up() if reason is Dropped.SLOW else peer.leave(), reason)

    def _count(self, peer: Peer, reason: Dropped) -> None:
        self.on_drop(reason)
        if reason is not Dropped.DRAINED:
            log.info("peer_dropped", peer=repr(peer), reason=reason.value)


async def _guarded(peer: Peer, work: Coroutine[None, None, None]) -> None:
    """What goes wrong with one is of no concern to the others."""
    try:
        await work
    except Exception:
        log.exception("peer_failed", peer=repr(peer))
