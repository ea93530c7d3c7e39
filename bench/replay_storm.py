"""Everybody comes back at once: `make bench NAME=replay-storm`.

Two thousand clients follow a campaign, and have each of its events but the last few, not all of them equally many. The
server is killed (SIGKILL). A thousand events are committed while it is down, another process takes its place, and all
clients subscribe again, each after the cursor that it has. Each has to be told each event that it lacks, once and in
order. They come back in one group, and in some; and once more after so much has happened elsewhere that the new process
does not have those events in memory, and has to read the log for them.
"""

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop
from aiohttp import ClientSession

from bench.crowd import Crowd
from bench.many_groups import ways
from bench.numbered import Stand, numbered
from bench.open_files import as_many_as_may_be
from bench.report import Figure, keeping, tell
from tests.e2e.product import TOKEN

CLAIM = (
    "A restart costs about one reading of the log, not one for each client: {clients:,} clients, each of which lacks"
    " {events:,} events or a few more, come back at once"
)
PAGE_EVENTS = 64
"""How many events a page of the log has that is read for who is behind (`page` in `live/`)."""
SERIES = re.compile(
    r"^heliograph_(log_pages_read|log_pages_read_behind|replays)_total(?:{.*})? (\S+)$", re.MULTILINE
)


@dataclass(frozen=True)
class Scale:
    """How much of everything.

    Attributes:
        clients: how many come back.
        events: what each lacks at least.
        spread: at how many cursors they are.
        elsewhere: events of no interest to them that come last: more than a process remembers when it starts.
    """

    clients: int = 2_000
    events: int = 1_000
    spread: int = 200
    elsewhere: int = 3_000


@dataclass(frozen=True)
class Case:
    """A way to come back."""

    groups: int
    in_memory: bool

    def __str__(self) -> str:
        where = "in memory" if self.in_memory else "in the log alone"
        return f"{self.groups} group{'s' if self.groups > 1 else ''}, events {where}"


CASES = (Case(1, in_memory=True), Case(1, in_memory=False), Case(20, in_memory=False))


@dataclass(frozen=True)
class Storm:
    """What a restart came to.

    Attributes:
        case: how they came back.
        refusals: how often one was not let in at first, and had to come again.
        delivered: events that they lacked, each once and in order.
        seconds: from when the new process was ready until the last had all.
        processor: seconds of the processor of that process.
        counts: what it has counted: pages of the log that it read, and stretches that it rendered.
    """

    case: Case
    refusals: int
    delivered: int
    seconds: float
    processor: float
    counts: dict[str, int]


async def measure(folder: Path, scale: Scale, cases: Sequence[Case] = CASES) -> list[Storm]:
    """Each case on a server of its own."""
    storms = []
    for number, case in enumerate(cases):
        place = folder / str(number)
        place.mkdir(parents=True)
        async with numbered(place) as stand:
            storms.append(await storm(stand, scale, case))
        print(f"  {storms[-1]}", file=sys.stderr, flush=True)
    return storms


async def storm(stand: Stand, scale: Scale, case: Case) -> Storm:
    """Kill the server, start another one, and wait until everybody has all."""
    streams = ways(stand, case.groups)
    async with Crowd.open(stand.url, TOKEN) as crowd:
        await crowd.join(scale.clients, streams, stand.next)
        before = await crowd.until(await stand.commit(scale.spread))
        await crowd.leave(scale.spread)
        await stand.api.process.kill()
        await stand.commit(scale.events)
        if not case.in_memory:
            await stand.commit_elsewhere(scale.elsewhere)
        await stand.serve_again()
        began, processor = time.monotonic(), stand.processor_seconds
        await crowd.resume(stand.url, streams)
        heard = await crowd.until(stand.number)
        used = stand.processor_seconds - processor
        delivered, seconds = heard.delivered - before.delivered, heard.at - began
        return Storm(case, heard.refusals, delivered, seconds, used, await _counted(stand))


async def _counted(stand: Stand) -> dict[str, int]:
    async with ClientSession() as http, http.get(f"{stand.api.client.url}/metrics") as answer:
        found: dict[str, int] = {}
        for name, value in SERIES.findall(await answer.text()):
            found[name] = found.get(name, 0) + int(float(value))
    return found


def told(scale: Scale, storms: Sequence[Storm]) -> list[Figure]:
    """The figures."""
    return [figure for storm in storms for figure in _told(scale, storm)]


def _told(scale: Scale, storm: Storm) -> list[Figure]:
    counts, each = storm.counts, storm.processor / storm.delivered * 1e6
    pages = counts.get("log_pages_read_behind", 0)
    most = _stretches(scale)
    return [
        Figure(
            what=f"{storm.case}: until all had all",
            value=f"{storm.seconds:.1f} s, {storm.processor:.1f} s of CPU{_refused(storm)}",
        ),
        Figure(
            what=f"{storm.case}: deliveries, each once and in order, and CPU for each",
            value=f"{storm.delivered:,}, {each:.1f} µs",
        ),
        Figure(
            what=f"{storm.case}: pages of the log read for them",
            value=f"{pages:,} ({counts.get('replays', 0):,} rendered)",
            goal=f"at most {most}",
            met=pages <= most,
        ),
    ]


def _refused(storm: Storm) -> str:
    return f"; {storm.refusals:,} times one was told to come again" if storm.refusals else ""


def _stretches(scale: Scale) -> int:
    """How many pages there are from the first cursor to the end, and one for where they begin."""
    return (scale.spread + scale.events + scale.elsewhere) // PAGE_EVENTS + 2


def main() -> int:
    """Run it; 1 if a goal was missed."""
    parser = argparse.ArgumentParser(prog="bench.replay_storm", description=__doc__)
    for name, text in (
        ("clients", "how many come back"),
        ("events", "what each lacks at least"),
        ("spread", "at how many cursors they are"),
        ("elsewhere", "events elsewhere, where theirs are to be in the log alone"),
    ):
        parser.add_argument(f"--{name}", type=int, default=getattr(Scale, name), help=f"{text} (%(default)s)")
    keeping(parser)
    given = parser.parse_args()
    scale = Scale(given.clients, given.events, given.spread, given.elsewhere)
    as_many_as_may_be()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="heliograph-storm-") as folder:
        storms = uvloop.run(measure(Path(folder), scale))
    claim = CLAIM.format(clients=scale.clients, events=scale.events)
    seconds = time.monotonic() - began
    return 0 if tell("replay-storm", claim, told(scale, storms), seconds, keep=given.keep) else 1


if __name__ == "__main__":
    sys.exit(main())
