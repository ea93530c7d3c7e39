"""Send requests with keys again and again while processes are killed: `make bench NAME=retries ARGS="--stack sqlite"`.

Of every mutation; what each of them does is what one does that is sent once and undisturbed.
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
from bench.retries.run import Found, Size, run
from bench.retries.stand import STANDS

NAMES = {
    "postgres": "PostgreSQL + Redis, two API processes",
    "sqlite": "SQLite, one process",
}


def figures(found: Found) -> list[Figure]:
    """The lines of the table."""
    verdict = found.verdict
    kinds = {request.kind.field for request in found.requests}
    return [
        Figure(what="keys, and kinds of mutations", value=f"{len(found.requests):,}, {len(kinds)}"),
        Figure(what="times that something was sent", value=f"{found.attempts:,}"),
        Figure(what="of these, cut off or given up before an answer", value=f"{found.broken:,}"),
        Figure(what="`kill -9` of an API process", value=f"{found.kills:,}"),
        Figure(what="effects whose own answer reached nobody", value=f"{verdict.lost_answers:,}"),
        _none("rows or events too many or too few", len(verdict.effects)),
        _none("keys that were answered in two ways, or not as often as asked", len(verdict.answers)),
        _none("errors that no kill explains", len(found.surprises) + len(found.complaints)),
    ]


def _none(what: str, count: int) -> Figure:
    return Figure(what=what, value=f"{count}", goal="0", met=count == 0)


async def measured(stack: str, size: Size, seed: int, folder: Path) -> Sequence[Figure]:
    """One run; what was wrong is printed."""
    async with STANDS[stack](folder) as stand:
        found = await run(stand, size, seed)
    for text in found.wrong[:40]:
        print(f"! {text}")
    return figures(found)


def main() -> int:
    """Run it; 1 if a promise was not kept."""
    parser = argparse.ArgumentParser(prog="bench.retries", description=__doc__)
    parser.add_argument("--stack", choices=NAMES, default="postgres", help="what it runs on")
    parser.add_argument("--keys", type=int, default=Size.keys, help="how many requests")
    parser.add_argument("--copies", type=int, default=Size.copies, help="how often each is to be answered")
    parser.add_argument(
        "--every", type=int, default=Size.every, help="at most so many are sent between two kills"
    )
    parser.add_argument("--seed", type=int, default=1, help="of what is left to chance")
    keeping(parser)
    given = parser.parse_args()
    size = Size(keys=given.keys, copies=given.copies, every=given.every)
    claim = f"{NAMES[given.stack]}, killed again and again: each key is answered {size.copies} times, seed {given.seed}"
    began, folder = time.monotonic(), Path(tempfile.mkdtemp(prefix="heliograph-retries-"))
    found = uvloop.run(measured(given.stack, size, given.seed, folder))
    kept = tell(f"retries-{given.stack}", claim, found, time.monotonic() - began, keep=given.keep)
    if kept:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"All that was recorded is in {folder}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
