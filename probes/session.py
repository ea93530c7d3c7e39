"""aiohttp sessions whose connections are opened by a `Dialer`: the target is an address, the name goes in beside it.

The URL that aiohttp gets has the checked address as its host, so that nothing is ever resolved here; the
Host header and the name for TLS are given with each request. Connections are never kept, because each host
is fetched once and a kept connection would belong to an address and not to a name.

A connection takes a number of bytes and no more, whatever they are: chunks can have extensions without end, and
informational responses can follow one another, which no limit of a body or a header sees.
"""

import asyncio

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from multidict import CIMultiDict
from yarl import URL

from probes.body import CODED_MORE
from probes.dialer import Dialer, Target
from probes.failures import explain

MAX_HEADER_BYTES = 16 * 1024
MORE_BYTES = CODED_MORE + 2 * 1024 * 1024
"""How many bytes a connection takes beside those of the body: what a coding adds, heads, and the frames of chunks."""


class _Handler(ResponseHandler):
    """aiohttp's protocol, which is in `handlers` as long as its connection is open.

    A set of weak references to transports would be simpler, but uvloop's TLS transports allow none.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, handlers: "set[_Handler]", most: int) -> None:
        super().__init__(loop)
        self._handlers = handlers
        self._left = most

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.Protocol."""
        super().connection_made(transport)
        self._handlers.add(self)

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        self._left -= len(data)
        if self._left >= 0:
            super().data_received(data)
        elif self.transport is not None:
            self.set_exception(aiohttp.ClientPayloadError("more bytes than a response may have"))
            self.transport.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Part of asyncio.Protocol."""
        self._handlers.discard(self)
        super().connection_lost(exc)


class DialingConnector(aiohttp.BaseConnector):
    """Hands the connections of its dialer to aiohttp, and can end them all."""

    def __init__(self, dialer: Dialer, most: int) -> None:
        super().__init__(force_close=True, limit=0)
        self._dialer = dialer
        self._most = most
        self._handlers: set[_Handler] = set()

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],  # noqa: ARG002 - the signature is aiohttp's.
        timeout: aiohttp.ClientTimeout,  # noqa: ARG002
    ) -> ResponseHandler:
        host, port = req.url.host, req.url.port
        if host is None or port is None:
            raise aiohttp.InvalidURL(req.url)
        target = Target(host, port, req.server_hostname if req.is_ssl() else None)
        _, handler = await self._dialer.open(target, lambda: _Handler(self._loop, self._handlers, self._most))
        return handler

    def abort_all(self) -> None:
        """End every connection at once, those that still wait for a TLS good-bye too."""
        for handler in list(self._handlers):
            if handler.transport is not None:
                handler.transport.abort()


class Response(aiohttp.ClientResponse):
    """aiohttp's, which remembers the version of TLS: its connection is gone once a short body is there."""

    tls_version: str | None = None

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        """Part of aiohttp's ClientResponse."""
        transport = connection.transport
        tls = None if transport is None else transport.get_extra_info("ssl_object")
        self.tls_version = None if tls is None else tls.version()
        return await super().start(connection)


class Session:
    """GET requests by one route, for bodies of which `body_bytes` are read at most. Close it when done."""

    def __init__(self, dialer: Dialer, body_bytes: int) -> None:
        self._connector = DialingConnector(dialer, body_bytes + MORE_BYTES)
        self._client = aiohttp.ClientSession(
            connector=self._connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            response_class=Response,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            middlewares=(_fail_once,),
        )

    async def get(self, url: URL, address: str, headers: CIMultiDict[str]) -> aiohttp.ClientResponse:
        """Ask for `url` at `address`; the response's head is read, its body is not. Redirects are not followed.

        Raises:
            ProbeFailure: there is no response.
        """
        dialled = url.with_host(address)
        try:
            return await self._client.get(
                dialled, headers=headers, server_hostname=url.raw_host, allow_redirects=False
            )
        except (aiohttp.ClientError, ValueError) as error:
            raise explain(error) from error

    async def close(self) -> None:
        """End everything that is open."""
        await self._client.close()
        self._connector.abort_all()


async def _fail_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Turn a failure into ours: aiohttp repeats a GET whose connection broke, and would count as two visits."""
    try:
        return await handler(request)
    except (aiohttp.ClientError, OSError) as error:
        raise explain(error) from error
