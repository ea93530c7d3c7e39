"""Let many clients change the same things by version: `make bench NAME=lost-updates ARGS="--seconds 600"`."""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop
from aiohttp import ClientSession, TCPConnector

from bench.lost_updates.fuzz import Found, fuzz
from bench.lost_updates.kinds import Json
from bench.report import Figure, keeping, tell
from bench.retries.sending import HEADERS
from bench.retries.stand import STANDS, Stand

NAMES = {"postgres": "PostgreSQL + Redis, two API processes", "sqlite": "SQLite, one process"}


async def measured(given: argparse.Namespace, folder: Path) -> Sequence[Figure]:
    """One run; what was wrong is printed."""
    async with STANDS[given.stack](folder) as stand:
        found = await _fuzz(given, stand)
        complaints = [text for each in stand.processes for text in each.complaints]
    for text in [*found.wrong, *complaints]:
        print(f"! {text}")
    return figures(found)


async def _fuzz(given: argparse.Namespace, stand: Stand) -> Found:
    chance = random.Random(given.seed)
    seconds: float = given.seconds
    end = time.monotonic() + seconds
    async with ClientSession(connector=TCPConnector(limit=0)) as http:

        async def ask(query: str, variables: Json) -> Json:
            body, url = {"query": query, "variables": variables}, f"{chance.choice(stand.urls)}/graphql"
            async with http.post(url, json=body, headers=HEADERS) as answer:
                result = await answer.json()
            assert "errors" not in result, result
            data: Json = result["data"]
            return data

        def over() -> bool:
            return time.monotonic() > end

        return await fuzz(ask, clients=given.clients, of_each=given.things, seed=given.seed, over=over)


def figures(found: Found) -> list[Figure]:
    """The lines of the table."""
    return [
        Figure(what="changes that were accepted", value=f"{found.accepted.total():,}"),
        Figure(what="mutations that made them", value=f"{len(found.accepted)}"),
        Figure(
            what="changes that were refused, somebody having been faster", value=f"{found.refused.total():,}"
        ),
        Figure(what="versions that were read and compared", value=f"{found.reads:,}"),
        Figure(
            what="updates lost, chains broken, refusals without the present version",
            value=f"{len(found.wrong)}",
            goal="0",
            met=not found.wrong,
        ),
    ]


def main() -> int:
    """Run it; 1 if a promise was not kept."""
    parser = argparse.ArgumentParser(prog="bench.lost_updates", description=__doc__)
    parser.add_argument("--stack", choices=NAMES, default="postgres", help="what it runs on")
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long")
    parser.add_argument("--clients", type=int, default=24, help="how many change things at the same time")
    parser.add_argument("--things", type=int, default=2, help="how many there are of each kind")
    parser.add_argument("--seed", type=int, default=1, help="of what is left to chance")
    keeping(parser)
    given = parser.parse_args()
    claim = f"{NAMES[given.stack]}: {given.clients} clients change the same {given.things} of each kind by version"
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="heliograph-lost-updates-") as folder:
        found = uvloop.run(measured(given, Path(folder)))
    kept = tell(f"lost-updates-{given.stack}", claim, found, time.monotonic() - began, keep=given.keep)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
