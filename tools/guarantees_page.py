"""The sections of docs/guarantees.md: what is promised, and what the benches have found, from bench/results/."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from bench.report import FOLDER, Result
from tools.markdown import table

NOT_RUN = "Not run yet."
MARKS = {None: "", True: "met", False: "**missed**"}


class Promise(msgspec.Struct, frozen=True):
    """What has to hold, and the bench that shows it; its results are `BENCH.json` and `BENCH-….json`.

    Attributes:
        title: in a word or two.
        claim: what has to hold.
        bench: its name.
        runs: the commands that show all of it, as `(NAME, ARGS)`; the bench alone unless told.
    """

    title: str
    claim: str
    bench: str
    runs: tuple[tuple[str, str], ...] = ()

    @property
    def commands(self) -> str:
        """What is to be typed for the whole promise."""
        runs = self.runs or ((self.bench, ""),)
        told = [
            f'`make bench NAME={name} ARGS="{arguments}"`' if arguments else f"`make bench NAME={name}`"
            for name, arguments in runs
        ]
        return " and ".join(told) + "."


PROMISES = (
    Promise(
        "Faults",
        "Whatever dies, hangs or is cut, every subscriber has each event once and in order.",
        "faults",
        (("faults", "--stack postgres --seeds 10"), ("faults", "--stack sqlite --seeds 10")),
    ),
    Promise(
        "Histories",
        "Whatever the order of commits, prunes, restores, rings and slow readers: no false resume, no partial recovery "
        "and no duplicate.",
        "histories",
    ),
    Promise(
        "Interleavings",
        "Whenever somebody subscribes, the snapshot and what follows it are what the database holds.",
        "interleavings",
    ),
    Promise(
        "A frozen client",
        "A client that stops reading costs no memory and delays nobody, and has everything after it wakes.",
        "frozen",
        (("frozen", ""), ("frozen", "--keep"), ("frozen-peer", "")),
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
ALSO = (Promise("Pruning", "What it costs those who write that old events are deleted.", "retention"),)
OTHERS = "## What else was measured"


def promises(folder: Path = FOLDER) -> str:
    """A section for each promise, with the results of its bench, then what else was measured."""
    found = results(folder)
    sections = [
        _section(f"## {number}. {each.title}", each, found) for number, each in enumerate(PROMISES, 1)
    ]
    also = [_section(f"### {each.title}", each, found) for each in ALSO]
    known = (*PROMISES, *ALSO)
    others = [each for each in found if not any(_belongs(each, promise) for promise in known)]
    return "\n\n".join([*sections, OTHERS, *also, *(_told(each, headed=True) for each in others)])


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


def _section(heading: str, promise: Promise, found: Iterable[Result]) -> str:
    ours = [each for each in found if _belongs(each, promise)]
    if not ours:
        return "\n\n".join([heading, promise.claim, f"{NOT_RUN} To be typed: {promise.commands}"])
    body = [_told(each, headed=len(ours) > 1, said=promise.claim) for each in ours]
    return "\n\n".join([heading, promise.claim, f"To be typed for all of it: {promise.commands}", *body])


def _told(result: Result, *, headed: bool, said: str = "") -> str:
    """A result; with its name above it where there are others, and its claim where that was not `said` before."""
    rows = [(each.what, each.value, each.goal, MARKS[each.met]) for each in result.figures]
    run = f"`{result.command}` at revision `{result.revision}`, {result.at}, {result.machine}, {result.seconds:g} s."
    heading = [f"### `{result.name}`"] if headed else []
    claim = [] if result.claim == said else [result.claim]
    return "\n\n".join([*heading, *claim, run, table(("What", "Found", "Goal", ""), rows)])
