"""What a rolling restart was like: for the clients, from what they recorded, and for the database, from the metrics."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench.deliveries import deliveries
from bench.history import Logged, Received, Verdict
from bench.load import Tally
from bench.report import Figure

STATEMENTS = "heliograph_database_statements_total"
SERIES = re.compile(r"^(heliograph_\w+?)(?:\{[^}]*\})? ([0-9.e+-]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Storm:
    """One replacement.

    Attributes:
        counts: what the processes that took the clients over counted meanwhile.
        seconds: how long it took.
        came_back: how many connections clients made meanwhile.
        usual: the statements a second of all processes right before, which are those of the load.
    """

    counts: Mapping[str, float]
    seconds: float
    came_back: int
    usual: float


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
    return max((each.seconds for each in deliveries(log, frames[1:])), default=0.0)


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
            what=f"restart {number}: reads of the database for those who resumed (pages of the log, and snapshots where"
            " a stream was reset), per distinct stream",
            value=f"{each:.2f} ({pages:.0f} for {found.streams} streams)",
            goal="at most 1",
            met=each <= 1,
        )
        yield Figure(
            what=f"restart {number}: pages rendered for clients that were behind, per distinct stream",
            value=f"{counts['heliograph_replays_total'] / found.streams:.2f}",
        )
        yield Figure(
            what=f"restart {number}: all database statements, those of the load included",
            value=f"{counts[STATEMENTS]:,.0f} in {storm.seconds:.1f} s",
        )
        beyond = max(0.0, counts[STATEMENTS] - storm.usual * storm.seconds)
        yield Figure(
            what=f"restart {number}: all database statements beyond those of the load (tokens, what one may see, heads"
            " of the log), per client that came back",
            value=f"{beyond / max(1, storm.came_back):.1f} ({beyond:,.0f} for {storm.came_back} that came back; "
            f"the load had {storm.usual:,.0f}/s before)",
        )


def _none(what: str, count: int) -> Figure:
    return Figure(what=what, value=str(count), goal="0", met=count == 0)
