"""The two installations that faults happen to: PostgreSQL and Redis with four processes, SQLite and memory with one.

Between any two parts there is a relay: clients reach the API through one of two, and each process has one to the
database and one to the channel. The driver itself, which writes and looks at the log, goes past them.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout

from bench.faults.schedule import APIS, CLIENTS, PROCESSES, WORKERS
from bench.faults.supervised import Supervised
from bench.relay import Address, Relay
from bench.servers import own_postgres, own_redis
from tests.e2e.product import TOKEN, UNBOUNDED
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer

HEALED_SECONDS = 120.0
LOOK_SECONDS = 0.1


@dataclass
class Stack:
    """A running installation.

    Attributes:
        folder: where its logs are.
        database_url: past all relays.
        channel_url: past all relays.
        processes: by name.
        wires: the relays by name: `clients-0`, `database api-0`, `channel worker-1`.
        postgres: the server, if there is one.
        redis: the server, if there is one.
    """

    folder: Path
    database_url: str
    channel_url: str
    processes: dict[str, Supervised] = field(default_factory=dict)
    wires: dict[str, Relay] = field(default_factory=dict)
    postgres: PostgresServer | None = None
    redis: RedisServer | None = None
    serving: dict[str, Address] = field(default_factory=dict)

    @property
    def urls(self) -> list[str]:
        """Where clients reach the API."""
        return [f"http://127.0.0.1:{self.wires[name].port}" for name in CLIENTS]

    def serves(self, name: str, address: Address) -> None:
        """A process listens there from now on."""
        self.serving[name] = address
        for client in CLIENTS:
            self.wires[client].aim(*self.serving.values())

    async def heal(self) -> None:
        """End all faults, and go on when every part is at work again."""
        for relay in self.wires.values():
            relay.heal()
        for each in self.processes.values():
            await each.ready()
        async with ClientSession(timeout=ClientTimeout(total=5)) as http, asyncio.timeout(HEALED_SECONDS):
            for address in self.serving.values():
                while not await _is_ready(http, address):  # noqa: ASYNC110  A process to ask.
                    await asyncio.sleep(LOOK_SECONDS)

    def complaints(self) -> list[str]:
        """What processes that were not killed left in their logs that no outage explains."""
        return [text for each in self.processes.values() for text in each.complaints]


async def _is_ready(http: ClientSession, address: Address) -> bool:
    try:
        async with http.get(f"http://{address[0]}:{address[1]}/readyz") as answer:
            return answer.status == 200
    except (ClientError, TimeoutError):
        return False


@asynccontextmanager
async def postgres_and_redis(folder: Path, settings: Mapping[str, object]) -> AsyncIterator[Stack]:
    """Two API processes and two workers."""
    async with AsyncExitStack() as undo:
        postgres = await undo.enter_async_context(own_postgres(folder))
        redis = await undo.enter_async_context(own_redis(folder))
        database = await postgres.create_database()
        stack = Stack(folder, database.sqlalchemy_url(), redis.url, postgres=postgres, redis=redis)
        await _lay(undo, stack, CLIENTS)
        for name in PROCESSES:
            await _lay(undo, stack, [f"database {name}"], ("127.0.0.1", postgres.port))
            await _lay(undo, stack, [f"channel {name}"], ("127.0.0.1", redis.port))
            relayed = replace(database, port=stack.wires[f"database {name}"].port)
            own = {
                **settings,
                "database_url": relayed.sqlalchemy_url(),
                "channel_url": f"redis://127.0.0.1:{stack.wires[f'channel {name}'].port}/0",
                "workers": "none",
            }
            _place(stack, name, ["serve", "--migrate"] if name in APIS else ["worker"], own)
        undo.push_async_callback(_end, stack)
        # The first makes the tables.
        await stack.processes[APIS[0]].start()
        await asyncio.gather(*(stack.processes[name].start() for name in (*APIS[1:], *WORKERS)))
        yield stack


@asynccontextmanager
async def sqlite_and_memory(folder: Path, settings: Mapping[str, object]) -> AsyncIterator[Stack]:
    """One process with embedded workers."""
    url = f"sqlite+aiosqlite:///{folder}/heliograph.db"
    stack = Stack(folder, url, "memory://")
    async with AsyncExitStack() as undo:
        await _lay(undo, stack, CLIENTS)
        _place(stack, "serve", ["serve", "--migrate"], {**settings, "database_url": url})
        undo.push_async_callback(_end, stack)
        await stack.processes["serve"].start()
        yield stack


async def _lay(undo: AsyncExitStack, stack: Stack, names: list[str] | tuple[str, ...], *to: Address) -> None:
    for name in names:
        stack.wires[name] = await undo.enter_async_context(Relay(*to))


def _place(stack: Stack, name: str, arguments: list[str], settings: Mapping[str, object]) -> None:
    given = {"bootstrap_token": TOKEN, "port": 0, **UNBOUNDED, **settings}
    env = {f"HELIOGRAPH_{key.upper()}": str(value) for key, value in given.items()}
    listens = None if arguments[0] == "worker" else lambda address: stack.serves(name, address)
    stack.processes[name] = Supervised(name, arguments, env, stack.folder, listens)


async def _end(stack: Stack) -> None:
    for relay in stack.wires.values():
        relay.heal()
    ends = await asyncio.gather(*(each.end() for each in stack.processes.values()), return_exceptions=True)
    failures = [end for end in ends if isinstance(end, BaseException)]
    if failures:
        raise failures[0]
