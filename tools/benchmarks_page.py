"""The sections of docs/benchmarks.md, and its picture: what the benches of speed and size have found."""

from pathlib import Path

from bench.report import FOLDER
from tools import bars
from tools.results import Promise, results, section

BENCHMARKS = (
    Promise(
        "Fan-out",
        "A selection is executed once for an event and all who have the same, and what is due to a socket is written "
        "at once: a delivery costs about what writing to a socket costs.",
        "fanout",
    ),
    Promise(
        "Latency",
        "At a rate that a server can carry, an event is with everybody hardly later than without GraphQL.",
        "latency",
    ),
    Promise(
        "Memory",
        "A connection costs little more than its socket, a further subscription next to nothing, and one process holds "
        "ten thousand.",
        "memory",
    ),
    Promise(
        "Many groups",
        "Where subscribers have different selections, each is executed once for an event, and cheaply.",
        "many-groups",
    ),
    Promise(
        "A replay storm",
        "After a restart everybody comes back and has what was missed, and the log is read about once, not for each.",
        "replay-storm",
    ),
    Promise(
        "The query path",
        "A list over HTTP costs little beside what the database takes.",
        "query-path",
    ),
    Promise(
        "Ingest",
        "A worker's results are in the log, each with its events, at a rate that the database sets.",
        "ingest",
    ),
)
PICTURED = "fanout"
DRAWN = ("steady", "burst", "many")


def sections(folder: Path = FOLDER) -> str:
    """A section for each benchmark, with its results, if there are any."""
    found = results(folder)
    return "\n\n".join(
        section(f"## {number}. {each.title}", each, found) for number, each in enumerate(BENCHMARKS, 1)
    )


def picture(folder: Path = FOLDER) -> str:
    """What a delivery costs each server, as a drawing (SVG)."""
    series = next((each.series for each in results(folder) if each.name == PICTURED), {})
    drawn = {name: series[name] for name in DRAWN if name in series}
    return bars.drawn("CPU per delivery, in µs; each mark on the axis is ten times the one before", drawn)
