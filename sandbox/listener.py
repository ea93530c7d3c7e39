"""Accepting connections by hand, so that every connection is a task that somebody awaits.

`asyncio.start_server` runs its callbacks as tasks of its own, which `Server.close` neither ends nor awaits, and it
starts TLS before anything can be known about the client. Here a listener accepts, gives each connection to its
handler as a task of an `Owner`, and holds back further ones when `limit` are open. A handler may look at the first
bytes before it decides what to do (`peek`), reset the connection, or go on with streams, in clear or inside TLS.

Invariants: `close` returns when no task and no socket of this listener is left; a socket is closed by exactly one
side, the transport once `streams` has taken it, else this module.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from core.errors import Misconfigured
from core.tasks import Owner

log = structlog.get_logger(__name__)

HOST = "127.0.0.1"
LINE_LIMIT = 64 * 1024
_CONNECTIONS = 512
_CLOSE_SECONDS = 1.0
# Linger on, for zero seconds: the close discards what is unsent and sends RST (SO_LINGER in socket(7)).
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
# What ends a connection without being a defect of the server: the peer left, or sent what is no request.
PEER_FAULTS = (OSError, EOFError, asyncio.LimitOverrunError, TimeoutError, ValueError)


class Connection:
    """One accepted connection, before or after a transport took it."""

    def __init__(self, accepted: socket.socket) -> None:
        self._socket = accepted
        self._taken = False

    async def peek(self, size: int) -> bytes:
        """Up to `size` bytes that have arrived, left in place for whoever reads next; empty at the end."""
        await self._readable()
        return self._socket.recv(size, socket.MSG_PEEK)

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._socket, _settle, ready)
        try:
            await ready
        finally:
            loop.remove_reader(self._socket)

    def reset_on_close(self) -> None:
        """Let the close, whenever it comes, be a reset."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)

    @asynccontextmanager
    async def streams(self, context: ssl.SSLContext | None = None) -> AsyncIterator[Streams]:
        """Streams over this connection, inside TLS with a context; at the end it is flushed and closed.

        Raises:
            OSError: the TLS handshake failed (`ssl.SSLError`), or the peer left.
        """
        self._taken = True
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=LINE_LIMIT, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, self._socket, ssl=context)
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            yield reader, writer
            await _flush(writer)
        finally:
            await abort(writer)

    def release(self) -> None:
        """Close the socket, unless a transport has taken it and closes it itself."""
        if not self._taken:
            self._socket.close()


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


async def _flush(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(*PEER_FAULTS):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await writer.wait_closed()


async def abort(writer: asyncio.StreamWriter) -> None:
    """Close at once, whatever is unsent, and wait until the socket is closed."""
    writer.transport.abort()
    with contextlib.suppress(*PEER_FAULTS):
        await writer.wait_closed()


class Listener:
    """A listening socket on the loopback address, and the connections accepted from it."""

    def __init__(
        self, name: str, handle: Callable[[Connection], Awaitable[None]], limit: int = _CONNECTIONS
    ) -> None:
        self._name = name
        self._handle = handle
        self._slots = asyncio.Semaphore(limit)
        self._owner = Owner(f"sandbox:{name}")
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    def __repr__(self) -> str:
        return f"<Listener {self._name}, {self._owner!r}>"

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._socket.getsockname()[1])

    def open(self, port: int = 0) -> None:
        """Listen on `port`, or on a free one for 0.

        Raises:
            Misconfigured: the port is in use.
        """
        bind(self._socket, port, self._name)
        self._socket.listen(_CONNECTIONS)
        _ = self._owner.start(self._accept(), "accept")

    async def close(self) -> None:
        """Listen no more, end every connection, and wait until the last one has ended."""
        await self._owner.close()
        self._socket.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._slots.acquire()
            try:
                accepted, _ = await loop.sock_accept(self._socket)
            except OSError as error:
                # Out of file descriptors, or a client that left before it was accepted: the next one may do better.
                log.warning("sandbox_accept_failed", listener=self._name, reason=str(error))
                self._slots.release()
                await asyncio.sleep(0.05)
                continue
            _ = self._owner.start(self._serve(Connection(accepted)), "connection")

    async def _serve(self, connection: Connection) -> None:
        try:
            await self._handle(connection)
        except PEER_FAULTS as error:
            log.debug("sandbox_connection_ended", listener=self._name, reason=repr(error))
        finally:
            connection.release()
            self._slots.release()


def bind(unbound: socket.socket, port: int, name: str) -> None:
    """Bind a socket to the loopback address without blocking; a port that a restart left in TIME_WAIT will do.

    Raises:
        Misconfigured: the port is in use; the socket is closed.
    """
    unbound.setblocking(False)
    if unbound.type == socket.SOCK_STREAM:
        unbound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        unbound.bind((HOST, port))
    except OSError as error:
        unbound.close()
        raise Misconfigured(f"The sandbox cannot use port {port} for {name}: {error.strerror}.") from error
