"""Waiting for a condition, never for a time."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Return as soon as `condition()` holds; it is looked at each millisecond and fails after `seconds`.

    Those are no promise of ours: they are many because a machine that is busy with other tests is slow.
    """
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  Any condition, not only our own events.
            await asyncio.sleep(0.001)
