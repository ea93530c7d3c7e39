"""What is over leaves nothing behind: `python -m bench.leaks`.

A real `heliograph serve` on SQLite is warmed up first, by more events than a process keeps in memory and by some
thousands of clients: what grows until then are windows, caches and pools that have their bounds, and the heap's
arenas. Then it is measured, at rest, again and again: while one client follows all events, and after each slice of
clients that came, subscribed and went, each in another way (`bench/churn.py`).

Memory is what the kernel says is resident (`VmRSS`), with all that the allocator has not given back: nothing is
trimmed or collected for the sake of the figure. Tasks are counted by the server itself (`heliograph_tasks`), open files
by the kernel.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession, TCPConnector

from bench.churn import Churn
from bench.report import Figure, keeping, tell
from bench.vitals import Examiner, Vitals
from core.settings import Settings
from tests.e2e.client import Client, SocketWire
from tests.e2e.product import Api, Product

SHARE = 0.05
CHANGES = 40
"""How many changes one request asks for, each a transaction with an event of its own; more tokens it may not have."""
SLICES = 10
WINDOW = 1_000
"""Of the newest events the server keeps up to twice as many; the default is more, and takes longer to fill."""
NAMES = ("even", "odd")
CREATE = """
mutation { createKeywordSet(input: { name: "odd", rules: [{ pattern: "wind" }] }) {
  __typename ... on CreateKeywordSetPayload { cursor keywordSet { id } } ... on UserError { message }
} }
"""
# Each is a change, for the one before it gave the other name.
CHANGE = "mutation ($id: ID!) { PARTS }".replace(
    "PARTS",
    " ".join(
        f"""c{number}: updateKeywordSet(input: {{ id: $id, name: "{NAMES[number % 2]}" }}) {{
          __typename ... on UpdateKeywordSetPayload {{ cursor }} ... on UserError {{ message }} }}"""
        for number in range(CHANGES)
    ),
)
# Four selections of objects. With the memo that graphql-core keeps of each event they would leave 3 KiB each time.
FOLLOW = """
subscription ($after: Cursor) { activity(after: $after) { ... on ActivityAdded {
  cursor one: activity { summary actor { kind } } other: activity { kind actor { name } }
} } }
"""
QUERIES = [
    "subscription { activity { __typename ... on ActivityAdded { activity { summary kind } } } }",
    "subscription { campaignList(maxRate: 1) { __typename ... on CampaignChanged { campaign { name percent } } } }",
    "subscription { resourceEvents(kinds: [PERSONA, KEYWORD_SET]) { __typename } }",
]


@dataclass(frozen=True)
class Scale:
    """How much of everything."""

    events: int
    cycles: int
    warm_events: int
    warm_cycles: int


@dataclass(frozen=True)
class Course:
    """What was measured, one after the other.

    Attributes:
        begun: when it was ready.
        warm: the baseline.
        following: after all events, while their subscriber was still there.
        left: when it was not any more.
        slices: after each slice of the clients.
        rate: how many clients came and went in a second.
    """

    begun: Vitals
    warm: Vitals
    following: Vitals
    left: Vitals
    slices: Sequence[Vitals]
    rate: float


class Patient:
    """A server that is examined."""

    def __init__(self, api: Api, http: ClientSession) -> None:
        self._examiner = Examiner(api, http)
        self._client = Client(http, api.client.url, api.client.token)
        self._churn = Churn(api.client.url, api.client.token, QUERIES)
        self._churning = 0.0
        self._id = ""

    async def examine(self, scale: Scale) -> Course:
        """Warm it up, and measure."""
        begun = await self._examiner.look()
        made = await self._client.change("createKeywordSet", CREATE)
        self._id = made["keywordSet"]["id"]
        async with self._subscriber() as wire:
            await self._events(wire, scale.warm_events)
        await self._churn.run(scale.warm_cycles)
        warm = await self._examiner.most_at_rest()
        print(f"warm: {warm}", file=sys.stderr)
        async with self._subscriber() as wire:
            await self._events(wire, scale.events)
            following = await self._examiner.look()
        left = await self._examiner.at_rest(warm)
        print(f"{scale.events} events: {following}; then {left}", file=sys.stderr)
        slices = [await self._slice(scale.cycles // SLICES, warm) for _ in range(SLICES)]
        return Course(begun, warm, following, left, slices, scale.cycles / self._churning)

    async def _slice(self, cycles: int, before: Vitals) -> Vitals:
        began = time.monotonic()
        await self._churn.run(cycles)
        self._churning += time.monotonic() - began
        found = await self._examiner.at_rest(before)
        print(f"{cycles} clients: {found}", file=sys.stderr)
        return found

    @asynccontextmanager
    async def _subscriber(self) -> AsyncIterator[SocketWire]:
        here = (await self._client.ask("{ cursor }"))["cursor"]
        async with self._client.over_socket(FOLLOW, {"after": here}) as wire:
            yield wire

    async def _events(self, wire: SocketWire, count: int) -> None:
        """So many events to one subscriber, who has all of them when this returns."""
        for _ in range(0, count, CHANGES):
            places = [made["cursor"] for made in (await self._client.ask(CHANGE, id=self._id)).values()]
            assert [await _place(wire) for _ in places] == places


async def _place(wire: SocketWire) -> str:
    data = await wire.next()
    assert data is not None
    return str(data["activity"]["cursor"])


async def measure(scale: Scale, folder: Path) -> Course:
    """Start a server, and examine it."""
    async with Product(folder, window_events=WINDOW) as product:
        api = await product.serve()
        # A connection that is kept for later would be a file that stays open.
        async with ClientSession(connector=TCPConnector(force_close=True)) as http:
            return await Patient(api, http).examine(scale)


async def run(scale: Scale, *, keep: bool) -> bool:
    """Measure; gives whether every promise was kept."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="heliograph-leaks-") as folder:
        course = await measure(scale, Path(folder))
    claim = "Events and connections that are over leave nothing behind."
    return tell("leaks", claim, told(scale, course), time.monotonic() - began, keep=keep)


