"""Waiting for a condition, never for a time."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Return as soon as `condition()` holds; it is looked at each millisecond and fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  Any condition, not only our own events.
            await asyncio.sleep(0.001)
