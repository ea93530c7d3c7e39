"""How long events take from their commit to a client, at a fixed rate: `make bench NAME=latency`.

The servers of `bench/fanout` take turns in one run. Events are published at their times, whether or not everybody has
had those before, and every delivery is checked and timed: from the moment at which the event could be had, which with
ours is when its commit is over and with the others when they begin to send, to when the client has read it. One
machine, one clock. The client is one process, so of an event its last connection waits until all others were read: that
is the same for all servers. Of a slice of 200 events two make the p99, and a machine is seldom quiet for so long: what
counts is the median of the slices, and beside it stand the least and the most.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from bench.fanout.audience import Audience
from bench.fanout.contestants import AIOHTTP, CONTESTANTS, GRAPHQL_WS, OURS, Running
from bench.fanout.processor import at_rest, cpu_seconds
from bench.fanout.scenes import REST_SECONDS
from bench.fanout.turns import each_in_turn, measured
from bench.report import Figure, keeping, tell

MOST_OF_RAW = 1.3
WARM_EVENTS = 20
CLAIM = (
    "From the commit to the client, at a fixed rate, all servers in one run, in turn; each delivery was checked for"
    " exactly once and in order"
)


@dataclass(frozen=True)
class Load:
    """So many subscribers, so many events a second, for so long."""

    subscribers: int
    rate: float
    seconds: float

    def __str__(self) -> str:
        return f"{self.subscribers:,} subscribers × {self.rate:g} events/s"


@dataclass(frozen=True)
class Slice:
    """The latencies of one server for a while, in milliseconds, ascending, and how much of a processor it used."""

    millis: Sequence[float]
    busy: float

    def below(self, share: float) -> float:
        """What this share of all deliveries stays below."""
        return self.millis[int(share * (len(self.millis) - 1))]


async def timed(server: Running, load: Load) -> Slice:
    """Publish for a while, and time each delivery.

    Raises:
        Unsound: something was lost, repeated or reordered, or a connection has ended.
    """
    audience = Audience(server.place, load.subscribers, timed=True)
    async with audience.present():
        await audience.begin(server.numbers, server.publish)
        await _at_rate(server, audience, load, WARM_EVENTS)
        audience.times.clear()
        cpu, began = cpu_seconds(server.pids), time.monotonic()
        published = await _at_rate(server, audience, load, max(1, round(load.rate * load.seconds)))
        busy = (cpu_seconds(server.pids) - cpu) / (time.monotonic() - began)
    await at_rest(server.pids, REST_SECONDS)
    return Slice(sorted((at - published[number]) * 1000 for number, at in audience.times), busy)


async def _at_rate(server: Running, audience: Audience, load: Load, count: int) -> Mapping[int, float]:
    """Publish so many, each at its time; gives when each of them could be had."""
    loop = asyncio.get_running_loop()
    numbers = list(islice(server.numbers, count))
    published = {}
    async with audience.expecting(numbers[-1]):
        began = loop.time()
        for place, number in enumerate(numbers):
            await asyncio.sleep(began + place / load.rate - loop.time())
            published[number] = await server.publish(number, 1)
    return published


async def compare(servers: Mapping[str, Running], load: Load, rounds: int) -> Mapping[str, Sequence[Slice]]:
    """Time all servers in turn, as often as there are rounds.

    Raises:
        Unsound: something was lost, repeated or reordered, or a connection has ended; the message says with whom.
    """
    found: dict[str, list[Slice]] = {name: [] for name in servers}
    for turn in range(rounds):
        async for name, one in each_in_turn(servers, turn, load, partial(timed, load=load)):
            found[name].append(one)
            print(f"{turn + 1} of {rounds}: {name} p99 {one.below(0.99):.1f} ms", file=sys.stderr)
    return found


def figures(found: Mapping[str, Sequence[Slice]], load: Load) -> Iterator[Figure]:
    """The lines of the table."""
    p99s = {}
    for name, slices in found.items():
        p50, p99s[name] = (statistics.median(each.below(share) for each in slices) for share in (0.5, 0.99))
        low, high = (chosen(each.below(0.99) for each in slices) for chosen in (min, max))
        deliveries = sum(len(each.millis) for each in slices)
        busy = statistics.median(each.busy for each in slices)
        yield Figure(
            what=f"{load}: {name}",
            value=f"p50 {p50:.1f} ms, p99 {p99s[name]:.1f} ms ({low:.1f} to {high:.1f}); {busy:.0%} of a core;"
            f" {deliveries:,} deliveries",
        )
    if OURS in p99s and AIOHTTP in p99s:
        ratio = p99s[OURS] / p99s[AIOHTTP]
        yield Figure(
            what=f"{load}: p99 from the commit to the client, ours by {AIOHTTP} in the same run",
            value=f"{ratio:.2f} ({p99s[OURS]:.1f} by {p99s[AIOHTTP]:.1f} ms)",
            goal=f"at most {MOST_OF_RAW:g}",
            met=ratio <= MOST_OF_RAW,
        )


def main() -> int:
    """The command; 1 if a goal was missed, and if something was lost, repeated or reordered."""
    parser = argparse.ArgumentParser(prog="bench.latency", description=__doc__)
    parser.add_argument(
        "--subscribers", type=int, default=500, help="each on a connection of its own (%(default)s)"
    )
    parser.add_argument("--rate", type=float, default=20.0, help="events a second (%(default)s)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each slice (%(default)s)")
    parser.add_argument(
        "--rounds", type=int, default=5, help="how often each server has its turn (%(default)s)"
    )
    parser.add_argument(
        "--only", nargs="+", choices=CONTESTANTS, default=[OURS, AIOHTTP, GRAPHQL_WS], help="these servers"
    )
    keeping(parser)
    given = parser.parse_args()
    load = Load(given.subscribers, given.rate, given.seconds)
    began = time.monotonic()
    starts = {name: CONTESTANTS[name] for name in given.only}
    found = measured(starts, lambda servers: compare(servers, load, given.rounds))
    seconds = time.monotonic() - began
    return 0 if tell("latency", CLAIM, list(figures(found, load)), seconds, keep=given.keep) else 1


if __name__ == "__main__":
    sys.exit(main())
