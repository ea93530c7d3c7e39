"""A SOCKS 4 proxy that knows one user id (NEC's protocol, without the 4A extension): CONNECT to IPv4 addresses."""

import asyncio
import secrets
import socket
from contextlib import AsyncExitStack

from sandbox.listener import Connection, Listener, Streams
from sandbox.upstream import NotAllowed, Unresolvable, Upstream, join

_VERSION, _CONNECT = 4, 1
_GRANTED, _FAILED, _OTHER_USER = 90, 91, 93
_REQUEST_SECONDS = 10.0


class Rejected(Exception):
    """The request ends with this reply code."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"reply {code}")


class Socks4Proxy:
    """One SOCKS 4 proxy."""

    def __init__(self, upstream: Upstream, user_id: str) -> None:
        self.upstream = upstream
        self.listener = Listener("socks4 proxy", self._serve)
        self._user_id = user_id.encode()

    def __repr__(self) -> str:
        return f"<Socks4Proxy {self.listener!r}, {self.upstream!r}>"

    async def _serve(self, connection: Connection) -> None:
        async with connection.streams() as client:
            try:
                async with asyncio.timeout(_REQUEST_SECONDS):
                    target = await self._read_request(client[0])
                await self._pass_on(connection, client, target)
            except Rejected as rejected:
                client[1].write(_reply(rejected.code))

    async def _read_request(self, reader: asyncio.StreamReader) -> tuple[str, int]:
        version, command = await reader.readexactly(2)
        port = int.from_bytes(await reader.readexactly(2))
        host = socket.inet_ntop(socket.AF_INET, await reader.readexactly(4))
        given = (await reader.readuntil(b"\0"))[:-1]
        if (version, command) != (_VERSION, _CONNECT):
            raise Rejected(_FAILED)
        if not secrets.compare_digest(given, self._user_id):
            raise Rejected(_OTHER_USER)
        return host, port

    async def _pass_on(self, connection: Connection, client: Streams, target: tuple[str, int]) -> None:
        async with AsyncExitStack() as stack:
            streams = await self._reach(stack, *target)
            client[1].write(_reply(_GRANTED))
            await join(connection, client, streams)

    async def _reach(self, stack: AsyncExitStack, host: str, port: int) -> Streams:
        try:
            return await stack.enter_async_context(self.upstream.connect(host, port))
        except (Unresolvable, NotAllowed, ConnectionRefusedError, TimeoutError) as error:
            # The protocol has one code for all of them.
            raise Rejected(_FAILED) from error


def _reply(code: int) -> bytes:
    # The port and address that follow are of no use to the client of a CONNECT.
    return bytes((0, code, 0, 0, 0, 0, 0, 0))
