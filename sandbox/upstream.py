"""What the proxies share: credentials, finding the target in the world, and passing bytes both ways.

Names are resolved by the world's own table and addresses must be loopback ones, so nothing leaves the machine.
Each proxy goes out from an address of its own in 127.0.0.0/8, so that a target can tell through which it was asked.
"""

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from sandbox.listener import Connection, Streams, abort
from sandbox.world import World

_CHUNK = 64 * 1024
_CONNECT_SECONDS = 10.0


class Credentials(msgspec.Struct, frozen=True):
    """What a proxy asks for; `repr` hides the password."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"<Credentials {self.username}:***>"


class Unresolvable(Exception):
    """The target's name has no address in the world."""


class NotAllowed(Exception):
    """The target's address is none of the loopback interface, or is no address."""


class Upstream:
    """The way out of one proxy. `served` counts the connections to targets that it made."""

    def __init__(self, world: World, source: str) -> None:
        self._world = world
        self._source = source
        self.served = 0

    def __repr__(self) -> str:
        return f"<Upstream from {self._source}, {self.served} served>"

    @asynccontextmanager
    async def connect(self, host: str, port: int) -> AsyncIterator[Streams]:
        """Streams to a target that is given by name or by address; closed at once at the end.

        Raises:
            Unresolvable: the name has no address.
            NotAllowed: the address is not one of the loopback interface.
            OSError: the connection failed.
            TimeoutError: it took more than ten seconds.
        """
        address = self._resolve(host)
        async with asyncio.timeout(_CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(address, port, local_addr=(self._source, 0))
        self.served += 1
        try:
            yield reader, writer
        finally:
            await abort(writer)

    def _resolve(self, host: str) -> str:
        site = self._world.find(host)
        if site is not None and site.addresses:
            return site.addresses[0]
        try:
            address = ipaddress.IPv4Address(host)
        except ValueError as error:
            if ":" in host:
                raise NotAllowed(host) from error
            raise Unresolvable(host) from error
        if not address.is_loopback:
            raise NotAllowed(host)
        return host


async def join(connection: Connection, client: Streams, target: Streams) -> None:
    """Pass bytes both ways until the target has said all, or the client is gone.

    A reset by the target is passed on as a reset, since a client draws another conclusion from an orderly end.
    """
    try:
        async with asyncio.TaskGroup() as group:
            up = group.create_task(_pass_up(client[0], target[1]))
            await _pass(target[0], client[1])
            _ = up.cancel()
    except* OSError:
        connection.reset_on_close()
        client[1].transport.abort()


async def _pass_up(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    await _pass(source, sink)
    if sink.can_write_eof():
        sink.write_eof()


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while octets := await source.read(_CHUNK):
        sink.write(octets)
        await sink.drain()
