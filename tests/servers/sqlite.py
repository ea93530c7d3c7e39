"""SQLite as tests have it: migrated once, and without waiting for the disk.

The product waits at each commit until the disk has it, and each test's tables were some sixty commits. That was most of
the time of most tests, and on a disk that was busy for others so long that transactions ran into their limit. So
connections of this process do not wait. As with PostgreSQL (`tests/servers/postgres.py`) that is safe against the death
of processes, which is what tests cause; only a machine that loses power would notice. A test of what is on the disk
says so with `waiting_for_the_disk`.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from db.migrating import upgrade
from db.sqlite_driver import Connection as Asynchronous

TOLD = "was told not to wait for the disk"
MIGRATED: list[bytes] = []
"""The file of a migrated database, once there was one in this process."""


async def migrated(file: Path) -> str:
    """A new database with the product's tables, by its migrations or a copy of what they made; its URL."""
    url = f"sqlite+aiosqlite:///{file}"
    if MIGRATED:
        await asyncio.to_thread(file.write_bytes, MIGRATED[0])
    else:
        await upgrade(url)
        MIGRATED.append(await asyncio.to_thread(file.read_bytes))
    return url


def wait_for_no_disk() -> None:
    """From now on no connection waits; each is told when it is first used."""
    event.listen(Engine, "engine_connect", _tell)


@contextmanager
def waiting_for_the_disk() -> Iterator[None]:
    """Connections that are made in this block are as the product makes them."""
    event.remove(Engine, "engine_connect", _tell)
    try:
        yield
    finally:
        wait_for_no_disk()


def _tell(connection: Connection) -> None:
    if connection.dialect.name != "sqlite" or TOLD in connection.info:
        return
    # Past SQLAlchemy, which would begin a transaction, and in one this cannot be changed; and with no turn of a thread,
    # for SQLAlchemy loses a connection whose task is cancelled right here.
    found: Any = connection.connection.dbapi_connection
    if isinstance(found, Asynchronous) and found.raw.in_transaction:
        # A snapshot that was begun past SQLAlchemy, which writes nothing.
        return
    raw = found.raw if isinstance(found, Asynchronous) else found
    raw.execute("PRAGMA synchronous = OFF")
    connection.info[TOLD] = True
