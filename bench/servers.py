"""A PostgreSQL and a Redis that nobody else uses, for as long as a bench runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer


@asynccontextmanager
async def own_postgres(folder: Path) -> AsyncIterator[PostgresServer]:
    """A PostgreSQL whose data are in `folder`.

    Raises:
        SystemExit: no PostgreSQL is installed.
    """
    programs = PostgresServer.find()
    if programs is None:
        raise SystemExit("No PostgreSQL is installed: run `make setup-dev`.")
    server = PostgresServer(programs, folder / "postgres")
    try:
        await server.start()
        yield server
    finally:
        await server.close()


@asynccontextmanager
async def own_redis(folder: Path) -> AsyncIterator[RedisServer]:
    """A Redis whose files are in `folder`.

    Raises:
        SystemExit: no Redis is installed.
    """
    program = RedisServer.find()
    if program is None:
        raise SystemExit("No Redis is installed: run `make setup-dev`.")
    server = RedisServer(program, folder / "redis")
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
