"""Replace two API processes under their clients: `make bench NAME=rolling`, at the default settings.

PostgreSQL, Redis, a worker, and a balancer that sends new connections to whoever is ready. First one process is told
to end (SIGTERM) and replaced when it has, then the other. All clients of the first come to the second, and then all
to the new one. They are those that the documents show, and the judge has a look at each.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from bench.report import Figure, keeping, tell
from bench.rolling.figures import figures
from bench.rolling.run import Servers, Size, run


def claim(size: Size) -> str:
    """What the figures are about."""
    drain = "the default" if size.drain_seconds is None else f"{size.drain_seconds:g} s"
    return (
        f"Two API processes restarted one after the other, the window for leaving being {drain}:"
        f" {size.sockets} graphql-ws and {size.sources} EventSource clients, {size.rate:g} commits a second"
    )


async def measured(size: Size, folder: Path) -> Sequence[Figure]:
    """The lines of the table; what was wrong is printed."""
    async with Servers.own(folder) as servers:
        found, tally = await run(size, folder, servers)
    for text in found.wrong:
        print(f"! {text}")
    return figures(found, tally)


def main() -> int:
    """Run it; 1 if a promise was not kept."""
    parser = argparse.ArgumentParser(prog="bench.rolling", description=__doc__)
    parser.add_argument("--clients", type=int, default=Size.sockets, help="official clients over WebSockets")
    parser.add_argument("--sse", type=int, default=Size.sources, help="event sources")
    parser.add_argument("--rate", type=float, default=Size.rate, help="commits a second")
    parser.add_argument(
        "--streams", type=int, default=Size.streams, help="how many different campaigns are followed"
    )
    parser.add_argument("--drain-seconds", type=float, help="the setting; its default if not given")
    keeping(parser)
    given = parser.parse_args()
    size = Size(given.clients, given.sse, given.rate, given.streams, given.drain_seconds)
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="heliograph-rolling-"))
    found = uvloop.run(measured(size, folder))
    kept = tell("rolling", claim(size), found, time.monotonic() - began, keep=given.keep)
    if kept:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"All that was recorded is in {folder}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
