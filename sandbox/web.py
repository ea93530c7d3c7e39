"""The sandbox's web servers: one listener for https, one for http; the host name decides what happens.

A server that is to misbehave must own its connection, so this is HTTP/1.1 by hand, and little of it: GET and HEAD,
one request for each connection (RFC 9112). The https side reads the server name from the ClientHello before TLS
begins, for a reset or a broken handshake has to come before any certificate does.
"""

import asyncio
import contextlib
from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus

import msgspec

from core.clock import SystemClock
from sandbox.behaviours import Web
from sandbox.bodies import Response
from sandbox.certificates import Certificates
from sandbox.client_hello import peek_server_name
from sandbox.listener import Connection, Listener, Streams
from sandbox.pages import Pages, Ports, Request, not_here
from sandbox.world import ECHO, Site, World

_REQUEST_SECONDS = 10.0
_DRIP_SECONDS = 0.2
# Longer than any client of ours waits, and yet an end.
_HOLD_SECONDS = 300.0
_CHUNK = 64 * 1024
# Alert, TLS 1.2, two bytes: fatal, handshake_failure (RFC 8446 section 6).
_HANDSHAKE_FAILURE = bytes((21, 3, 3, 0, 2, 2, 40))
_PLAIN_REFUSED = {Web.TLS_SELF_SIGNED, Web.TLS_EXPIRED, Web.TLS_WRONG_NAME}


class Head(msgspec.Struct, frozen=True):
    """The parts of a request's head that matter here; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        """The path without its query."""
        return self.target.partition("?")[0]

    @property
    def host(self) -> str:
        """The host name without its port, in lower case."""
        return self.headers.get("host", "").partition(":")[0].lower()


async def read_head(reader: asyncio.StreamReader) -> Head:
    """Read one request's head.

    Raises:
        EOFError: the client left before it was complete.
        ValueError: it is no request line.
        TimeoutError: it took more than ten seconds.
    """
    async with asyncio.timeout(_REQUEST_SECONDS):
        raw = await reader.readuntil(b"\r\n\r\n")
    request_line, *lines = raw.decode("latin-1").split("\r\n")
    method, target, _ = request_line.split(" ")
    fields = (line.partition(":") for line in lines if line)
    return Head(method, target, {name.lower(): value.strip() for name, _, value in fields})


class WebServers:
    """Both listeners, from `open` to `close`. `asked` counts the connections."""

    def __init__(self, world: World, certificates: Certificates) -> None:
        self._world = world
        self._certificates = certificates
        self._http = Listener("http", self._serve_http)
        self._https = Listener("https", self._serve_https)
        self._pages = Pages(Ports(http=0, https=0))
        self.asked = 0

    def __repr__(self) -> str:
        return f"<WebServers {self._http!r}, {self._https!r}>"

    @property
    def ports(self) -> Ports:
        """Where the servers listen."""
        return Ports(http=self._http.port, https=self._https.port)

    def open(self, http_port: int = 0, https_port: int = 0) -> None:
        """Listen on these ports, or on free ones for 0.

        Raises:
            Misconfigured: a port is in use.
        """
        self._http.open(http_port)
        self._https.open(https_port)
        self._pages = Pages(self.ports)

    async def close(self) -> None:
        """End all connections, the slow ones too, and return when they have ended."""
        await self._http.close()
        await self._https.close()

    async def _serve_https(self, connection: Connection) -> None:
        self.asked += 1
        name = await peek_server_name(connection)
        site = self._world.find(name) if name else None
        behaviour = site.web if site else None
        match behaviour:
            case Web.RESET:
                connection.reset_on_close()
            case Web.TLS_BROKEN:
                await _break_handshake(connection)
            case Web.TLS_SILENT:
                async with connection.streams() as (reader, _):
                    await _hold(reader)
            case _:
                async with connection.streams(self._certificates.for_web(behaviour)) as streams:
                    await self._exchange(streams)

    async def _serve_http(self, connection: Connection) -> None:
        self.asked += 1
        async with connection.streams() as streams:
            head = await read_head(streams[0])
            site = self._find(head)
            if site is not None and site.web is Web.RESET:
                connection.reset_on_close()
            elif site is None or site.web not in _PLAIN_REFUSED:
                await self._answer(streams, head, site)

    async def _exchange(self, streams: Streams) -> None:
        head = await read_head(streams[0])
        await self._answer(streams, head, self._find(head))

    def _find(self, head: Head) -> Site | None:
        return self._world.find(ECHO if head.host == "127.0.0.1" else head.host)

    async def _answer(self, streams: Streams, head: Head, site: Site | None) -> None:
        if site is not None and site.web is Web.STALLED_HEAD:
            await _stall(streams)
        elif site is not None and site.web is Web.DRIPPING_BODY:
            await _drip(streams)
        else:
            peer = str(streams[1].get_extra_info("peername")[0])
            response = not_here() if site is None else self._pages.respond(site, Request(head.path, peer))
            await _send(streams[1], response, with_body=head.method != "HEAD")


async def _break_handshake(connection: Connection) -> None:
    async with connection.streams() as (reader, writer):
        # The ClientHello is read first: a close with unread data would be a reset (RFC 2525 section 2.17).
        await reader.read(_CHUNK)
        writer.write(_HANDSHAKE_FAILURE)


async def _hold(reader: asyncio.StreamReader) -> None:
    """Say nothing until the client leaves."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_HOLD_SECONDS):
            while await reader.read(_CHUNK):
                pass


async def _stall(streams: Streams) -> None:
    reader, writer = streams
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-More:")
    await writer.drain()
    await _hold(reader)


async def _drip(streams: Streams) -> None:
    """A body that comes in drops, so that no limit between two bytes ends it, only one for the whole."""
    reader, writer = streams
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n<title>Drip</title>"
    )
    for _ in range(int(_HOLD_SECONDS / _DRIP_SECONDS)):
        writer.write(b".")
        await writer.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRIP_SECONDS):
                if not await reader.read(_CHUNK):
                    return


async def _send(writer: asyncio.StreamWriter, response: Response, *, with_body: bool) -> None:
    writer.write(_response_head(response))
    if not with_body:
        return
    for at in range(0, len(response.body), _CHUNK):
        writer.write(response.body[at : at + _CHUNK])
        await writer.drain()


def _last_modified(age: int | None) -> str | None:
    """The moment of the last change as a header has it (RFC 9110 section 5.6.7)."""
    if age is None:
        return None
    return format_datetime(SystemClock().now() - timedelta(seconds=age), usegmt=True)


def _response_head(response: Response) -> bytes:
    fields = {
        "Content-Type": response.content_type,
        "Content-Encoding": response.encoding,
        "Location": response.location,
        "Last-Modified": _last_modified(response.age),
        "Content-Length": str(len(response.body)),
        "Connection": "close",
    }
    phrase = HTTPStatus(response.status).phrase
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join([f"HTTP/1.1 {response.status} {phrase}", *lines, "", ""]).encode("latin-1")
