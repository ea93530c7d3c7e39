"""One client among many stops reading while everything goes on: `python -m bench.frozen`.

Two installations, each a real `heliograph serve` on a PostgreSQL database and a Redis of its own, with official
clients. In one of them one client more follows everything, and its process is stopped (SIGSTOP) all the while. Events
flow through the two in turn, slice by slice, so that whatever else the machine does befalls both; each slice with the
frozen client is compared with the one right before it. Then the client is woken, and the judge (`bench/history.py`)
has a look at everybody.

The latency of a frame is from the moment at which its transaction writes its events, by the clock of the writer, to
the moment at which the client's callback has it, by the clock of the fleet: one machine, one clock. So it includes
the commit.

The rate is one that two cores carry without a backlog: where a backlog is waited for, nobody sees who delays whom. Each
event has a few deliveries, so that a hundred thousand of them take minutes all the same.

By itself the server ends a connection that answers no ping, or takes nothing for half a minute, whichever comes first.
With `--patient` it waits for an hour, so that the frozen client is there to the end: the harder case for memory.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.frozen_stand import Scale, Stand
from bench.history import Logged, Verdict, read_log
from bench.report import Figure, keeping, tell
from bench.servers import own_postgres
from web.peers import Dropped

MOST_GROWTH_MB = 10.0
MOST_SLOWER = 1.10
WAKE_SECONDS = 180.0
CLAIM = (
    "At the default settings, by which the server ends a connection that takes nothing: one client among many stops"
    " reading."
)
KEPT_CLAIM = "The server keeps the connection of the one that stops reading to the end, which is harder for its memory."
REASONS = {Dropped.DEAD: "answered no ping", Dropped.SLOW: "took nothing for too long"}
PATIENCE = {"ping_seconds": 3600, "slow_client_seconds": 3600}


@dataclass(frozen=True)
class Outcome:
    """What became of one installation.

    Attributes:
        slices: the latencies in each slice, in milliseconds, ascending.
        growth_mb: of the server's resident memory, from before the first slice to after the last.
        verdicts: on everybody.
    """

    slices: Sequence[Sequence[float]]
    growth_mb: float
    verdicts: Sequence[Verdict]

    def percentile(self, share: float) -> float:
        """The latency that this share of all frames stays below."""
        together = sorted(each for one in self.slices for each in one)
        return together[int(share * (len(together) - 1))]

    def p99s(self) -> list[float]:
        """What 99 of 100 frames stay below, in each slice."""
        return [one[int(0.99 * (len(one) - 1))] for one in self.slices]

    @property
    def unclean(self) -> list[str]:
        """What the judge found."""
        return [str(each) for each in self.verdicts if not each.clean]


async def run(scale: Scale, *, patient: bool, keep: bool) -> bool:
    """Measure; gives whether every promise was kept."""
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heliograph-frozen-")))
        postgres = await stack.enter_async_context(own_postgres(folder))
        settings = PATIENCE if patient else {}
        alone = await Stand.open(stack, folder / "alone", postgres, scale, settings)
        beside = await Stand.open(stack, folder / "beside", postgres, scale, settings)
        await beside.freeze_one(stack)
        for number in range(scale.slices):
            for stand in (alone, beside):
                await stand.flow(scale.events // scale.slices)
                print(f"{number + 1} of {scale.slices}, {stand}", file=sys.stderr)
        growths = alone.growth_mb, beside.growth_mb
        woken = await beside.wake(WAKE_SECONDS)
        without = await judged(alone, growths[0])
        beneath = await judged(beside, growths[1])
        dropped = beside.dropped
    figures = told(scale, without, beneath, woken, dropped)
    name, claim = ("frozen-kept", KEPT_CLAIM) if patient else ("frozen", CLAIM)
    return tell(name, claim, figures, time.monotonic() - began, keep=keep)


async def judged(stand: Stand, growth_mb: float) -> Outcome:
    """The outcome, when everybody has everything."""
    log: list[Logged] = await read_log(stand.database_url)
    return Outcome(stand.latencies(log), growth_mb, stand.judge(log))


def told(
    scale: Scale, without: Outcome, beside: Outcome, woken: float, dropped: Counter[str]
) -> list[Figure]:
    """The figures."""
    extra = beside.growth_mb - without.growth_mb
    slower = statistics.median(one / other for one, other in zip(beside.p99s(), without.p99s(), strict=True))
    pooled = beside.percentile(0.99) / without.percentile(0.99)
    (frozen,) = [each for each in beside.verdicts if each.subscriber == "frozen"]
    unclean = [*without.unclean, *beside.unclean]
    for each in unclean[:10]:
        print(each, file=sys.stderr)
    deliveries = sum(each.received for each in beside.verdicts)
    return [
        Figure(what="clients, of which one is frozen", value=str(scale)),
        Figure(what="events while it was frozen", value=f"{scale.events:,} at {scale.rate:,}/s"),
        Figure(what="deliveries, with it", value=f"{deliveries:,}"),
        Figure(
            what="the server's memory grew more than without it, by",
            value=f"{extra:+.1f} MB ({beside.growth_mb:+.1f} against {without.growth_mb:+.1f})",
            goal=f"at most {MOST_GROWTH_MB:g} MB",
            met=extra <= MOST_GROWTH_MB,
        ),
        Figure(
            what=f"the others' p99 latency, median of {scale.slices} pairs of slices",
            value=f"{slower - 1:+.1%} ({statistics.median(beside.p99s()):.1f} ms against"
            f" {statistics.median(without.p99s()):.1f} ms without it)",
            goal=f"at most {MOST_SLOWER - 1:.0%} more",
            met=slower <= MOST_SLOWER,
        ),
        Figure(
            what="the others' p99 latency, of the frames of all slices together",
            value=f"{pooled - 1:+.1%} ({beside.percentile(0.99):.1f} ms against {without.percentile(0.99):.1f} ms)",
        ),
        Figure(
            what="the others' p50 latency, of the frames of all slices together",
            value=f"{beside.percentile(0.5):.1f} ms against {without.percentile(0.5):.1f} ms",
        ),
        Figure(what="connections that the server ended", value=ended(dropped)),
        Figure(
            what="after it woke it had everything",
            value=f"{frozen.received:,} of {frozen.expected:,} in {woken:.1f} s, over {frozen.connections} connections",
            goal="all, once, in order",
            met=frozen.clean,
        ),
        Figure(
            what="histories with a fault",
            value=f"{len(unclean)} of {len(beside.verdicts) + len(without.verdicts)}",
            goal="0",
            met=not unclean,
        ),
    ]


def ended(dropped: Mapping[str, int]) -> str:
    """How many connections the server has ended, and why, in words."""
    return (
        ", ".join(f"{count} that {REASONS[Dropped(reason)]}" for reason, count in dropped.items()) or "none"
    )


def main() -> None:
    """Run from the command line; ends with 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="bench.frozen", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--events", type=int, default=100_000, help="events in each installation (%(default)s)"
    )
    parser.add_argument("--rate", type=int, default=400, help="events a second (%(default)s)")
    parser.add_argument(
        "--clients", type=int, default=500, help="clients, the frozen one included (%(default)s)"
    )
    parser.add_argument("--slices", type=int, default=20, help="how often the two take turns (%(default)s)")
    parser.add_argument(
        "--patient", action="store_true", help="let the server wait an hour for who takes nothing"
    )
    keeping(parser)
    given = parser.parse_args()
    scale = Scale(events=given.events, rate=given.rate, clients=given.clients, slices=given.slices)
    sys.exit(0 if asyncio.run(run(scale, patient=given.patient, keep=given.keep)) else 1)


if __name__ == "__main__":
    main()
