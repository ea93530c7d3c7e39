"""What a run has shown, counted from the log, from what clients recorded, and from /proc."""

import asyncio
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import distinct, func, select

from bench.deliveries import deliveries
from bench.fleet import Fleet
from bench.history import Logged, Received, Verdict
from core.settings import load as load_settings
from core.tasks import Owner
from db.engine import Engines
from db.models import EventRow
from tests.servers.process import descendants

TICK = 1 / os.sysconf("SC_CLK_TCK")
SAMPLE_SECONDS = 1.0
KINDS = ("redis-server", "postgres", "node")


@dataclass
class Figures:
    """The figures of one seed."""

    seed: int
    events: int = 0
    commits: int = 0
    seconds: float = 0.0
    deliveries: int = 0
    connections: int = 0
    missing: int = 0
    duplicated: int = 0
    reordered: int = 0
    foreign: int = 0
    restarts: int = 0
    resets: int = 0
    gave_up: int = 0
    lost_acknowledged: int = 0
    typical_rate: float = 0.0
    latencies: "Latencies | None" = None
    catch_up: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    hindered: Counter[str] = field(default_factory=Counter)
    cpu: dict[str, float] = field(default_factory=dict)
    load: str = ""
    acknowledged: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Commits a second, over all the time."""
        return self.commits / self.seconds if self.seconds else 0.0

    @property
    def good(self) -> bool:
        """Whether everybody had everything once, in order."""
        faults = (self.missing, self.duplicated, self.reordered, self.foreign, self.restarts, self.resets)
        return not any(faults) and not self.gave_up and not self.lost_acknowledged and not self.wrong

    def judged(self, verdicts: Sequence[Verdict]) -> None:
        """Take in what the judge has said."""
        for verdict in verdicts:
            self.deliveries += verdict.received
            self.missing += len(verdict.missing)
            self.duplicated += len(verdict.duplicated)
            self.reordered += len(verdict.reordered)
            self.foreign += len(verdict.foreign)
            self.restarts += verdict.restarts
            self.resets += verdict.resets
            if not verdict.clean:
                self.wrong.append(str(verdict))

    def __str__(self) -> str:
        late = f", latest {self.latencies.longest:.1f} s" if self.latencies else ""
        return (
            f"seed {self.seed}: {self.missing}/{self.duplicated}/{self.reordered} missing/duplicated/reordered, "
            f"{self.events} events in {self.commits} commits ({self.rate:.0f}/s), "
            f"typically {self.typical_rate:.0f} events/s, "
            f"{self.deliveries} deliveries over {self.connections} connections, gave up {self.gave_up}, "
            f"caught up in {self.catch_up:.1f} s{late}; {self.load}"
        )


@dataclass(frozen=True)
class Latencies:
    """From the time that an event has to the time that a client had it, in seconds."""

    half: float
    most: float
    longest: float


def latencies(log: Sequence[Logged], records: Iterator[Sequence[Received]]) -> Latencies:
    """How late deliveries were, those after an outage included."""
    late = sorted(each.seconds for each in deliveries(log, *records) if each.is_event)
    if not late:
        return Latencies(0.0, 0.0, 0.0)
    return Latencies(late[len(late) // 2], late[int(len(late) * 0.99)], late[-1])


async def commits_between(database_url: str, after: int, until: int) -> int:
    """How many transactions have written events between two positions; each has a tag of its own."""
    engines = Engines(load_settings(database_url=database_url).database_url)
    try:
        async with engines.reading(seconds=None) as session:
            count = select(func.count(distinct(EventRow.tag))).where(
                EventRow.position > after, EventRow.position <= until
            )
            return int((await session.execute(count)).scalar_one())
    finally:
        await engines.close()


def typical_rate(log: Sequence[Logged], start: int) -> float:
    """Events a second in the middle one of all seconds: what goes through while nothing is out."""
    seconds = Counter(int(row.at) for row in log if row.position > start)
    rates = sorted(seconds.values())
    return float(rates[len(rates) // 2]) if rates else 0.0


def connections(fleet: Fleet) -> int:
    """How many connections all clients have made."""
    return sum(fleet.connections.values())


class Processors:
    """How many seconds of a processor each kind of process of this run has used, those that were killed included."""

    def __init__(self, names: dict[int, str]) -> None:
        self._names = names
        self._seen: dict[int, float] = {}
        self._owner = Owner("processors")
        self.used: defaultdict[str, float] = defaultdict(float)

    async def __aenter__(self) -> "Processors":
        self._look()
        self.used.clear()
        self._owner.start(self._sample(), "sample")
        return self

    async def __aexit__(self, *_rest: object) -> None:
        self._look()
        await self._owner.close()

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            self._look()

    def _look(self) -> None:
        for pid in (os.getpid(), *descendants(os.getpid())):
            used = _used(pid)
            if used is not None:
                self.used[self._kind(pid)] += used - self._seen.get(pid, 0.0)
                self._seen[pid] = used

    def _kind(self, pid: int) -> str:
        if pid not in self._names:
            self._names[pid] = _name(pid)
        return self._names[pid]


def _used(pid: int) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) * TICK


def _name(pid: int) -> str:
    if pid == os.getpid():
        return "driver"
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        line = ""
    for kind in KINDS:
        if kind in line.partition(" ")[0]:
            return kind
    if "bench.load_process" in line:
        return "writer"
    return next((kind for kind in ("serve", "worker") if f"heliograph {kind}" in line), "others")
