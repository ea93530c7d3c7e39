"""Run seeds in a row: `make bench NAME=faults ARGS="--stack postgres --seeds 10"`.

A seed that failed keeps its folder: the logs of all processes and what every client recorded.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import structlog
import uvloop

from bench.faults.figures import Figures
from bench.faults.run import KITS, Size, run
from bench.report import Figure, keeping, tell

NAMES = {
    "postgres": "PostgreSQL + Redis, two API processes, two workers",
    "sqlite": "SQLite + memory, one process",
}
PROMISED_RATE = 200


async def seeds(
    stack: str, numbers: Sequence[int], size: Size, folder: Path, *, records: bool
) -> list[Figures]:
    """Run each, and say how it was."""
    found = []
    for seed in numbers:
        place = folder / f"{stack}-{seed}"
        one = await run(KITS[stack], seed, size, place)
        found.append(one)
        print(one)
        print(f"  cpu {one.cpu}")
        for text in [*one.wrong[:20], *Counter(one.complaints)]:
            print(f"  ! {text}")
        if one.good and not one.complaints and not records:
            shutil.rmtree(place, ignore_errors=True)
        else:
            print(f"  kept in {place}")
    return found


def report(stack: str, found: Sequence[Figures], size: Size, seconds: float, *, keep: bool) -> bool:
    """The figures of all seeds."""
    claim = (
        f"{NAMES[stack]}: a fault every {size.every:g} s for {size.seconds:g} s, {len(found)} seeds in a row, "
        f"{size.clients} graphql-ws and {size.sse} EventSource clients; of the commits {size.mutations:g} a second are "
        "asked for by mutations, some are made by campaigns at work, and the others are appended beside them by the "
        "product's own unit of work"
    )
    rows = [_row(each) for each in found]
    rows += [
        Figure(what="faults", value=_counted(each.faults for each in found)),
        Figure(
            what="faults that another one hindered",
            value=_counted(each.hindered for each in found),
        ),
        Figure(
            what="missing / duplicated / reordered, all seeds",
            value=f"{_sum(found, 'missing')} / {_sum(found, 'duplicated')} / {_sum(found, 'reordered')}",
            goal="0 / 0 / 0",
            met=all(each.good for each in found),
        ),
        Figure(
            what="clients that gave up",
            value=str(_sum(found, "gave_up")),
            goal="0",
            met=not _sum(found, "gave_up"),
        ),
        Figure(
            what="acknowledged commits that are not in the log",
            value=str(_sum(found, "lost_acknowledged")),
            goal="0",
            met=not _sum(found, "lost_acknowledged"),
        ),
        Figure(
            what="lines about more than an outage in the logs of processes",
            value=str(sum(len(each.complaints) for each in found)),
            goal="0",
            met=not any(each.complaints for each in found),
        ),
        Figure(
            what="commits per second, over all the time, of the slowest and the fastest seed",
            value=f"{min(each.rate for each in found):.0f} to {max(each.rate for each in found):.0f}",
            goal=f"at least {PROMISED_RATE}",
            met=min(each.rate for each in found) >= PROMISED_RATE,
        ),
        Figure(
            what="longest until everybody had everything, after the end",
            value=f"{max(e.catch_up for e in found):.1f} s",
        ),
    ]
    return tell(f"faults-{stack}", claim, rows, seconds, keep=keep)


def _row(one: Figures) -> Figure:
    late = one.latencies
    lateness = (
        f"; p50 {late.half * 1000:.0f} ms, p99 {late.most:.1f} s, latest {late.longest:.1f} s" if late else ""
    )
    return Figure(
        what=f"seed {one.seed}",
        value=f"{one.missing} / {one.duplicated} / {one.reordered} of {one.deliveries} deliveries over "
        f"{one.connections} connections; {one.events} events, {one.commits} commits ({one.rate:.0f}/s){lateness}",
        goal="0 / 0 / 0",
        met=one.good,
    )


def _counted(counts: Iterable[Counter[str]]) -> str:
    kinds = sum(counts, Counter[str]())
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "none"


def _sum(found: Sequence[Figures], name: str) -> int:
    return sum(getattr(each, name) for each in found)


def main() -> int:
    """The command."""
    given = _parser().parse_args()
    kit = KITS[given.stack]
    rate = given.rate or kit.rate
    mutations = min(kit.mutations if given.mutations is None else given.mutations, rate)
    size = Size(
        rate=rate,
        mutations=mutations,
        seconds=given.seconds,
        clients=given.clients,
        sse=given.sse,
        every=given.every,
    )
    folder = given.folder or Path(tempfile.mkdtemp(prefix="heliograph-faults-"))
    # What the driver's own doorbell says of outages is no news.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    began = time.monotonic()
    numbers = range(given.seed, given.seed + given.seeds)
    found = uvloop.run(seeds(given.stack, numbers, size, folder, records=given.records))
    return 0 if report(given.stack, found, size, time.monotonic() - began, keep=given.keep) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.faults", description=__doc__)
    parser.add_argument("--stack", choices=sorted(KITS), default="postgres")
    parser.add_argument("--seed", type=int, default=1, help="the first")
    parser.add_argument("--seeds", type=int, default=1, help="how many in a row")
    parser.add_argument("--seconds", type=float, default=Size.seconds, help="how long faults go on")
    parser.add_argument("--clients", type=int, default=Size.clients, help="of graphql-ws")
    parser.add_argument("--sse", type=int, default=Size.sse, help="EventSource clients")
    parser.add_argument("--rate", type=float, help="commits a second that are asked for")
    parser.add_argument("--mutations", type=float, help="how many of these are mutations")
    parser.add_argument("--every", type=float, default=Size.every, help="seconds between faults")
    parser.add_argument("--folder", type=Path, help="where runs keep their records")
    parser.add_argument("--records", action="store_true", help="keep those of seeds that went well, too")
    keeping(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
