"""How results are shown: rows on a terminal as they come, a line each in a pipe, or one JSON document."""

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
from rich.table import Table
from rich.text import Text

from cli.check.check import Outcome, Result
from cli.remote.output import document, printable
from cli.remote.output import table as columns

MARKS = {Outcome.PASSED: ("✓", "green"), Outcome.FAILED: ("✗", "bold red"), Outcome.LEFT_OUT: ("–", "yellow")}


def table(results: Sequence[Result]) -> Table:
    """A row for each check."""
    drawn = Table(box=None, pad_edge=False)
    for name in ("", "CHECK", "OUTCOME", "TIME", "DETAIL"):
        drawn.add_column(name, justify="right" if name == "TIME" else "left", no_wrap=name != "DETAIL")
    for family in dict.fromkeys(result.family for result in results):
        drawn.add_row("", Text(str(family), style="bold"))
        for each in results:
            if each.family is family:
                drawn.add_row(*_cells(each))
    return drawn


def lines(results: Sequence[Result]) -> Iterator[str]:
    """A line for each check, however long."""
    rows = ((each.outcome, each.family, each.name, f"{each.duration:.3f}", each.detail) for each in results)
    return columns(("OUTCOME", "FAMILY", "CHECK", "SECONDS", "DETAIL"), rows)


def _cells(result: Result) -> tuple[Text, ...]:
    mark, style = MARKS[result.outcome]
    time = "" if result.outcome is Outcome.LEFT_OUT else f"{result.duration:.2f} s"
    return (
        Text(mark, style=style),
        Text(printable(result.name)),
        Text(str(result.outcome), style=style),
        Text(time),
        Text(printable(result.detail)),
    )


def summary(results: Sequence[Result]) -> str:
    """How many ended how."""
    counted = Counter(result.outcome for result in results)
    return ", ".join(f"{counted[outcome]} {outcome}" for outcome in Outcome if counted[outcome])


def as_json(url: str, role: str, results: Sequence[Result]) -> str:
    """Everything, for programs."""
    checks = [msgspec.to_builtins(result) for result in results]
    counted = {str(outcome): sum(each.outcome is outcome for each in results) for outcome in Outcome}
    return document({"url": url, "role": role, "counts": counted, "checks": checks})
