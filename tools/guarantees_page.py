"""The sections of docs/guarantees.md: what is promised, and what the benches have found, from bench/results/."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from bench.report import FOLDER, Result
from tools.markdown import table

NOT_RUN = "Not run yet."
MARKS = {None: "", True: "met", False: "**missed**"}


class Promise(msgspec.Struct, frozen=True):
    """What has to hold, and the bench that shows it; its results are `BENCH.json` and `BENCH-….json`."""

    title: str
    claim: str
    bench: str


PROMISES = (
    Promise(
        "Faults",
        "Whatever dies, hangs or is cut, every subscriber has each event once and in order.",
        "faults",
    ),
    Promise(
        "Histories",
        "Late commits, prunes, another log, lost and repeated rings, slow readers: against a model there is no false "
        "resume, no partial recovery and no duplicate.",
        "histories",
    ),
    Promise(
        "Interleavings",
        "Whenever somebody subscribes, the snapshot and what follows it equal the database at each cursor.",
        "interleavings",
    ),
    Promise(
        "A frozen client",
        "A client that stops reading costs no memory and delays nobody, and has everything after it wakes.",
        "frozen",
    ),
    Promise(
        "Outages",
        "While the broker or the database is gone nobody is disconnected, and afterwards everything arrives by itself.",
        "outages",
    ),
    Promise(
        "A rolling restart",
        "Processes are replaced under their clients, who lose nothing, and the database is spared the storm.",
        "rolling",
    ),
    Promise(
        "Leaks",
        "Events and connections that are over leave nothing behind.",
        "leaks",
    ),
)


def promises(folder: Path = FOLDER) -> str:
    """A section for each promise, with the results of its bench, then what else was measured."""
    found = results(folder)
    sections = [_section(number, each, found) for number, each in enumerate(PROMISES, 1)]
    others = [each for each in found if not any(_belongs(each, promise) for promise in PROMISES)]
    if others:
        sections.append("\n\n".join(["## What else was measured", *map(_told, others)]))
    return "\n\n".join(sections)


def results(folder: Path) -> Sequence[Result]:
    """All results that are kept, by name.

    Raises:
        msgspec.ValidationError: a file is no result.
    """
    return [
        msgspec.json.decode(path.read_bytes(), type=Result, strict=False)
        for path in sorted(folder.glob("*.json"))
    ]


def _belongs(result: Result, promise: Promise) -> bool:
    return result.name == promise.bench or result.name.startswith(f"{promise.bench}-")


def _section(number: int, promise: Promise, found: Iterable[Result]) -> str:
    ours = [each for each in found if _belongs(each, promise)]
    body = [_told(each) for each in ours] or [f"{NOT_RUN} The command is `make bench NAME={promise.bench}`."]
    return "\n\n".join([f"## {number}. {promise.title}", promise.claim, *body])


def _told(result: Result) -> str:
    rows = [(each.what, each.value, each.goal, MARKS[each.met]) for each in result.figures]
    run = f"`{result.command}` at revision `{result.revision}`, {result.at}, {result.machine}, {result.seconds:g} s."
    return "\n\n".join([f"### {result.claim}", run, table(("What", "Found", "Goal", ""), rows)])
