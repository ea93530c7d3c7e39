"""What every process stands on, with an API or without one: the database at its newest schema, and the doorbell.

A process migrates nothing by itself here: several may start at once, and who may change tables is for the
operator to say. What is wrong with the surroundings at the start is told as a setting to mend.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from core.clock import Clock
from core.errors import Misconfigured, Unavailable
from core.ids import process_name
from core.settings import Settings
from db import migrating
from db.engine import Engines
from db.unit_of_work import Database
from events.doorbell import Doorbell
from web.addresses import shown_url

ANSWER_SECONDS = 10.0

T = TypeVar("T")


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
        Misconfigured: either does not answer, or the database is not at the newest revision.
    """
    await require_newest(settings.database_url)
    async with AsyncExitStack() as stack:
        engines = Engines(settings.database_url)
        stack.push_async_callback(engines.close)
        name = process_name()
        doorbell = Doorbell(settings.channel_url, name)
        await doorbell.start()
        stack.push_async_callback(doorbell.close)
        yield Foundation(name, settings, clock, engines, doorbell, Database(engines, doorbell, clock))


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
        Misconfigured: it does not answer.
    """
    await _answer(url, migrating.upgrade(url))


async def _answer(url: str, asked: Awaitable[T], seconds: float | None = None) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await asked
    except (Unavailable, OSError, TimeoutError) as error:
        reason = str(error).removeprefix("The database does not answer (").removesuffix("); try again.")
        raise Misconfigured(
            f"HELIOGRAPH_DATABASE_URL: {shown_url(url)} does not answer"
            f" ({reason or 'no answer in time'}): start the database, or correct the setting"
        ) from error
