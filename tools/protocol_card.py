"""`make protocol-card`: runs the tests of all clauses, and writes docs/protocol-card.md, losses included.

`--json FILE` writes what was found of each clause for programs, too. A run that finds a loss writes the card all the
same: the card says what is so, and not what should be. `--check` runs nothing, and names the clauses that the card has
and the tests have not, or the other way about.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from tools.clauses import (
    MARK,
    PLACE,
    Clause,
    ClauseCollector,
    ClauseRecorder,
    Outcome,
    Verdict,
    by_specification,
)
from tools.markdown import table

ROOT = Path(__file__).parents[1]
CARD = ROOT / "docs/protocol-card.md"
HEAD = """# Protocol card

What Heliograph keeps of the specifications that it speaks, clause by clause. `make protocol-card` runs the tests that
are marked with a clause, by raw frames and requests over real sockets, and writes this page. A clause is kept if all
of its tests pass."""
QUIETLY = ("-p", "no:xdist", "-m", MARK, str(ROOT / PLACE))
SECTIONS = "<!-- sections -->"
CELLS = re.compile(r"(?<!\\)\|")
SHOWN = {Outcome.PASSED: "passed", Outcome.FAILED: "**failed**", Outcome.NOT_RUN: "not run"}


def card(verdicts: Sequence[Verdict]) -> str:
    """The page."""
    specifications = by_specification(verdicts)
    rows = [_counted(name, found) for name, found in specifications.items()]
    total = table(("Specification", "Clauses", "Passed", "Failed", "Not run"), rows)
    sections = [_section(name, found) for name, found in specifications.items()]
    body = "\n\n".join([total, _losses(verdicts), SECTIONS, *sections])
    return f"{HEAD}\n\n<!-- generated: protocol card -->\n\n{body}\n\n<!-- end -->\n"


def _counted(name: str, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    counts = [sum(verdict.outcome is outcome for verdict in verdicts) for outcome in SHOWN]
    return name, str(len(verdicts)), *(str(count) for count in counts)


def _losses(verdicts: Sequence[Verdict]) -> str:
    """What is not kept, and why."""
    lost = [verdict for verdict in verdicts if verdict.outcome is not Outcome.PASSED]
    if not lost:
        return "No clause is lost."
    rows = [(each.clause.specification, each.clause.ident, each.clause.asks, each.reason) for each in lost]
    return "## Losses\n\n" + table(("Specification", "Clause", "Asks for", "Why not"), rows)


def _section(name: str, verdicts: Sequence[Verdict]) -> str:
    rows = [
        (verdict.clause.ident, verdict.clause.asks, SHOWN[verdict.outcome], str(len(verdict.tests)))
        for verdict in verdicts
    ]
    return f"## {name}\n\n" + table(("Clause", "Asks for", "", "Tests"), rows)


def clauses_on(page: str) -> Iterator[Clause]:
    """The clauses that a card tells of."""
    _, *sections = page.partition(SECTIONS)[2].split("\n## ")
    for section in sections:
        name, _, rows = section.partition("\n")
        for row in rows.splitlines():
            if row.startswith("| ") and not row.startswith(("| Clause |", "| --- |")):
                ident, asks, *_ = (cell.strip().replace("\\|", "|") for cell in CELLS.split(row.strip("| ")))
                yield Clause(name, ident, asks)


def main() -> int:
    """Run, write, and say by the exit code whether nothing is lost that was not known to be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the verdicts into this file, too")
    parser.add_argument(
        "--check", action="store_true", help="only compare the clauses of the card with the tests'"
    )
    arguments = parser.parse_args()
    return _check() if arguments.check else _write(arguments.json)


def _check() -> int:
    collector = ClauseCollector()
    pytest.main([*QUIETLY, "--collect-only", "-qq"], plugins=[collector])
    differing = collector.clauses ^ set(clauses_on(CARD.read_text()))
    for each in sorted(differing, key=lambda clause: (clause.specification, clause.ident)):
        sys.stderr.write(f"Not on both sides: {each.specification}, {each.ident}: {each.asks}\n")
    return 1 if differing or not collector.clauses else 0


def _write(file: Path | None) -> int:
    recorder = ClauseRecorder()
    done = pytest.main([*QUIETLY, "-q"], plugins=[recorder])
    if done not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        sys.stderr.write("The tests could not be run, so the card stays as it was.\n")
        return int(done)
    CARD.write_text(card(recorder.verdicts))
    if file is not None:
        file.write_bytes(msgspec.json.encode(recorder.verdicts))
    return int(done)


if __name__ == "__main__":
    sys.exit(main())
