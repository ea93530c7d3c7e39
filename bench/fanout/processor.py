"""The processor time of other processes, by the kernel."""

import asyncio
import time
from collections.abc import Sequence

REST_SECONDS = 0.1
REST_SHARE = 0.02


def cpu_seconds(pids: Sequence[int]) -> float:
    """What these have used since they began, in user and in kernel mode, all threads together.

    It is the same as utime + stime of `/proc/PID/stat`, in nanoseconds where that is in hundredths of a second.

    Raises:
        OSError: one of them is gone.
    """
    # The clock of a process as clock_getcpuclockid(3) gives it: Linux has it in the number itself.
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


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
