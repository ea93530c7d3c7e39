"""What a delivery costs when subscribers follow the same events in different ways: `make bench NAME=many-groups`.

A thousand connections, each with one subscription to one campaign, in 1, 10, 100 and 1,000 groups. A group's document
has an alias of its own, so that nothing can be the same for two of them but what is read from the log. The next event
is committed when all have the last one. Each delivery is checked: once, and in order.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench.crowd import Crowd, Payload
from bench.numbered import FIELDS, Stand, numbered
from bench.open_files import as_many_as_may_be
from bench.report import Figure, keeping, tell
from tests.e2e.product import TOKEN

GOALS = {1: 9.0, 10: 10.0, 100: 13.0, 1_000: 50.0}
"""CPU µs for each delivery, by the number of groups."""
SUBSCRIBERS = 1_000
WARM_UP = 20
CLAIM = (
    "A selection is executed once for all who follow the same; {subscribers:,} connections with one subscription each, "
    "one event at a time"
)


@dataclass(frozen=True)
class Cost:
    """What so many groups came to, of the server's process alone.

    Attributes:
        groups: how many.
        deliveries: how many events subscribers had, each once and in order.
        processor: seconds of the processor.
        wall: seconds.
    """

    groups: int
    deliveries: int
    processor: float
    wall: float

    @property
    def each(self) -> float:
        """µs of the processor for each delivery."""
        return self.processor / self.deliveries * 1e6


async def measure(folder: Path, subscribers: int, groups: Sequence[int], seconds: float) -> list[Cost]:
    """Each number of groups on a server of its own."""
    costs = []
    for count in groups:
        place = folder / str(count)
        place.mkdir(parents=True)
        async with numbered(place) as stand:
            costs.append(await one_at_a_time(stand, subscribers, count, seconds))
        print(f"  {count} groups: {costs[-1].each:.1f} µs", file=sys.stderr, flush=True)
    return costs


def ways(stand: Stand, groups: int) -> list[list[Payload]]:
    """So many ways to follow one campaign."""
    return [[stand.payload(0, FIELDS.replace("phase", f"as{number}: phase"))] for number in range(groups)]


async def one_at_a_time(stand: Stand, subscribers: int, groups: int, seconds: float) -> Cost:
    """Commit one event after another for so long, the next when all have the last."""
    async with Crowd.open(stand.url, TOKEN) as crowd:
        await crowd.join(subscribers, ways(stand, groups), stand.next)
        before = await crowd.until(await stand.commit(WARM_UP))
        heard, processor, began = before, stand.processor_seconds, time.monotonic()
        while time.monotonic() - began < seconds:
            heard = await crowd.until(await stand.commit())
        wall, used = time.monotonic() - began, stand.processor_seconds - processor
    return Cost(groups, heard.delivered - before.delivered, used, wall)


def told(costs: Sequence[Cost]) -> list[Figure]:
    """The figures."""
    return [_told(each) for each in costs]


def _told(cost: Cost) -> Figure:
    goal = GOALS.get(cost.groups)
    rate = cost.deliveries / cost.wall
    return Figure(
        what=f"{cost.groups:,} group{'s' if cost.groups > 1 else ''}: CPU for each delivery",
        value=f"{cost.each:.1f} µs ({cost.deliveries:,} deliveries, {rate:,.0f} a second)",
        goal="" if goal is None else f"at most {goal:g} µs",
        met=None if goal is None else cost.each <= goal,
    )


def main() -> int:
    """Run it; 1 if a goal was missed."""
    parser = argparse.ArgumentParser(prog="bench.many_groups", description=__doc__)
    parser.add_argument("--subscribers", type=int, default=SUBSCRIBERS, help="connections (%(default)s)")
    parser.add_argument("--groups", type=int, nargs="+", default=list(GOALS), help="how many (%(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=15.0, help="how long for each number of groups (%(default)s)"
    )
    keeping(parser)
    given = parser.parse_args()
    as_many_as_may_be()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="heliograph-groups-") as folder:
        costs = uvloop.run(measure(Path(folder), given.subscribers, given.groups, given.seconds))
    claim = CLAIM.format(subscribers=given.subscribers)
    return 0 if tell("many-groups", claim, told(costs), time.monotonic() - began, keep=given.keep) else 1


if __name__ == "__main__":
    sys.exit(main())
