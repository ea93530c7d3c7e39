"""The protocol card says what became of each clause, and hides no loss."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture import house
from tools.clauses import PLACE, Clause, ClauseRecorder, Outcome, Verdict
from tools.protocol_card import card, clauses_on

MARKED = """
import pytest
clause = pytest.mark.clause

@clause("A", "1", "all hold")
def test_one(): pass

@clause("A", "1", "all hold")
def test_two(): assert False

@clause("A", "2", "one holds")
@clause("B", "1", "the same test")
def test_three(): pass

@clause("B", "2", "known to be lost")
@pytest.mark.xfail(reason="cannot be had", strict=True)
def test_four(): assert False

@clause("B", "3", "not here")
@pytest.mark.skip
def test_five(): pass

@pytest.fixture
def broken(): raise ValueError

@clause("B", "4", "what it needs breaks")
def test_six(broken): pass

def test_seven(): assert False
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Verdict]:
    folder = tmp_path_factory.mktemp("marked")
    (folder / "test_marked.py").write_text(MARKED)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = clause\n")
    recorder = ClauseRecorder()
    # The run around this one has its own capturing, dumping and loop.
    without = [f"-pno:{name}" for name in ("terminal", "faulthandler", "asyncio", "timeout", "cacheprovider")]
    pytest.main(["-c", str(folder / "pytest.ini"), "-s", *without, str(folder)], plugins=[recorder])
    return {(each.clause.specification, each.clause.ident): each for each in recorder.verdicts}


@pytest.mark.parametrize(
    ("specification", "ident", "outcome", "reason"),
    [
        ("A", "1", Outcome.FAILED, "its test fails"),
        ("A", "2", Outcome.PASSED, ""),
        ("B", "1", Outcome.PASSED, ""),
        ("B", "2", Outcome.FAILED, "cannot be had"),
        ("B", "3", Outcome.NOT_RUN, "its test is skipped"),
        ("B", "4", Outcome.FAILED, "its test fails"),
    ],
)
def test_a_clause_is_kept_if_all_of_its_tests_pass(
    found: dict[tuple[str, str], Verdict], specification: str, ident: str, outcome: Outcome, reason: str
) -> None:
    verdict = found[specification, ident]
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
    assert len(verdict.tests) == (2 if (specification, ident) == ("A", "1") else 1)


def test_a_test_without_a_clause_says_nothing(found: dict[tuple[str, str], Verdict]) -> None:
    assert len(found) == 6


def test_the_card_counts_and_tells_the_losses_first(found: dict[tuple[str, str], Verdict]) -> None:
    page = card(list(found.values()))
    assert "| A | 2 | 1 | 1 | 0 |" in page
    assert "| B | 4 | 1 | 2 | 1 |" in page
    assert (
        "| B | 2 | known to be lost | cannot be had |" in page.partition("## Losses")[2].partition("## A")[0]
    )
    assert "| 1 | all hold | **failed** | 2 |" in page.partition("## A")[2]


def test_a_card_without_a_loss_says_so() -> None:
    page = card([Verdict(Clause("A", "1", "holds"), Outcome.PASSED, ("test_one",))])
    assert "No clause is lost." in page
    assert "## Losses" not in page


def test_a_card_can_be_read_again() -> None:
    clauses = [Clause("A", "1", "a|b"), Clause("A", "2", "holds"), Clause("B", "1", "holds")]
    page = card([Verdict(clause, Outcome.FAILED, ("test_one",), "a reason") for clause in clauses])
    assert list(clauses_on(page)) == clauses


def test_the_card_has_the_clauses_that_the_tests_have() -> None:
    # In a process of its own, for it collects as a run of tests does.
    command = [sys.executable, "-m", "tools.protocol_card", "--check"]
    done = subprocess.run(command, cwd=house.ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), "run `make protocol-card`"


def test_clauses_are_marked_where_the_card_looks_for_them() -> None:
    elsewhere = [
        path
        for path in house.files(".py")
        if path.parts[0] == "tests"
        and not str(path).startswith(PLACE)
        and path != Path(__file__).relative_to(house.ROOT)
        and "mark.clause" in (house.ROOT / path).read_text()
    ]
    assert elsewhere == []
