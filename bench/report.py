"""What a bench has measured: printed as a table, and with `--keep` kept for the documents, which `make docs` writes.

Without that, who tries something out with less of everything would take the place of what was measured with care.
A result says what was run, on what, and when, so that a figure can be doubted and measured again. Nobody types one.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parent / "results"
ROOT = Path(__file__).parents[1]
UNIT = re.compile(r"[^\w-]+")
WRITTEN = ("bench/results", "docs/guarantees.md", "docs/benchmarks.md", "docs/benchmarks.svg")
KEEP = "--keep"
PLACE = "--folder"
PROGRAM = "--nginx"

Series = Mapping[str, Mapping[str, float]]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One line: what was measured, and what was found.

    Attributes:
        what: in words.
        value: as it is to be read, with its unit.
        goal: what it has to be, in words; empty where nothing was promised.
        met: whether it is; None where nothing was promised.
    """

    what: str
    value: str
    goal: str = ""
    met: bool | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A run of one bench; `series` are the numbers of what is drawn, if it is, by group and name."""

    name: str
    claim: str
    command: str
    figures: Sequence[Figure]
    revision: str
    at: str
    machine: str
    seconds: float
    series: Series = {}


def keeping(parser: argparse.ArgumentParser) -> None:
    """Let a bench be told to keep what it finds."""
    parser.add_argument(KEEP, action="store_true", help="keep what is found, for the documents")


def tell(
    name: str,
    claim: str,
    figures: Sequence[Figure],
    seconds: float,
    *,
    keep: bool,
    series: Series | None = None,
) -> bool:
    """Print the figures; gives whether every promise was kept.

    Args:
        name: of the result, in kebab case; a later run of the same name replaces it.
        claim: the sentence that the figures are about.
        figures: what was found.
        seconds: how long it took.
        keep: whether they become `bench/results/NAME.json`, for the documents.
        series: the numbers of what is to be drawn, by group and name.
    """
    result = Result(
        name=name,
        claim=claim,
        command=command(),
        figures=figures,
        revision=_revision(),
        at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        machine=f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}",
        seconds=round(seconds, 1),
        series=series or {},
    )
    if keep:
        FOLDER.mkdir(exist_ok=True)
        kept = msgspec.json.format(msgspec.json.encode(result), indent=2)
        (FOLDER / f"{UNIT.sub('-', name)}.json").write_bytes(kept + b"\n")
    _show(result)
    return all(figure.met is not False for figure in figures)


def _show(result: Result) -> None:
    table = Table(title=f"{result.claim} ({result.seconds:g} s, {result.revision})", title_justify="left")
    for column in ("what", "found", "goal", ""):
        table.add_column(column)
    for each in result.figures:
        mark = {None: "", True: "met", False: "MISSED"}[each.met]
        table.add_row(each.what, each.value, each.goal, mark)
    Console(file=sys.stdout, width=140).print(table)


def command() -> str:
    """What to type for the run that goes on."""
    module = getattr(sys.modules["__main__"].__spec__, "name", "bench").removesuffix(".__main__")
    arguments = " ".join(_without_places(sys.argv[1:]))
    name = module.removeprefix("bench.").replace("_", "-")
    return f'make bench NAME={name} ARGS="{arguments}"' if arguments else f"make bench NAME={name}"


def _without_places(arguments: Sequence[str]) -> Iterator[str]:
    """Where somebody keeps the records of a run, or a program, is of one machine, and of no meaning for the figures."""
    rest = iter(arguments)
    for argument in rest:
        if argument == PLACE:
            next(rest, None)
        elif argument == PROGRAM:
            yield argument
            yield Path(next(rest, "")).name
        else:
            yield argument


def _revision() -> str:
    """What was measured; that a bench before has kept its result changes nothing of it."""
    changed = _git("status", "--porcelain", "--", ".", *(f":!{each}" for each in WRITTEN))
    return (_git("rev-parse", "--short", "HEAD") or "unknown") + ("-dirty" if changed else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()
