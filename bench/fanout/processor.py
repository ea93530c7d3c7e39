"""The processor time of the processes of a server, and when they have none to use."""

import asyncio
import time
from collections.abc import Sequence

from bench.processor import processor_seconds

REST_SECONDS = 0.1
REST_SHARE = 0.02


def cpu_seconds(pids: Sequence[int]) -> float:
    """What these have used of processors since they began."""
    return sum(map(processor_seconds, pids))


async def at_rest(pids: Sequence[int], seconds: float) -> None:
    """Return when these do hardly anything, or as soon as `seconds` have gone by all the same."""
    deadline = time.monotonic() + seconds
    used = cpu_seconds(pids)
    while time.monotonic() < deadline:
        await asyncio.sleep(REST_SECONDS)
        now = cpu_seconds(pids)
        if now - used < REST_SHARE * REST_SECONDS:
            return
        used = now
