"""Where the time of a request goes: one process of ours, asked from another, under Python's own profiler.

The profiler makes every call dearer, small ones most of all, so its shares are a hint and the bench is the measure.
"""

import asyncio
import cProfile
import os
import pstats
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from bench.query_path.asking import Asking, Target
from bench.query_path.inside import TOKEN, inside

SECONDS = 4.0
LINES = 60


async def show(folder: Path, query: str) -> None:
    """Print what is left, by each function's own time and by that of all that it calls."""
    profile = cProfile.Profile()
    async with inside(folder, f"sqlite+aiosqlite:///{folder / 'profiled.db'}") as api:
        asking = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.query_path.profiling", f"{api.url}/graphql", query, stdout=PIPE
        )
        assert asking.stdout is not None
        await asking.stdout.readline()
        profile.enable()
        count = int(await asking.stdout.readline())
        profile.disable()
        await asking.wait()
    print(f"{count} requests")
    shown = pstats.Stats(profile)
    shown.sort_stats("tottime").print_stats(LINES)
    shown.sort_stats("cumulative").print_stats(LINES)


async def _ask(url: str, query: str) -> None:
    """Ask for some seconds; print a line when it begins, and how often it was when it ends."""
    asking = await Asking.open(Target("ours", url, os.getpid(), TOKEN), query, 2)
    await asking.ask(1.0, counting=False)
    print("begun", flush=True)
    await asking.ask(SECONDS)
    print(len(asking.measured.seconds), flush=True)
    asking.close()


if __name__ == "__main__":
    asyncio.run(_ask(sys.argv[1], sys.argv[2]))
