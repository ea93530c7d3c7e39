"""Random histories of the log and its subscribers, against a model: `make bench NAME=histories`.

A history is some dozens of steps: commits, late ones and ones in doubt, rings that are lost, repeated or late, a line
that is down, prunes, outages, another database in the place of ours, subscribers that come with all kinds of
cursors, read slowly, leave and resume. It is played with the product's own doorbells, hub and groups, in a loop whose
time passes only when nothing else can happen, and comes to rest; then each connection is held against the model
(`tests/histories/model.py`). What breaks a promise is shortened to the steps that matter, and printed. The suite plays
some hundreds. The log in memory (`tests/histories/source.py`) is held against the real one by
`tests/unit/live/test_histories.py`; commits against the order of their numbers are tried on a real PostgreSQL.
"""

import argparse
import asyncio
import hashlib
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import msgspec
import structlog

from bench.report import Figure, keeping, tell
from bench.servers import own_postgres
from tests.histories.histories import Tally, histories, play
from tests.histories.model import Broken
from tests.histories.orders import Orders, try_orders
from tests.histories.shrinking import shrunk

CLAIM = (
    "Simulated: the database and the channel are in memory and time is virtual; doorbell, hub, groups, windows and"
    " members are the product's own. Against a model there is no false resume, no partial recovery and no duplicate."
)
QUIET = 50
PROMISED = 10_000


class Share(msgspec.Struct):
    """What one process found."""

    tally: dict[str, int]
    distinct: set[bytes]
    broken: list[str]
    played: int = 0


def play_share(seed: int, count: int) -> Share:
    """Play so many histories of one seed; at the first that breaks a promise it stops."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(QUIET))
    tally = Tally()
    share = Share(tally, set(), [])
    for number, history in enumerate(histories(seed, count)):
        try:
            play(history, tally)
        except Broken as error:
            least, why = shrunk(history, lambda one: play(one, Tally()))
            share.broken.append(f"{error} (seed {seed}, number {number}; shortest: {why} by {least})")
            return share
        share.played += 1
        share.distinct.add(hashlib.blake2b(repr(history).encode(), digest_size=8).digest())
    return share


def play_all(total: int, seed: int, processes: int) -> list[Share]:
    """All of them, some at once."""
    shares = [total // processes + (number < total % processes) for number in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return list(pool.map(play_share, range(seed, seed + processes), shares))


async def on_postgres() -> Orders:
    """The commits in the opposite order of their numbers, on a real server."""
    with tempfile.TemporaryDirectory(prefix="histories-") as folder:
        async with own_postgres(Path(folder)) as server:
            return await try_orders((await server.create_database()).sqlalchemy_url())


def figures(shares: list[Share], orders: Orders) -> list[Figure]:
    """What is told of it."""
    tally = sum((Tally(share.tally) for share in shares), Tally())
    broken = [one for share in shares for one in share.broken]
    played, distinct = (
        sum(share.played for share in shares),
        set().union(*(share.distinct for share in shares)),
    )
    counted = [Figure(what=what, value=f"{tally[name]:,}") for name, what in COUNTED.items()]
    return [
        Figure(
            what="histories played",
            value=f"{played:,}",
            goal=f"at least {PROMISED:,}",
            met=played >= PROMISED,
        ),
        Figure(what="of them distinct", value=f"{len(distinct):,}"),
        *counted,
        Figure(
            what="false resumes, partial recoveries, duplicates, needless resets",
            value="; ".join([str(len(broken)), *broken]),
            goal="0",
            met=not broken,
        ),
        Figure(
            what="two transactions that commit against their numbers, on a real PostgreSQL: a bare sequence",
            value=f"loses {orders.lost_by_sequence} of 2",
        ),
        Figure(
            what="the same with our log",
            value=f"loses {orders.lost_by_log} of 2",
            goal="0",
            met=orders.lost_by_log == 0,
        ),
    ]


COUNTED = {
    "commit": "simulated transactions that committed at once",
    "begin": "simulated transactions held open while others wait or ring",
    "lose": "times that rings were lost",
    "repeat": "times that they were repeated",
    "delay": "times that they came late and reordered",
    "line": "times that a process lost or got back its line",
    "prune": "prunes",
    "outage": "outages of the simulated database",
    "replace": "times that another database took the place of ours",
    "restore": "times that a backup did",
    "connections": "connections that were checked",
    "frames": "frames that were checked",
    "SNAPSHOT": "snapshots, each exact at its cursor",
    "RETENTION": "resets for retention, each needed",
    "LOG_REPLACED": "resets for another log, each needed",
    "skipped": "values left out by a rate, each admitted",
}


def main() -> int:
    """Play, tell, and say by the exit code whether every promise was kept."""
    parser = argparse.ArgumentParser(prog="bench.histories", description=CLAIM)
    parser.add_argument("--histories", type=int, default=PROMISED)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=20260101)
    keeping(parser)
    options = parser.parse_args()
    began = time.monotonic()
    print(f"seed {options.seed}", file=sys.stderr)
    shares = play_all(options.histories, options.seed, options.processes)
    found = figures(shares, asyncio.run(on_postgres()))
    return 0 if tell("histories", CLAIM, found, time.monotonic() - began, keep=options.keep) else 1


if __name__ == "__main__":
    sys.exit(main())
