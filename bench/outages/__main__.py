"""Run all outages, one after the other: `make bench NAME=outages ARGS="--seconds 10"` makes each of them short."""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop
from aiohttp import ClientSession, TCPConnector

from bench.deliveries import deliveries
from bench.faults import audience
from bench.fleet import ClientTask, Fleet, GaveUp
from bench.history import read_log
from bench.load import Load, Tally
from bench.load_things import CAMPAIGN, KEYWORD_SET, POOL, PROFILE, PROXY, Thing, make
from bench.outages.asker import Asker
from bench.outages.figures import Found, figures
from bench.outages.scenes import CALM_SECONDS, play, scenes
from bench.outages.watch import Watch
from bench.report import Figure, keeping, tell
from bench.servers import own_postgres, own_redis
from tests.e2e.product import TOKEN, Api, Product
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer

NAME = "outages"
CLAIM = (
    "PostgreSQL + Redis, two API processes, a worker, graphql-ws and EventSource clients under load: "
    "the broker or the database goes away"
)
BEGIN_SECONDS = 60.0
CATCH_UP_SECONDS = 60.0
ASKED_PER_SECOND = 4.0
COUNTS = ((CAMPAIGN, 6), (KEYWORD_SET, 4), (PROXY, 2), (POOL, 2), (PROFILE, 2))


@dataclass(frozen=True)
class Installation:
    """What goes away, what must not, and what there is to change."""

    redis: RedisServer
    postgres: PostgresServer
    database_url: str
    apis: Sequence[Api]
    things: Sequence[Thing]


@asynccontextmanager
async def installation(folder: Path, found: Found) -> AsyncIterator[Installation]:
    """Two API processes and a worker; what they complain about when they end is in `found`."""
    async with own_postgres(folder) as postgres, own_redis(folder) as redis:
        url = (await postgres.create_database()).sqlalchemy_url()
        product = Product(folder / "product", database_url=url, channel_url=redis.url, drain_seconds=0)
        try:
            async with product:
                apis = [await product.serve(*flags, workers="none") for flags in (["--migrate"], [])]
                await product.work()
                made = [await make(apis[0].client, kind, count) for kind, count in COUNTS]
                things = [thing for kind in made for thing in kind]
                yield Installation(redis, postgres, url, apis, things)
        except AssertionError as complaint:
            found.wrong.append(str(complaint)[-2000:])


async def run(args: argparse.Namespace, folder: Path) -> list[Figure]:
    """All that was measured."""
    found = Found()
    async with (
        installation(folder, found) as place,
        ClientSession(connector=TCPConnector(limit=0)) as http,
    ):
        clients = [api.client for api in place.apis]
        followed = audience.streams(audience.Cast(place.things))
        tasks = audience.clients(followed, [each.url for each in clients], args.clients, args.sse)
        async with Fleet.open(tasks, folder / "fleet") as fleet, Watch(http, clients) as watch:
            await fleet.until({task.name: 1 for task in tasks}, BEGIN_SECONDS)
            tally, asker = await _perform(args, place, http, fleet, watch, found)
            found.wrong += [
                f"the load was told {code} {count} times" for code, count in tally.surprises.items()
            ]
            await _judge(place, fleet, tasks, found, tally.acknowledged)
    for text in found.wrong:
        print(f"! {text}")
    return figures(found, watch, tally, asker)


async def _perform(
    args: argparse.Namespace,
    place: Installation,
    http: ClientSession,
    fleet: Fleet,
    watch: Watch,
    found: Found,
) -> tuple[Tally, Asker]:
    clients = [api.client for api in place.apis]

    async def connections() -> int:
        await fleet.positions()
        return sum(fleet.connections.values())

    # All changes go to one of the two, so that the other hears of them by the channel, or from the log, or never.
    asker = Asker(http, clients[0], place.things[0], ASKED_PER_SECOND)
    load = Load(http, [clients[0].url], TOKEN, place.things[1:], args.rate)
    async with asker, load:
        await asyncio.sleep(CALM_SECONDS)
        for scene in scenes(place.redis, place.postgres, args.seconds):
            if not args.only or scene.name in args.only:
                print(f"  {scene.told}", flush=True)
                found.played.append(await play(scene, watch, connections))
    return load.tally, asker


async def _judge(
    place: Installation,
    fleet: Fleet,
    tasks: Sequence[ClientTask],
    found: Found,
    acknowledged: Sequence[int],
) -> None:
    log = await read_log(place.database_url)
    try:
        await fleet.catch_up(log, CATCH_UP_SECONDS)
    except (GaveUp, TimeoutError) as error:
        found.wrong.append(str(error))
    found.gave_up = len(fleet.gave_up)
    await fleet.close()
    whole = await read_log(place.database_url)
    there = {row.position for row in whole}
    found.lost = sum(position not in there for position in acknowledged)
    found.verdicts = fleet.judge(whole, log[-1].position)
    found.wrong += [str(verdict) for verdict in found.verdicts if not verdict.clean]
    told = deliveries(whole, *(fleet.frames(task.name) for task in tasks))
    found.deliveries = [each for each in told if each.is_event]


def main() -> int:
    """Run it; 1 if a promise was not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="the longest that an outage lasts")
    parser.add_argument("--clients", type=int, default=35, help="official clients over WebSockets")
    parser.add_argument("--sse", type=int, default=15, help="event sources")
    parser.add_argument("--rate", type=float, default=100.0, help="commits a second")
    parser.add_argument("--only", action="append", help="one of the outages; may be repeated")
    keeping(parser)
    args = parser.parse_args()
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="heliograph-outages-"))
    found = uvloop.run(run(args, folder))
    kept = tell(NAME, CLAIM, found, time.monotonic() - began, keep=args.keep)
    if kept:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"All that was recorded is in {folder}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
