"""Let random people ask and follow, and tell none of what is not theirs: `make bench NAME=authorization`."""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvloop

from bench.authorization.actors import Found
from bench.authorization.fuzz import fuzz
from bench.authorization.world import World
from bench.report import Figure, keeping, tell
from bench.retries.stand import standing
from bench.servers import own_postgres, own_redis
from tests.e2e.product import TOKEN

GRACE_SECONDS = 1.0
UNLIMITED = {"principal_connections": 0, "principal_requests": 0, "principal_mutations": 0}


async def measured(given: argparse.Namespace, folder: Path) -> Sequence[Figure]:
    """One run, on servers of its own; what was wrong is printed."""
    async with own_postgres(folder) as postgres, own_redis(folder) as redis:
        database = (await postgres.create_database()).sqlalchemy_url()
        found, world, wrong = await over_two(
            folder, database, redis.url, given.seconds, given.seed, GRACE_SECONDS
        )
    for text in wrong[:20]:
        print(f"! {text}")
    return [*figures(found, world, wrong)]


async def over_two(
    folder: Path, database_url: str, channel_url: str, seconds: float, seed: int, grace: float
) -> tuple[Found, World, Sequence[str]]:
    """One run over two API processes on this database and channel, and what was wrong."""
    settings = {"database_url": database_url, "channel_url": channel_url, **UNLIMITED}
    async with standing(folder, ("one", "other"), settings) as stand:
        found, world = await fuzz(stand.urls, TOKEN, seconds, seed, grace)
        complaints = [text for each in stand.processes for text in each.complaints]
    return found, world, [*found.wrong(), *complaints]


def figures(found: Found, world: World, wrong: Sequence[str]) -> Iterator[Figure]:
    """The lines of the table."""
    yield Figure(what="roles, tokens and principals changed", value=f"{world.deeds:,}")
    yield Figure(what="tokens", value=f"{len(world.passes):,}")
    for what, count in sorted(found.counts.items()):
        yield Figure(what=what, value=f"{count:,}")
    yield Figure(what="this client, at its worst, was late by", value=f"{found.worst_lag * 1000:.0f} ms")
    yield Figure(
        what="events and answers that reached somebody they should not, or are others than the model's",
        value=f"{len(wrong)}",
        goal="0",
        met=not wrong,
    )


def main() -> int:
    """Run it; 1 if a promise was not kept."""
    parser = argparse.ArgumentParser(prog="bench.authorization", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long")
    parser.add_argument("--seed", type=int, default=1, help="of what is left to chance")
    keeping(parser)
    given = parser.parse_args()
    claim = (
        "Two API processes on PostgreSQL + Redis: random people, tokens, things, requests and subscriptions"
    )
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="heliograph-authorization-") as folder:
        found = uvloop.run(measured(given, Path(folder)))
    return 0 if tell("authorization", claim, found, time.monotonic() - began, keep=given.keep) else 1


if __name__ == "__main__":
    sys.exit(main())
