"""Waiting an outage out: what follows something goes on by itself, however long the database does not answer."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from core.errors import Unavailable

T = TypeVar("T")
RETRY_SECONDS = 0.25
# Whoever waits longer finds out late that it is over, and what was committed since then is to be told within 2 s.
LONGEST = 4
EARLIEST = 0.5

log = structlog.get_logger(__name__)


async def through_outages(
    step: Callable[[], Awaitable[T]], field: str, retry_seconds: float = RETRY_SECONDS
) -> T:
    """Try `step` until it is not for an outage that it fails; the log hears when that begins and when it is over.

    The first wait is at most `retry_seconds`; each is about twice the one before, up to four times the first.
    """
    wait, failures = retry_seconds, 0
    while True:
        try:
            found = await step()
        except Unavailable as error:
            failures += 1
            if failures == 1:
                # Thousands may wait at once, and each tries again for as long as it takes.
                log.warning("stream_waits", field=field, reason=str(error))
        else:
            if failures:
                log.info("stream_goes_on", field=field, failures=failures)
            return found
        # Nor do they all come in the same instant, whatever it was that they were told together.
        await asyncio.sleep(wait * random.uniform(EARLIEST, 1))  # noqa: S311  It spreads load and guards nothing.
        wait = min(wait * 2, retry_seconds * LONGEST)
