"""A SOCKS 5 proxy with a user name and password (RFC 1928, RFC 1929): CONNECT to IPv4 addresses and to names."""

import asyncio
import secrets
import socket
from contextlib import AsyncExitStack

from sandbox.listener import Connection, Listener, Streams
from sandbox.upstream import Credentials, NotAllowed, Unresolvable, Upstream, join

_VERSION, _SUBVERSION = 5, 1
_BY_PASSWORD, _NO_METHOD = 2, 255
_CONNECT = 1
_IPV4 = 1
_OK, _NOT_ALLOWED, _UNREACHABLE, _CONNECTION_REFUSED, _NO_COMMAND, _NO_ADDRESS_TYPE = 0, 2, 4, 5, 7, 8
_GREETING_SECONDS = 10.0


class Rejected(Exception):
    """The request ends with this reply code (RFC 1928 section 6)."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"reply {code}")


class SocksProxy:
    """One SOCKS 5 proxy."""

    def __init__(self, upstream: Upstream, credentials: Credentials) -> None:
        self.upstream = upstream
        self.listener = Listener("socks5 proxy", self._serve)
        self._credentials = credentials

    def __repr__(self) -> str:
        return f"<SocksProxy {self.listener!r}, {self.upstream!r}>"

    async def _serve(self, connection: Connection) -> None:
        async with connection.streams() as client:
            try:
                async with asyncio.timeout(_GREETING_SECONDS):
                    known = await self._authenticate(client)
                    target = await _read_request(client[0]) if known else None
                if target is not None:
                    await self._pass_on(connection, client, target)
            except Rejected as rejected:
                client[1].write(_reply(rejected.code))

    async def _authenticate(self, client: Streams) -> bool:
        reader, writer = client
        version, methods = await reader.readexactly(2)
        offered = await reader.readexactly(methods)
        if version != _VERSION or _BY_PASSWORD not in offered:
            writer.write(bytes((_VERSION, _NO_METHOD)))
            return False
        writer.write(bytes((_VERSION, _BY_PASSWORD)))
        (_,) = await reader.readexactly(1)
        given = await _counted(reader) + b"\0" + await _counted(reader)
        expected = f"{self._credentials.username}\0{self._credentials.password}".encode()
        known = secrets.compare_digest(given, expected)
        writer.write(bytes((_SUBVERSION, 0 if known else 1)))
        return known

    async def _pass_on(self, connection: Connection, client: Streams, target: tuple[str, int]) -> None:
        async with AsyncExitStack() as stack:
            streams = await self._reach(stack, *target)
            client[1].write(_reply(_OK))
            await join(connection, client, streams)

    async def _reach(self, stack: AsyncExitStack, host: str, port: int) -> Streams:
        try:
            return await stack.enter_async_context(self.upstream.connect(host, port))
        except (Unresolvable, TimeoutError) as error:
            raise Rejected(_UNREACHABLE) from error
        except NotAllowed as error:
            raise Rejected(_NOT_ALLOWED) from error
        except ConnectionRefusedError as error:
            raise Rejected(_CONNECTION_REFUSED) from error


async def _read_request(reader: asyncio.StreamReader) -> tuple[str, int]:
    _, command, _, kind = await reader.readexactly(4)
    match kind:
        case 1:  # An IPv4 address.
            host = socket.inet_ntop(socket.AF_INET, await reader.readexactly(4))
        case 3:  # A name.
            host = (await _counted(reader)).decode("ascii")
        case 4:  # An IPv6 address.
            host = socket.inet_ntop(socket.AF_INET6, await reader.readexactly(16))
        case _:
            raise Rejected(_NO_ADDRESS_TYPE)
    port = int.from_bytes(await reader.readexactly(2))
    if command != _CONNECT:
        raise Rejected(_NO_COMMAND)
    return host, port


async def _counted(reader: asyncio.StreamReader) -> bytes:
    (size,) = await reader.readexactly(1)
    return await reader.readexactly(size)


def _reply(code: int) -> bytes:
    # The bound address is of no use to the client of a CONNECT; zeros are what most servers send.
    return bytes((_VERSION, code, 0, _IPV4, 0, 0, 0, 0, 0, 0))
