"""API processes without a worker, so that nothing changes anything but requests, killed and started again."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.faults.supervised import Supervised
from bench.relay import Address
from bench.servers import own_postgres, own_redis
from tests.e2e.product import TOKEN, UNBOUNDED

LOOK_SECONDS = 0.005


@dataclass
class Stand:
    """An installation: where its database is, its processes, and where those listen that do."""

    database_url: str
    processes: list[Supervised] = field(default_factory=list)
    _serving: dict[str, Address] = field(default_factory=dict)
    kills: int = 0

    @property
    def urls(self) -> list[str]:
        """Of the processes that are there, or were a moment ago."""
        return [
            f"http://{host}:{port}"
            for each in self.processes
            if each.pid is not None and each.name in self._serving
            for host, port in [self._serving[each.name]]
        ]

    def serves(self, name: str, address: Address) -> None:
        """A process listens there from now on."""
        self._serving[name] = address

    async def kill_now_and_then(self, sent: Callable[[], int], every: int, chance: random.Random) -> None:
        """`kill -9` one process after the other for ever, each time that up to so many requests were sent to any.

        By requests and not by time, so that a slow machine has as many kills between as many answers. One is killed
        only when all are there, so that somebody is.
        """
        while True:
            each, due = chance.choice(self.processes), sent() + chance.randint(1, every)
            while sent() < due or len(self._serving) < len(self.processes):  # noqa: ASYNC110  Of other processes.
                await asyncio.sleep(LOOK_SECONDS)
            self._serving.pop(each.name)
            await each.kill()
            self.kills += 1


@asynccontextmanager
async def standing(
    folder: Path, names: Sequence[str], settings: Mapping[str, object]
) -> AsyncIterator[Stand]:
    """Processes of these names, at work."""
    stand = Stand(str(settings["database_url"]))
    given = {
        "bootstrap_token": TOKEN,
        "port": 0,
        "workers": "none",
        "drain_seconds": 0,
        **UNBOUNDED,
        **settings,
    }
    env = {f"HELIOGRAPH_{key.upper()}": str(value) for key, value in given.items()}
    async with AsyncExitStack() as undo:
        for name in names:

            def listens(address: Address, name: str = name) -> None:
                stand.serves(name, address)

            each = Supervised(name, ["serve", "--migrate"], env, folder, listens)
            stand.processes.append(each)
            undo.push_async_callback(each.end)
            # The first makes the tables.
            await each.start()
        yield stand


@asynccontextmanager
async def on_postgres(folder: Path) -> AsyncIterator[Stand]:
    """Two processes on a PostgreSQL and a Redis of their own."""
    async with own_postgres(folder) as postgres, own_redis(folder) as redis:
        url = (await postgres.create_database()).sqlalchemy_url()
        settings = {"database_url": url, "channel_url": redis.url}
        async with standing(folder, ("one", "other"), settings) as stand:
            yield stand


@asynccontextmanager
async def on_sqlite(folder: Path) -> AsyncIterator[Stand]:
    """One process on SQLite. The channel is a Redis, for without one there have to be workers in the process."""
    url = f"sqlite+aiosqlite:///{folder}/heliograph.db"
    async with (
        own_redis(folder) as redis,
        standing(folder, ("one",), {"database_url": url, "channel_url": redis.url}) as stand,
    ):
        yield stand


STANDS = {"postgres": on_postgres, "sqlite": on_sqlite}
