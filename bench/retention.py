"""What pruning costs those who write: `python -m bench.retention`, on SQLite and PostgreSQL.

One writer commits an event every few milliseconds, first alone and then while a worker prunes a log that is far too
long. What is told is how long its commits take, how long the longest step of the pruning is, and that the log has all
that was committed, above its floor.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.report import Figure, keeping, tell
from bench.servers import own_postgres
from core.clock import SystemClock
from core.ids import new_id
from core.settings import Settings
from core.tasks import Owner
from db.engine import Engines
from db.migrating import upgrade
from db.unit_of_work import Database
from events.campaign_events import CampaignProgress
from events.log import Log
from events.outbox import record
from services.retention import Retention
from tests.fakes.bell import RecordingBell
from vocabulary.access import WORKER
from vocabulary.campaigns import Counts, PhaseKind
from workers.pruning import Pruning

KEPT = 1_000
PAUSE_SECONDS = 0.005


class Timed(Retention):
    """Retention that notes how long each of its steps takes."""

    def __init__(self, database: Database, settings: Settings) -> None:
        super().__init__(database, settings)
        self.steps: list[float] = []

    async def prune(self, upto: int) -> int | None:
        """One step, timed."""
        started = time.perf_counter()
        try:
            return await super().prune(upto)
        finally:
            self.steps.append((time.perf_counter() - started) * 1000)


async def commit(database: Database, events: int = 1) -> float:
    """Commit that many events of a worker; how long it took, in milliseconds."""
    started = time.perf_counter()
    async with database.write() as unit:
        for _ in range(events):
            event = CampaignProgress(campaign_id=new_id(), phase=PhaseKind.ANALYSIS, counts=Counts())
            record(unit, event, actor=WORKER, owner_id=None)
    return (time.perf_counter() - started) * 1000


async def write(database: Database, times: list[float]) -> None:
    """Commit again and again, until it is cancelled."""
    while True:
        times.append(await commit(database))
        await asyncio.sleep(PAUSE_SECONDS)


async def while_writing(database: Database, what: AsyncIterator[None]) -> list[float]:
    """The times of a writer's commits while something goes on."""
    times: list[float] = []
    async with Owner("writer") as owner:
        owner.start(write(database, times), "write")
        async for _ in what:
            pass
    return times


async def some_time(seconds: float) -> AsyncIterator[None]:
    """Nothing else."""
    await asyncio.sleep(seconds)
    yield


async def pruned(retention: Retention) -> AsyncIterator[None]:
    """A worker's pass, to its end."""
    pruning, closing = Pruning(retention), asyncio.Event()
    async with Owner("pruning") as owner:
        owner.start(pruning.run(closing), "prune")
        while not pruning.passes:
            await asyncio.sleep(0.01)
            yield
        closing.set()
        pruning.wake()


async def measure(name: str, url: str, events: int, seconds: float) -> list[Figure]:
    """The figures of one database."""
    await upgrade(url)
    engines = Engines(url)
    database = Database(engines, RecordingBell(), SystemClock())
    for _ in range(events // KEPT):
        await commit(database, KEPT)
    alone = await while_writing(database, some_time(seconds))
    retention = Timed(database, Settings(log_events=KEPT))
    started = time.perf_counter()
    beside = await while_writing(database, pruned(retention))
    took = time.perf_counter() - started
    head = await Log(engines).head()
    page = await Log(engines).read_after(head.floor, 10 * events)
    await engines.close()
    found = [envelope.position for envelope in page.envelopes]
    return [
        Figure(what=f"{name}: events deleted", value=f"{head.floor:,} in {took:.1f} s"),
        Figure(what=f"{name}: the longest step of the pruning", value=f"{max(retention.steps):.0f} ms"),
        Figure(what=f"{name}: commits of a writer alone", value=_spread(alone)),
        Figure(what=f"{name}: commits beside the pruning", value=_spread(beside)),
        Figure(
            what=f"{name}: events above the floor that are missing",
            value=str(head.position - head.floor - len(found)),
            goal="0",
            met=found == list(range(head.floor + 1, head.position + 1)),
        ),
    ]


def _spread(times: list[float]) -> str:
    p99 = statistics.quantiles(times, n=100, method="inclusive")[98]
    return f"p50 {statistics.median(times):.1f} ms, p99 {p99:.1f} ms, longest {max(times):.1f} ms"


@asynccontextmanager
async def databases(folder: Path) -> AsyncIterator[dict[str, str]]:
    """The URLs of an empty database of each kind."""
    found = {"SQLite": f"sqlite+aiosqlite:///{folder / 'log.db'}"}
    async with own_postgres(folder) as server:
        yield {**found, "PostgreSQL": (await server.create_database()).sqlalchemy_url()}


async def run(events: int, seconds: float, *, keep: bool) -> bool:
    """Measure and tell; whether nothing is missing."""
    started, figures = time.perf_counter(), []
    with tempfile.TemporaryDirectory() as folder:
        async with databases(Path(folder)) as urls:
            for name, url in urls.items():
                figures += await measure(name, url, events, seconds)
    claim = "Pruning the log takes nothing that is above its floor; how long writers wait for its steps is measured."
    return tell("retention", claim, figures, time.perf_counter() - started, keep=keep)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="how long the log is before it is pruned")
    parser.add_argument("--seconds", type=float, default=10, help="how long a writer is measured alone")
    keeping(parser)
    args = parser.parse_args()
    return 0 if asyncio.run(run(args.events, args.seconds, keep=args.keep)) else 1


if __name__ == "__main__":
    sys.exit(main())
