"""How many results a worker commits: `python -m bench.ingest`, domain results per second on SQLite and PostgreSQL.

One process writes what DNS says of every domain of a campaign as a worker does, a hundred in a transaction, through
`services/results.py`: the results, what they move in the counts of shard, phase and campaign, and the events that tell
of it, in the log. Beside it stands what the database takes of the bare driver for a batch insert of the same results
into a table without an index, in transactions of the same size. Both wait for the disk as the product does. The two
take turns, and what ours has committed is counted in the table and in the log.

The doorbell is one that nobody hears. `--profile` prints where the time of ours goes.
"""

import argparse
import asyncio
import cProfile
import pstats
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import uvloop
from sqlalchemy import func, select

from bench.report import Figure, keeping, tell
from bench.servers import own_postgres
from core.clock import SystemClock
from core.logging import configure
from core.settings import Settings
from db.models import DomainRow, EventRow
from db.repositories.verdicts import DnsResult
from services.results import Batch, Results
from services.work import Work
from tests.fakes.house import open_house
from tests.fakes.shop import Shop, open_shop
from tests.servers.postgres import Database
from vocabulary.campaigns import GenerationConfig, PatternType
from vocabulary.checks import CheckStatus, DnsReason, DnsVerdict
from vocabulary.work import ShardKind
from workers.shard_run import FLUSH_RESULTS

PERSONA = UUID(int=1)
SHARD = 500
LINES = 40
CLAIM = "What one worker commits, with its counts and events, beside what the bare driver inserts."
COLUMNS = "at_offset, checked_at, lead_status, rejection, dns_status, dns_reason, dns_addresses, dns_resolver, attempts"


@dataclass
class Rates:
    """Results per second, of each round."""

    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    events: int = 0
    cpu_ms: list[float] = field(default_factory=list)


def result(offset: int) -> DnsResult:
    """What DNS says of one domain: two thirds resolve."""
    if offset % 3:
        verdict = DnsVerdict(
            CheckStatus.OK, addresses=("192.0.2.7",), resolver="192.0.2.53:53", attempts=1, millis=7
        )
    else:
        verdict = DnsVerdict(
            CheckStatus.ERROR, DnsReason.NXDOMAIN, resolver="192.0.2.53:53", attempts=1, millis=9
        )
    return DnsResult(offset, verdict, PERSONA)


def batches(offsets: Sequence[int]) -> list[list[DnsResult]]:
    """As a worker writes them."""
    return [
        [result(offset) for offset in offsets[first : first + FLUSH_RESULTS]]
        for first in range(0, len(offsets), FLUSH_RESULTS)
    ]


async def ours(url: str, names: int, rates: Rates, profile: cProfile.Profile | None) -> None:
    """One round on an empty database; raises SystemExit if not all of it was committed."""
    async with open_house(url) as house, open_shop(house, SystemClock(), Settings()) as shop:
        campaign = await shop.generated(names_of(names), SHARD)
        before = len(await house.events())
        work, results = Work(shop.database, shop.settings), Results(shop.database, shop.settings)
        claims = await work.claim("bench", [ShardKind.DNS_VALIDATION], names)
        began, cpu = time.perf_counter(), time.process_time()
        if profile is not None:
            profile.enable()
        for claim in claims:
            for batch in batches(claim.within):
                await results.flush(claim, Batch(batch))
        if profile is not None:
            profile.disable()
        rates.ours.append(names / (time.perf_counter() - began))
        rates.cpu_ms.append((time.process_time() - cpu) / names * FLUSH_RESULTS * 1000)
        await require_all(shop, campaign, names)
        rates.events = len(await house.events()) - before


def names_of(count: int) -> GenerationConfig:
    """What generates so many names."""
    return GenerationConfig(
        pattern_type=PatternType.PREFIX,
        character_set="abcdefghijklmnopqrstuvwxyz",
        constant="bench",
        tlds=(".com",),
        prefix_length=4,
        count=count,
    )


async def require_all(shop: Shop, campaign: UUID, names: int) -> None:
    """See that every result is in the table, and told of in the log.

    Raises:
        SystemExit: some are not.
    """
    checked = select(func.count()).where(
        DomainRow.campaign_id == campaign, DomainRow.dns_checked_at.is_not(None)
    )
    logged = select(func.count()).where(EventRow.type == "DomainsChanged")
    async with shop.database.engines.reading() as session:
        written = (await session.execute(checked)).scalar_one()
        told = (await session.execute(logged)).scalar_one()
    if written != names or told < names // FLUSH_RESULTS:
        raise SystemExit(f"{written} of {names} results were written, and {told} events told of them.")


