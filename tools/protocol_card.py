"""`make protocol-card`: runs the tests of all clauses, and writes docs/protocol-card.md, losses included.

`--json FILE` writes what was found of each clause for programs, too. A run that finds a loss writes the card all the
same: the card says what is so, and not what should be.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from tools.clauses import MARK, PLACE, ClauseRecorder, Outcome, Verdict, by_specification
from tools.markdown import table

ROOT = Path(__file__).parents[1]
CARD = ROOT / "docs/protocol-card.md"
HEAD = """# Protocol card

What Heliograph keeps of the specifications that it speaks, clause by clause. `make protocol-card` runs the tests that
are marked with a clause, by raw frames and requests over real sockets, and writes this page. A clause is kept if all
of its tests pass."""
SHOWN = {Outcome.PASSED: "passed", Outcome.FAILED: "**failed**", Outcome.NOT_RUN: "not run"}


def card(verdicts: Sequence[Verdict]) -> str:
    """The page."""
    specifications = by_specification(verdicts)
    rows = [_counted(name, found) for name, found in specifications.items()]
    total = table(("Specification", "Clauses", "Passed", "Failed", "Not run"), rows)
    sections = [_section(name, found) for name, found in specifications.items()]
    body = "\n\n".join([total, _losses(verdicts), *sections])
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


def main() -> int:
    """Run, write, and say by the exit code whether nothing is lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the verdicts into this file, too")
    arguments = parser.parse_args()
    recorder = ClauseRecorder()
    done = pytest.main(["-q", "-p", "no:xdist", "-m", MARK, str(ROOT / PLACE)], plugins=[recorder])
    if done not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        sys.stderr.write("The tests could not be run, so the card stays as it was.\n")
        return int(done)
    CARD.write_text(card(recorder.verdicts))
    if arguments.json is not None:
        arguments.json.write_bytes(msgspec.json.encode(recorder.verdicts))
    return int(any(verdict.outcome is not Outcome.PASSED for verdict in recorder.verdicts))


if __name__ == "__main__":
    sys.exit(main())
