"""What a rolling restart was like: for the clients, from what they recorded, and for the database, from the metrics."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench.history import Logged, Received, Verdict, position_of
from bench.load import Tally
from bench.report import Figure

SERIES = re.compile(r"^(heliograph_\w+?)(?:\{[^}]*\})? ([0-9.e+-]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Storm:
    """One replacement: what the processes that took the clients over counted meanwhile, and how long it took."""

    counts: Mapping[str, float]
    seconds: float


@dataclass
class Found:
    """All that a run has left."""

    streams: int = 0
    storms: list[Storm] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    gave_up: Mapping[str, str] = field(default_factory=dict)
    lost: int = 0
    holes: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def totals(text: str) -> dict[str, float]:
    """The series of a process by name, those of all labels added up."""
    found: dict[str, float] = {}
    for name, value in SERIES.findall(text):
        found[name] = found.get(name, 0.0) + float(value)
    return found


def hole(log: Sequence[Logged], frames: Sequence[Received]) -> float:
    """The longest that an event was kept from a client: from its commit to its frame, of all after the first frame."""
    times = {row.position: row.at for row in log}
    events = [(frame.at, times.get(position_of(frame.cursor), frame.at)) for frame in frames[1:]]
    return max((received - at for received, at in events), default=0.0)


def figures(found: Found, tally: Tally) -> list[Figure]:
    """All lines of the table."""
    return [*_clients(found, tally), *_database(found)]


def _clients(found: Found, tally: Tally) -> Iterator[Figure]:
    wrong = {
        name: sum(len(getattr(each, name)) for each in found.verdicts)
        for name in ("missing", "duplicated", "reordered", "foreign")
    }
    received = sum(each.received for each in found.verdicts)
    connections = sum(each.connections for each in found.verdicts)
    yield Figure(
        what="missing / duplicated / reordered / foreign",
        value=f"{' / '.join(map(str, wrong.values()))} of {received:,} deliveries over {connections:,} connections",
        goal="0 / 0 / 0 / 0",
        met=bool(found.verdicts) and all(each.clean for each in found.verdicts),
    )
    yield _none("clients that gave up", len(found.gave_up))
    yield _none("acknowledged commits that are not in the log", found.lost)
    yield Figure(what="the load", value=str(tally))
    yield Figure(what="longest hole of one client, from commit to frame", value=f"{max(found.holes):.1f} s")
    yield Figure(
        what="longest hole of half of them", value=f"{sorted(found.holes)[len(found.holes) // 2]:.1f} s"
    )


def _database(found: Found) -> Iterator[Figure]:
    for number, storm in enumerate(found.storms, 1):
        counts = storm.counts
        pages = counts["heliograph_log_pages_read_behind_total"] + counts["heliograph_stream_resets_total"]
        each = pages / found.streams
        yield Figure(
            what=f"restart {number}: pages of the log read for clients, per distinct stream",
            value=f"{each:.2f} ({pages:.0f} for {found.streams} streams)",
            goal="at most 1",
            met=each <= 1,
        )
        yield Figure(
            what=f"restart {number}: pages rendered for clients that were behind, per distinct stream",
            value=f"{counts['heliograph_replays_total'] / found.streams:.2f}",
        )
        yield Figure(
            what=f"restart {number}: statements, those of the load included",
            value=f"{counts['heliograph_database_statements_total']:,.0f} in {storm.seconds:.1f} s",
        )


def _none(what: str, count: int) -> Figure:
    return Figure(what=what, value=str(count), goal="0", met=count == 0)