def rows_of(names: int) -> list[list[tuple[object, ...]]]:
    """The same results as rows for a driver."""
    at = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
    return [
        [
            (
                *(
                    each.offset,
                    at,
                    "PENDING",
                    "PENDING",
                    str(each.verdict.status),
                    str(each.verdict.reason or ""),
                ),
                *(",".join(each.verdict.addresses), each.verdict.resolver, each.verdict.attempts),
            )
            for each in batch
        ]
        for batch in batches(range(names))
    ]


def bare_sqlite(file: Path, names: int) -> float:
    """Results per second of `sqlite3`, which waits for the disk as the product's writer does."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"CREATE TABLE bare ({COLUMNS})")
    marks = ", ".join("?" * len(COLUMNS.split(", ")))
    began = time.perf_counter()
    for rows in rows_of(names):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(f"INSERT INTO bare VALUES ({marks})", rows)
        connection.execute("COMMIT")
    rate = names / (time.perf_counter() - began)
    connection.close()
    return rate


async def bare_postgres(database: Database, names: int) -> float:
    """Results per second of asyncpg."""
    connection = await asyncpg.connect(database.url)
    kinds = [
        f"{name} {'bigint' if name in {'at_offset', 'attempts'} else 'text'}" for name in COLUMNS.split(", ")
    ]
    await connection.execute(f"CREATE TABLE bare ({', '.join(kinds)})")
    marks = ", ".join(f"${number + 1}" for number in range(len(kinds)))
    began = time.perf_counter()
    for rows in rows_of(names):
        async with connection.transaction():
            await connection.executemany(f"INSERT INTO bare VALUES ({marks})", rows)
    rate = names / (time.perf_counter() - began)
    await connection.close()
    return rate


async def run(args: argparse.Namespace) -> bool:
    """Measure."""
    configure("warning")
    began = time.monotonic()
    profile = cProfile.Profile() if args.profile else None
    found = {"SQLite": Rates(), "PostgreSQL": Rates()}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heliograph-ingest-")))
        postgres = await stack.enter_async_context(own_postgres(folder))
        for number in range(args.rounds):
            sqlite, server = found["SQLite"], found["PostgreSQL"]
            await ours(f"sqlite+aiosqlite:///{folder / f'{number}.db'}", args.names, sqlite, profile)
            bare = folder / f"bare {number}.db"
            sqlite.bare.append(await asyncio.to_thread(bare_sqlite, bare, args.names))
            database = await postgres.create_database()
            await ours(database.sqlalchemy_url(), args.names, server, None)
            server.bare.append(await bare_postgres(await postgres.create_database(), args.names))
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(LINES)
    figures = [each for name, rates in found.items() for each in _figures(name, rates)]
    written = f"{args.rounds} rounds of {args.names:,} results, {FLUSH_RESULTS} in a transaction"
    asked = Figure(what="written", value=written)
    return tell("ingest", CLAIM, [asked, *figures], time.monotonic() - began, keep=args.keep)


def _figures(name: str, rates: Rates) -> list[Figure]:
    ours, bare = statistics.median(rates.ours), statistics.median(rates.bare)
    cpu = statistics.median(rates.cpu_ms)
    return [
        Figure(
            what=f"{name}: results of one worker, with counts and events",
            value=f"{ours:,.0f}/s ({rates.events} events; {cpu:.1f} ms CPU for {FLUSH_RESULTS} results)",
        ),
        Figure(
            what=f"{name}: batch insert of the bare driver",
            value=f"{bare:,.0f}/s, {bare / ours:.1f} times as many",
        ),
    ]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="bench.ingest", description=__doc__.partition("\n")[0])
    parser.add_argument("--names", type=int, default=10_000, help="domains of a round. Default: 10,000.")
    parser.add_argument("--rounds", type=int, default=3, help="how often. Default: 3.")
    parser.add_argument("--profile", action="store_true", help="print where the time of ours goes, on SQLite")
    keeping(parser)
    sys.exit(0 if uvloop.run(run(parser.parse_args())) else 1)


if __name__ == "__main__":
    main()
