"""Where the time of a request goes: one process of ours, asked from another, by rooms.

The time is that of a processor, as Python's own profiler sees it of the event loop's thread; what all other threads
take, which ask SQLite, is what the process takes besides. A function of C counts as a part of whoever calls it.
The profiler makes every call dearer, small ones most of all, so the shares are a hint and the bench is the measure.
"""

import asyncio
import cProfile
import os
import pstats
import re
import sys
import time
from asyncio.subprocess import PIPE
from collections import Counter
from pathlib import Path
from typing import Any

from bench.query_path.asking import Asking, Target
from bench.query_path.inside import TOKEN, inside

SECONDS = 4.0
LINES = 40
OUR_ROOMS = re.compile(
    r"/(auth|core|db|events|graph|live|services|vocabulary|web)/(?:[a-z_]+/)*([a-z_]+)\.py$"
)
LIBRARIES = re.compile(r"/site-packages/([A-Za-z0-9]+)")
THREADS = re.compile(r"/(?:concurrent|threading|queue)[/.]")
LOOP = re.compile(r"/(?:asyncio|contextlib|contextvars)[/.]")
WRITTEN = "<string>"
BUILT_IN = "~"


async def show(folder: Path, query: str) -> None:
    """Print what is left by rooms, and then by functions."""
    profile = cProfile.Profile(time.thread_time)
    async with inside(folder, f"sqlite+aiosqlite:///{folder / 'profiled.db'}") as api:
        asking = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.query_path.profiling", f"{api.url}/graphql", query, stdout=PIPE
        )
        assert asking.stdout is not None
        await asking.stdout.readline()
        began = time.process_time() - time.thread_time()
        profile.enable()
        count = int(await asking.stdout.readline())
        profile.disable()
        others = time.process_time() - time.thread_time() - began
        await asking.wait()
    shown = pstats.Stats(profile)
    _print_rooms(_by_room(shown) + Counter({"other threads (SQLite)": others}), count)
    shown.sort_stats("tottime").print_stats(LINES)


def _print_rooms(rooms: Counter[str], count: int) -> None:
    whole = sum(rooms.values())
    print(f"{count} requests, {whole / count * 1000:.3f} ms each under the profiler")
    for room, seconds in rooms.most_common():
        print(f"{seconds / whole:6.1%}  {seconds / count * 1e6:8.1f} µs  {room}")


def _by_room(shown: pstats.Stats) -> Counter[str]:
    """Each room's own time, with that of the functions of C that it calls."""
    rooms: Counter[str] = Counter()
    stats: dict[Any, Any] = shown.stats  # type: ignore[attr-defined]
    for (file, _, _), (_, _, own, _, callers) in stats.items():
        if file != BUILT_IN or not callers:
            rooms[room_of(file)] += own
            continue
        for (caller, _, _), (_, _, for_it, _) in callers.items():
            rooms[room_of(caller)] += for_it
    return rooms


def room_of(file: str) -> str:
    """Whose a file is: a library, the event loop, or a room of ours with its module."""
    library = LIBRARIES.search(file)
    if library is not None:
        return library[1]
    ours = OUR_ROOMS.search(file)
    if ours is not None:
        return f"{ours[1]}: {ours[2]}"
    if file.startswith(WRITTEN):
        return "graph: what was compiled"
    if THREADS.search(file):
        return "handing over to threads"
    return "event loop" if LOOP.search(file) or file == BUILT_IN else "Python"


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
