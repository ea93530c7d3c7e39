"""End the token of a thousand connections, in every way there is: `make bench NAME=revocation ARGS="--keep"`."""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvloop

from bench.open_files import as_many_as_may_be
from bench.report import Figure, keeping, tell
from bench.retries.stand import standing
from bench.revocation.run import Ending, Found, Size, run
from bench.servers import own_postgres, own_redis
from tests.e2e.product import TOKEN

GOAL_SECONDS = 1.0
EXPECTED = {"role changed": "4512 Role changed"}
STREAMED = "stream ended"


async def measured(size: Size, folder: Path) -> Sequence[Figure]:
    """One run, on servers of its own; what was wrong is printed."""
    async with own_postgres(folder) as postgres, own_redis(folder) as redis:
        database = (await postgres.create_database()).sqlalchemy_url()
        found = await over_two(size, folder, database, redis.url)
    for text in found.wrong:
        print(f"! {text}")
    return [*figures(found)]


async def over_two(size: Size, folder: Path, database_url: str, channel_url: str) -> Found:
    """One run on this database and channel."""
    # All of them are one principal's, which is as hard as it gets, and more than one may have unless told.
    settings = {"database_url": database_url, "channel_url": channel_url, "principal_connections": 0}
    async with standing(folder, ("one", "other"), settings) as stand:
        found = await run(size, stand.urls, TOKEN)
        found.wrong += [text for each in stand.processes for text in each.complaints]
    return found


def figures(found: Found) -> Iterator[Figure]:
    """The lines of the table."""
    for each in found.endings:
        yield from _of_ending(each)
    broken = len(found.wrong)
    yield Figure(
        what=f"renewed on one of its own sockets: of {len(found.renewed):,} connections, and {len(found.beside)} that "
        f"were there throughout, ended, or with a gap or a repetition in {found.events:,} events",
        value=f"{broken}",
        goal="0",
        met=not broken,
    )


def _of_ending(ending: Ending) -> Iterator[Figure]:
    told = ", ".join(f"{how} ({count:,})" for how, count in sorted(ending.how.items()))
    wrong = [how for how in ending.how if how != STREAMED and not how.startswith(_code(ending))]
    yield Figure(what=f"{ending.name}: how they ended", value=told, goal=_code(ending), met=not wrong)
    yield Figure(
        what=f"{ending.name}: the last delivery, from then on",
        value=f"{max(ending.last, 0) * 1000:.0f} ms",
        goal=f"≤ {GOAL_SECONDS:g} s",
        met=ending.last <= GOAL_SECONDS,
    )
    yield Figure(
        what=f"{ending.name}: the last connection ended, from then on", value=f"{ending.ended * 1000:.0f} ms"
    )


def _code(ending: Ending) -> str:
    return EXPECTED.get(ending.name, "4403")


def main() -> int:
    """Run it; 1 if a promise was not kept."""
    parser = argparse.ArgumentParser(prog="bench.revocation", description=__doc__)
    parser.add_argument("--sockets", type=int, default=900, help="WebSockets with one token")
    parser.add_argument("--streams", type=int, default=100, help="event streams with the same token")
    parser.add_argument("--rate", type=float, default=20.0, help="commits a second that each is told of")
    parser.add_argument(
        "--lasting", type=float, default=5.0, help="for how many seconds a token goes on that is to end"
    )
    keeping(parser)
    given = parser.parse_args()
    size = Size(given.sockets, given.streams, given.rate, given.lasting)
    claim = (
        f"Two API processes on PostgreSQL + Redis: {size.sockets + size.streams:,} connections with one token"
    )
    began = time.monotonic()
    as_many_as_may_be()
    with tempfile.TemporaryDirectory(prefix="heliograph-revocation-") as folder:
        found = uvloop.run(measured(size, Path(folder)))
    kept = tell("revocation", claim, found, time.monotonic() - began, keep=given.keep)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
