"""What a fault can lay hands on."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from bench.faults.stacks import Stack
from bench.fleet import Fleet
from bench.load_things import Thing
from bench.load_writer import Writing
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer

T = TypeVar("T")


@dataclass
class Stage:
    """One run.

    Attributes:
        stack: the installation.
        fleet: the clients.
        names: of the clients, by the relay that they come through.
        writing: past all relays.
        things: what a fault may write events about.
    """

    stack: Stack
    fleet: Fleet
    names: dict[str, Sequence[str]]
    writing: Writing
    things: Sequence[Thing]
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One at a time starts and stops servers."""

    @property
    def postgres(self) -> PostgresServer:
        """The database's server.

        Raises:
            LookupError: there is none on this stack.
        """
        return _there(self.stack.postgres)

    @property
    def redis(self) -> RedisServer:
        """The channel's server.

        Raises:
            LookupError: there is none on this stack.
        """
        return _there(self.stack.redis)


def _there(server: T | None) -> T:
    if server is None:
        raise LookupError("This stack has no such server.")
    return server
