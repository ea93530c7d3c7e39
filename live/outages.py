"""Waiting an outage out: what follows something goes on by itself, however long the database does not answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from core.errors import Unavailable

T = TypeVar("T")
RETRY_SECONDS = 0.25
# Whoever waits longer finds out late that it is over, and what was committed since then is to be told within 2 s.
LONGEST = 4

log = structlog.get_logger(__name__)


async def through_outages(
    step: Callable[[], Awaitable[T]], field: str, retry_seconds: float = RETRY_SECONDS
) -> T:
    """Try `step` until it is not for an outage that it fails.

    The first wait is `retry_seconds`; each is twice the one before, up to four times the first.
    """
    wait = retry_seconds
    while True:
        try:
            return await step()
        except Unavailable as error:
            log.warning("stream_waits", field=field, reason=str(error), seconds=wait)
        await asyncio.sleep(wait)
        wait = min(wait * 2, retry_seconds * LONGEST)
