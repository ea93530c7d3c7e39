"""What every process stands on, with an API or without one: the database at its newest schema, and the doorbell.

A process migrates nothing by itself here: several may start at once, and who may change tables is for the
operator to say. What is wrong with the surroundings at the start is told as a setting to mend.
"""

import asyncio
import errno
import os
import re
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog

from core.clock import Clock
from core.errors import Misconfigured, Unavailable
from core.ids import process_name
from core.settings import Settings, shown_url
from db import migrating
from db.engine import Engines
from db.unit_of_work import Database
from events.doorbell import Doorbell

ANSWER_SECONDS = 10.0

T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Foundation:
    """The lower rooms of a process; `name` is one that no other process has."""

    name: str
    settings: Settings
    clock: Clock
    engines: Engines
    doorbell: Doorbell
    database: Database


@asynccontextmanager
async def standing(settings: Settings, clock: Clock) -> AsyncIterator[Foundation]:
    """Connect to the database and the channel for as long as the block lasts.

    Raises:
        Misconfigured: either does not answer, the database is not at the newest revision, or a file is amiss.
    """
    _check_authorities(settings.ca_file)
    async with AsyncExitStack() as stack:
        engines = _engines(settings)
        stack.push_async_callback(engines.close)
        await require_newest(settings.database_url)
        name = process_name()
        doorbell = Doorbell(settings.channel_url, name)
        await _start(doorbell, settings.channel_url)
        stack.push_async_callback(doorbell.close)
        yield Foundation(name, settings, clock, engines, doorbell, Database(engines, doorbell, clock))


def _engines(settings: Settings) -> Engines:
    url = settings.database_url
    try:
        return Engines(url, log_statements=settings.log_level == "debug")
    except ValueError as error:
        raise Misconfigured(f"HELIOGRAPH_DATABASE_URL: {shown_url(url)} is no URL of a database") from error


def _check_authorities(ca_file: Path | None) -> None:
    # Workers load it when they first fetch, which is late to learn of a wrong name.
    if ca_file is None:
        return
    try:
        ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        message = f"HELIOGRAPH_CA_FILE: {ca_file} cannot be used ({error.strerror}): it must hold certificates in PEM"
        raise Misconfigured(message) from error


async def require_newest(url: str) -> None:
    """Let a process pass only on a database that has the tables it knows.

    Raises:
        Misconfigured: it has not, or it does not answer.
    """
    found, wanted = await revision(url), migrating.newest()
    if found != wanted:
        state = "is empty" if found is None else f"is at revision {found}"
        raise Misconfigured(
            f"The database {shown_url(url)} {state} and must be at {wanted}: run `heliograph migrate`"
        )


async def revision(url: str) -> str | None:
    """The revision that a database is at, None if it is empty.

    Raises:
        Misconfigured: it does not answer.
    """
    return await _answer(url, migrating.current(url), ANSWER_SECONDS)


async def migrate(url: str) -> None:
    """Bring a database to the newest revision; of several processes that do it at once the others wait.

    Raises:
        Misconfigured: it does not answer, or others use it so that there is no place for a migration.
    """
    await _answer(url, migrating.upgrade(url))


async def _answer(url: str, asked: Coroutine[None, None, T], seconds: float | None = None) -> T:
    try:
        _check_sqlite_file(url)
        async with asyncio.timeout(seconds):
            return await asked
    except Misconfigured:
        raise
    except Exception as error:
        # Each driver, and Alembic, has errors of its own for what can be amiss with a database at the start.
        log.debug("database_cannot_be_used", exc_info=error)
        raise Misconfigured(
            f"HELIOGRAPH_DATABASE_URL: {shown_url(url)} cannot be used ({_reason(error)}):"
            " start the database, or correct the setting"
        ) from error
    finally:
        asked.close()


def _check_sqlite_file(url: str) -> None:
    # aiosqlite would find out, too, but ends its thread of a connection that failed unawaited: where the event loop
    # is closed sooner than that, the thread complains about it.
    scheme, _, path = url.partition("?")[0].partition(":///")
    if not scheme.startswith("sqlite") or not path:
        return
    file = Path(path)
    needed = file if file.exists() else file.parent
    if not needed.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(needed))
    if file.is_dir() or not os.access(needed, os.R_OK | os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(needed))


async def _start(doorbell: Doorbell, channel_url: str) -> None:
    try:
        await doorbell.start()
    except Misconfigured as error:
        raise Misconfigured(
            f"{error} at {shown_url(channel_url)}: start it, or correct the setting"
        ) from error


def _reason(error: BaseException) -> str:
    """What the driver itself said, in one line."""
    if isinstance(error, Unavailable) and error.__cause__ is not None:
        error = error.__cause__
    told = str(getattr(error, "orig", None) or error).strip().splitlines() or ["no answer in time"]
    # SQLAlchemy puts the class of an asyncpg error before its words.
    return re.sub(r"^<class '[^']*'>: ", "", told[0])
