"""What goes away, how, and for how long; the order matters, for in the last one the broker does not come back."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bench.outages.watch import Watch, now
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer

CALM_SECONDS = 6.0
GREEN_SECONDS = 30.0
BACK_SECONDS = 2.0
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Scene:
    """One outage.

    Attributes:
        name: in a word.
        told: what happens.
        seconds: how long it lasts.
        begin: lets it happen.
        end: mends it; None if nobody does.
        back_seconds: how late anything may be after the return; None where nothing is promised.
    """

    name: str
    told: str
    seconds: float
    begin: Callable[[], Awaitable[None]]
    end: Callable[[], Awaitable[None]] | None
    back_seconds: float | None = BACK_SECONDS


@dataclass(frozen=True)
class Played:
    """One outage that is over: when it began, when what was away answered again, and when the next one begins."""

    scene: Scene
    began: float
    returned: float | None
    over: float
    cut: int


def scenes(redis: RedisServer, postgres: PostgresServer, longest: float) -> Sequence[Scene]:
    """All of them; none lasts longer than `longest` seconds."""

    async def freeze(server: RedisServer | PostgresServer) -> None:
        server.freeze()

    async def thaw(server: RedisServer | PostgresServer) -> None:
        server.thaw()

    def seconds(wanted: float) -> float:
        return min(wanted, longest)

    return (
        Scene("redis-killed", "Redis killed, and back", seconds(60), redis.kill, redis.start),
        Scene("redis-hung", "Redis hangs (SIGSTOP)", seconds(30), lambda: freeze(redis), lambda: thaw(redis)),
        Scene(
            "postgres-killed", "PostgreSQL killed, and restarted", seconds(5), postgres.kill, postgres.start
        ),
        Scene(
            "postgres-hung",
            "PostgreSQL hangs (SIGSTOP)",
            seconds(20),
            lambda: freeze(postgres),
            lambda: thaw(postgres),
            # What hung goes on from where it was: nobody is told that it returned, so it is measured alone.
            back_seconds=None,
        ),
        Scene("redis-never", "Redis killed, and never back", seconds(30), redis.kill, None),
    )


async def play(scene: Scene, watch: Watch, connections: Callable[[], Awaitable[int]]) -> Played:
    """Let one outage happen, and wait until it is over."""
    before = await connections()
    began = now()
    await scene.begin()
    await asyncio.sleep(scene.seconds)
    returned = None
    if scene.end is not None:
        await scene.end()
        returned = now()
        async with asyncio.timeout(GREEN_SECONDS):
            while not watch.is_green:  # noqa: ASYNC110  A process is asked, not told.
                await asyncio.sleep(LOOK_SECONDS)
    await asyncio.sleep(CALM_SECONDS)
    return Played(scene, began, returned, now(), await connections() - before)
