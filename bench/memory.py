"""What a connection and a subscription cost in memory: `make bench NAME=memory`.

`heliograph serve` on SQLite is measured as it comes: what is resident (`VmRSS`, by the kernel) with so many connections
and with twice as many, and with so many subscriptions on each and with twice as many. So what is there once, or grows
once, is in no difference. In each step everybody is told of some events before it is measured, and all subscriptions of
a connection are to different campaigns. Beside it, in the same run, a connection to a server of raw aiohttp.

At the end one process holds ten thousand connections, each of which is told each event.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import uvloop

from bench.crowd import Crowd
from bench.fanout.contestants import AIOHTTP, CONTESTANTS
from bench.numbered import Stand, numbered
from bench.open_files import as_many_as_may_be
from bench.report import Figure, keeping, tell
from bench.resident import resident_mb
from tests.e2e.product import TOKEN

CLAIM = "Connections and subscriptions are cheap, and one process holds {held:,} connections"
CONNECTION_KIB = 18.0
SUBSCRIPTION_KIB = 1.0
FILES_OF_ITS_OWN = 200
"""How many files a server has open beside its connections, and then some."""
EVENTS = 10


@dataclass(frozen=True)
class Scale:
    """How much of everything.

    Attributes:
        connections: with one subscription, at first, and then twice as many.
        several: connections that have more subscriptions.
        further: how many more each of them has at first, and then twice as many.
        held: how many connections are held at the end.
        events: how many events each of those is told.
    """

    connections: int = 1_000
    several: int = 500
    further: int = 10
    held: int = 10_000
    events: int = 20


@dataclass(frozen=True)
class Held:
    """Many connections on one process.

    Attributes:
        connections: how many.
        delivered: events that they were told, each once and in order.
        resident_mib: memory of the server with all of them.
        opening: seconds until all were there.
        last: seconds from an event's commit until the last had it, of the slowest event.
        processor: seconds of the server's processor for the events.
    """

    connections: int
    delivered: int
    resident_mib: float
    opening: float
    last: float
    processor: float


@dataclass(frozen=True)
class Found:
    """What was measured: KiB for each, and those that were held."""

    connection: float
    raw: float
    subscription: float
    held: Held


async def measure(folder: Path, scale: Scale) -> Found:
    """All of it, each on a server of its own."""
    async with numbered(_own(folder, "connections")) as stand:
        connection = await each_connection(stand, scale)
    print(f"  {connection:.1f} KiB for a connection", file=sys.stderr, flush=True)
    raw = await each_raw(_own(folder, "raw"), scale)
    print(f"  {raw:.1f} KiB for one of raw aiohttp", file=sys.stderr, flush=True)
    async with numbered(_own(folder, "subscriptions"), 2 * scale.further) as stand:
        subscription = await each_subscription(stand, scale)
    print(f"  {subscription:.2f} KiB for a further subscription", file=sys.stderr, flush=True)
    async with numbered(_own(folder, "held")) as stand:
        held = await holding(stand, scale)
    print(f"  {held}", file=sys.stderr, flush=True)
    return Found(connection, raw, subscription, held)


def _own(folder: Path, name: str) -> Path:
    place = folder / name
    place.mkdir(parents=True)
    return place


async def each_connection(stand: Stand, scale: Scale) -> float:
    """KiB for a connection with one subscription."""
    async with Crowd.open(stand.url, TOKEN) as crowd:
        sizes = []
        for connections in (scale.connections, 2 * scale.connections):
            await crowd.join(connections, [[stand.payload(0)]], stand.next)
            sizes.append(await _used(stand, crowd))
    return (sizes[1] - sizes[0]) / scale.connections


async def each_raw(folder: Path, scale: Scale) -> float:
    """KiB for a connection to raw aiohttp."""
    async with CONTESTANTS[AIOHTTP](folder) as peer:
        url = f"http://127.0.0.1:{peer.place.port}/graphql?subscriptions=1"
        async with Crowd.open(url, "") as crowd:
            sizes, number = [], 0
            for connections in (scale.connections, 2 * scale.connections):
                await crowd.join(connections, [[{}]], number + 1)
                for _ in range(EVENTS):
                    number += 1
                    await peer.publish(number, 1)
                    await crowd.until(number)
                sizes.append(resident_mb(peer.pids[0]) * 1024)
    return (sizes[1] - sizes[0]) / scale.connections


async def each_subscription(stand: Stand, scale: Scale) -> float:
    """KiB for a subscription more on a connection that has some, to streams that others follow, too."""
    async with Crowd.open(stand.url, TOKEN) as crowd:
        streams = [stand.payload(number) for number in range(2 * scale.further)]
        await crowd.join(scale.several, [streams[: scale.further]], stand.next)
        before = await _used(stand, crowd)
        await crowd.follow(streams[scale.further :], stand.next)
        after = await _used(stand, crowd)
    return (after - before) / (scale.several * scale.further)


async def _used(stand: Stand, crowd: Crowd) -> float:
    """KiB that are resident when everybody has been told of some events."""
    for _ in range(EVENTS):
        await crowd.until(await stand.commit())
    return stand.resident_kib


async def holding(stand: Stand, scale: Scale) -> Held:
    """One process with very many connections, and some events."""
    async with Crowd.open(stand.url, TOKEN) as crowd:
        began = time.monotonic()
        before = heard = await crowd.join(scale.held, [[stand.payload(0)]], stand.next)
        opening, processor, slowest = time.monotonic() - began, stand.processor_seconds, 0.0
        for _ in range(scale.events):
            number, committed = await stand.commit(), time.monotonic()
            heard = await crowd.until(number)
            slowest = max(slowest, heard.at - committed)
        return Held(
            connections=scale.held,
            delivered=heard.delivered - before.delivered,
            resident_mib=stand.resident_kib / 1024,
            opening=opening,
            last=slowest,
            processor=stand.processor_seconds - processor,
        )


def told(scale: Scale, wanted: int, found: Found) -> list[Figure]:
    """The figures; `wanted` is how many connections should have been held."""
    held = found.held
    due = held.connections * scale.events
    return [
        Figure(
            what="a connection with one subscription",
            value=f"{found.connection:.1f} KiB",
            goal=f"at most {CONNECTION_KIB:g} KiB",
            met=found.connection <= CONNECTION_KIB,
        ),
        Figure(what="a connection to a server of raw aiohttp, without GraphQL", value=f"{found.raw:.1f} KiB"),
        Figure(
            what="a further subscription",
            value=f"{found.subscription:.2f} KiB",
            goal=f"at most {SUBSCRIPTION_KIB:g} KiB",
            met=found.subscription <= SUBSCRIPTION_KIB,
        ),
        Figure(
            what="connections with one subscription each on one process"
            + ("" if held.connections == wanted else " (what may be open here allows no more)"),
            value=f"{held.connections:,}, there after {held.opening:.1f} s, {held.resident_mib:.0f} MiB in all",
            goal=f"{wanted:,}",
            met=held.connections >= wanted,
        ),
        Figure(
            what=f"{scale.events} events to each of them, one at a time: deliveries, each once and in order",
            value=f"{held.delivered:,}",
            goal=f"{due:,}",
            met=held.delivered == due,
        ),
        Figure(
            what="from the commit until the last of them had it, at most; CPU for each delivery",
            value=f"{held.last * 1000:.0f} ms; {held.processor / held.delivered * 1e6:.1f} µs",
        ),
    ]


def main() -> int:
    """Run it; 1 if a goal was missed."""
    parser = argparse.ArgumentParser(prog="bench.memory", description=__doc__)
    for name, text in (
        ("connections", "connections at first, then twice as many"),
        ("several", "connections that have more subscriptions than one"),
        ("further", "how many they have at first, then twice as many"),
        ("held", "connections that are held at the end"),
        ("events", "events that each of those is told"),
    ):
        default = getattr(Scale, name)
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{text} (%(default)s)")
    keeping(parser)
    asked = vars(parser.parse_args())
    keep, given = asked.pop("keep"), Scale(**asked)
    scale = replace(given, held=min(given.held, as_many_as_may_be() - FILES_OF_ITS_OWN))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="heliograph-memory-") as folder:
        found = uvloop.run(measure(Path(folder), scale))
    claim = CLAIM.format(held=scale.held)
    seconds = time.monotonic() - began
    return 0 if tell("memory", claim, told(scale, given.held, found), seconds, keep=keep) else 1


if __name__ == "__main__":
    sys.exit(main())
