"""Random interleavings of writes and subscribes: `make bench NAME=interleavings`.

An interleaving is one subscription that begins at one random place among running writes: at a statement, or at the
commit, of one of three writers that change keyword sets, personas, proxies and campaigns through the services. It opens
with its snapshot, or it follows a query by its cursor. At each cursor that it comes to, what it has folded is compared
with what the database held there, which the writer read in the transaction that it committed. `tests/interleavings/`
has the parts; the suite plays a few hundred.

Some streams tell facts, which make the state at each cursor: there the two are equal. Events of resources and of the
list of campaigns show their thing as it is when they are made, which may be later than their cursor: there nothing may
be older than the cursor, and the two are equal when nobody writes (`docs/streams.md`).
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import zip_longest
from multiprocessing import get_context
from pathlib import Path

import structlog
import uvloop

from bench.report import Figure, keeping, tell
from bench.servers import own_postgres
from tests.interleavings.rounds import Told
from tests.interleavings.running import run

Job = tuple[str, str, int]
CLAIM = (
    "Whenever somebody subscribes, what they begin with equals the database at its cursor. proxyEvents, campaignEvents"
    " and activity, folded, equal it at each cursor after that, too; resourceEvents and campaignList show each thing as"
    " it was at the cursor or later, and all equal it when writers rest. domainEvents and bulkOperation are not played."
)
PROMISED = 100_000
# Short runs in new databases: a log that grows for hours would measure the disk.
CHUNK = 2500
QUIET = 50


def play(url: str, wanted: int, seed: int) -> Told:
    """One share, in a process of its own; without a URL on a new SQLite file."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(QUIET))
    with tempfile.TemporaryDirectory(prefix="interleavings-") as folder:
        place = url or f"sqlite+aiosqlite:///{folder}/log.db"
        return uvloop.run(run(place, Path(folder), wanted, seed))


async def play_all(options: argparse.Namespace) -> dict[str, list[Told]]:
    """All shares, some at once."""
    found: dict[str, list[Told]] = {"SQLite": [], "PostgreSQL": []}
    on_postgres = round(options.interleavings * options.postgres)
    with tempfile.TemporaryDirectory(prefix="interleavings-") as folder:
        async with own_postgres(Path(folder)) as server:
            jobs: list[Job] = [
                ("SQLite", "", count) for count in _shares(options.interleavings - on_postgres)
            ]
            urls = [
                ((await server.create_database()).sqlalchemy_url(), count) for count in _shares(on_postgres)
            ]
            # One after the other, so that all processes do not wait for one server at the same time.
            await _run_jobs(_mixed([("PostgreSQL", *one) for one in urls], jobs), options, found)
    return found


def _mixed(few: list[Job], many: list[Job]) -> list[Job]:
    """All jobs, the few spread among the many."""
    step = max(1, len(many) // max(1, len(few)))
    parts = [many[start : start + step] for start in range(0, len(many), step)]
    return [
        job for one, part in zip_longest(few, parts) for job in ((one,) if one else ()) + tuple(part or ())
    ]


def _shares(total: int) -> list[int]:
    return [min(CHUNK, total - start) for start in range(0, total, CHUNK)]


async def _run_jobs(jobs: list[Job], options: argparse.Namespace, found: dict[str, list[Told]]) -> None:
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        waiting = {
            loop.run_in_executor(pool, play, url, count, options.seed + number): kind
            for number, (kind, url, count) in enumerate(jobs)
        }
        for future, kind in waiting.items():
            told = await future
            found[kind].append(told)
            done = sum(one.begun.total() for each in found.values() for one in each)
            print(f"{done} of {options.interleavings}", *told.failures[:1], file=sys.stderr)


def figures(found: dict[str, list[Told]], seed: int) -> list[Figure]:
    """What is told of it."""
    every = [one for each in found.values() for one in each]
    begun: Counter[str] = sum((one.begun for one in every), Counter())
    tally: Counter[str] = sum((one.tally for one in every), Counter())
    failures = [failure for one in every for failure in one.failures]
    counted = [
        Figure(
            what=f"subscriptions begun at a random place among running writes, on {kind}",
            value=f"{sum(one.begun.total() for one in each):,} ({sum(len(one.distinct) for one in each):,} distinct)",
        )
        for kind, each in found.items()
    ]
    opened = sum(count for form, count in begun.items() if form.endswith("snapshot"))
    total = begun.total()
    return [
        Figure(what="interleavings begun", value=f"{total:,}", goal=f"at least {PROMISED:,}", met=total >= PROMISED),
        *counted,
        Figure(what="of them opened with a snapshot", value=f"{opened:,}"),
        Figure(what="of them followed a query by its cursor", value=f"{total - opened:,}"),
        Figure(what="of them began while a transaction was open", value=f"{tally['while somebody wrote']:,}"),
        Figure(what="transactions written meanwhile, with the state of each", value=f"{tally['commits']:,}"),
        *(Figure(what=what, value=f"{tally[name]:,}") for name, what in COMPARED.items()),
        Figure(what="asked in vain, for the machine was too busy to answer", value=f"{tally['unavailable']:,}"),
        Figure(what="seed", value=str(seed)),
        Figure(
            what="differences", value="; ".join([str(len(failures)), *failures[:2]]), goal="0", met=not failures
        ),
    ]  # fmt: skip


COMPARED = {
    "equal when begun": "comparisons of a snapshot, or of a query's answer, with the database at its cursor: equal",
    "equal at a cursor": "comparisons of proxyEvents, campaignEvents or activity, folded, at a cursor: equal",
    "not older": "comparisons of resourceEvents or campaignList, folded, at a cursor: not older",
    "equal at rest": "comparisons of any of them at rest: equal",
}


def main() -> int:
    """Play, tell, and say by the exit code whether nothing differed."""
    parser = argparse.ArgumentParser(prog="bench.interleavings", description=CLAIM)
    parser.add_argument("--interleavings", type=int, default=PROMISED)
    parser.add_argument("--postgres", type=float, default=0.2, help="which share of them on PostgreSQL")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=20260101)
    keeping(parser)
    options = parser.parse_args()
    began = time.monotonic()
    found = asyncio.run(play_all(options))
    told, seconds = figures(found, options.seed), time.monotonic() - began
    return 0 if tell("interleavings", CLAIM, told, seconds, keep=options.keep) else 1


if __name__ == "__main__":
    sys.exit(main())
