"""What benches have found, as sections of a page: what is promised, how it is measured, and its results, if any."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from bench.report import KEEP, Result
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
    def kept(self) -> list[tuple[str, str]]:
        """The same commands, so that they keep what they find."""
        runs = self.runs or ((self.bench, ""),)
        return [(name, f"{arguments} {KEEP}".lstrip()) for name, arguments in runs]

    @property
    def commands(self) -> str:
        """What is to be typed for the whole promise."""
        typed = [f'`make bench NAME={name} ARGS="{arguments}"`' for name, arguments in self.kept]
        return " and ".join(typed) + "."


def results(folder: Path) -> Sequence[Result]:
    """All results that are kept, by name.

    Raises:
        msgspec.ValidationError: a file is no result.
    """
    return [
        msgspec.json.decode(path.read_bytes(), type=Result, strict=False)
        for path in sorted(folder.glob("*.json"))
    ]


def belongs(result: Result, promise: Promise) -> bool:
    """Whether a result is one of a promise."""
    return result.name == promise.bench or result.name.startswith(f"{promise.bench}-")


def section(heading: str, promise: Promise, found: Iterable[Result]) -> str:
    """A promise under its heading, with those of the results that are its own."""
    ours = [each for each in found if belongs(each, promise)]
    if not ours:
        return "\n\n".join([heading, promise.claim, f"{NOT_RUN} To be typed: {promise.commands}"])
    body = [told(each, headed=len(ours) > 1, said=promise.claim) for each in ours]
    return "\n\n".join([heading, promise.claim, f"To be typed for all of it: {promise.commands}", *body])


def told(result: Result, *, headed: bool, said: str = "") -> str:
    """A result; with its name above it where there are others, and its claim where that was not `said` before."""
    rows = [(each.what, each.value, each.goal, MARKS[each.met]) for each in result.figures]
    run = f"`{result.command}` at revision `{result.revision}`, {result.at}, {result.machine}, {result.seconds:g} s."
    heading = [f"### `{result.name}`"] if headed else []
    claim = [] if result.claim == said else [result.claim]
    return "\n\n".join([*heading, *claim, run, table(("What", "Found", "Goal", ""), rows)])