def told(scale: Scale, course: Course) -> list[Figure]:
    """The figures."""
    warm, last = course.warm, course.slices[-1]
    return [
        Figure(
            what="newest events that the server keeps in memory (`window_events`; few, so that they are soon full)",
            value=f"{WINDOW:,} to {2 * WINDOW:,}, against a default of {Settings().window_events:,}",
        ),
        Figure(what="when it was ready", value=str(course.begun)),
        Figure(
            what=f"baseline, after {scale.warm_events:,} events and {scale.warm_cycles:,} clients",
            value=str(warm),
        ),
        _memory(f"memory after {scale.events:,} events, while one follows", warm, course.following),
        _memory("memory when that one had left", warm, course.left),
        _memory(f"memory after {scale.cycles:,} clients that came and went", warm, last),
        Figure(
            what=f"memory after each {scale.cycles // SLICES:,} of them",
            value=" ".join(f"{each.resident_mb:.1f}" for each in course.slices) + " MB",
        ),
        Figure(
            what="memory at the end against when it was ready, so with all windows, caches and pools filled",
            value=_compared(course.begun, last),
        ),
        _same("tasks", warm.tasks, last.tasks),
        _same("open files", warm.files, last.files),
        _same("subscriptions and groups", warm.following, last.following),
        Figure(what="clients a second", value=f"{course.rate:.0f}"),
    ]


def _memory(what: str, before: Vitals, after: Vitals) -> Figure:
    met = after.resident_mb <= before.resident_mb * (1 + SHARE)
    return Figure(what=what, value=_compared(before, after), goal=f"at most {SHARE:.0%} more", met=met)


def _compared(before: Vitals, after: Vitals) -> str:
    share = after.resident_mb / before.resident_mb - 1
    return f"{after.resident_mb:.1f} MB against {before.resident_mb:.1f} MB ({share:+.1%})"


def _same(what: str, before: int, after: int) -> Figure:
    return Figure(what=what, value=f"{after} against {before}", goal="no more", met=after <= before)


def main() -> None:
    """Run from the command line; ends with 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="bench.leaks", description=__doc__.partition("\n")[0])
    for name, default, text in (
        ("events", 20_000, "events to one subscriber"),
        ("cycles", 100_000, "clients that come and go"),
        ("warm-events", 3 * WINDOW, "events before the baseline"),
        ("warm-cycles", 5_000, "clients before the baseline"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{text} (%(default)s)")
    keeping(parser)
    given = parser.parse_args()
    scale = Scale(given.events, given.cycles, given.warm_events, given.warm_cycles)
    sys.exit(0 if asyncio.run(run(scale, keep=given.keep)) else 1)


if __name__ == "__main__":
    main()
