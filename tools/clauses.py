"""Which clauses of a specification are kept, found by running the tests that are marked with them.

A test says what it shows by its mark, `@pytest.mark.clause("graphql-transport-ws", "Ping/1", "is answered by a pong")`:
the specification, the clause's id in it, and in a few words what it asks for. Several tests of one clause have to pass
all; one test may show several clauses. What is known not to be kept is marked `xfail` with the reason beside it: the
suite stays green, and the card tells the loss. Such tests are in `tests/protocol/` and nowhere else.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

import msgspec
import pytest

MARK = "clause"
PLACE = "tests/protocol"


class Outcome(StrEnum):
    """What became of a clause, the worst last: one test that fails outweighs all that pass."""

    PASSED = "passed"
    NOT_RUN = "not run"
    FAILED = "failed"


Found = tuple[Outcome, str]
"""An outcome, and its reason if it is not a good one."""
NOTHING_AMISS: Found = (Outcome.PASSED, "")


class Clause(msgspec.Struct, frozen=True):
    """A clause: of which specification, its id in there, and what it asks for."""

    specification: str
    ident: str
    asks: str


class Verdict(msgspec.Struct, frozen=True):
    """What a run has found of a clause: the tests that show it, and why it is not kept, if so."""

    clause: Clause
    outcome: Outcome
    tests: Sequence[str]
    reason: str = ""


class ClauseRecorder:
    """A plugin of pytest that writes down what becomes of each clause."""

    def __init__(self) -> None:
        self._found: dict[Clause, dict[str, Found]] = {}

    @property
    def verdicts(self) -> Sequence[Verdict]:
        """What was found, in the order of the tests."""
        return [_verdict(clause, tests) for clause, tests in self._found.items()]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Take a test's report to its clauses."""
        report = yield
        for clause in clauses_of(item):
            tests = self._found.setdefault(clause, {})
            # Setup, call and end of a test are reported one by one.
            before = tests.get(item.nodeid, NOTHING_AMISS)
            tests[item.nodeid] = _worst((before, _found(report)))
        return report


class ClauseCollector:
    """A plugin of pytest that writes down which clauses there are tests of, none of which is run."""

    def __init__(self) -> None:
        self.clauses: set[Clause] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """All tests are known."""
        self.clauses.update(clause for item in session.items for clause in clauses_of(item))


def clauses_of(item: pytest.Item) -> Iterator[Clause]:
    """The clauses that a test is marked with."""
    for mark in item.iter_markers(MARK):
        yield Clause(*mark.args)


def by_specification(verdicts: Sequence[Verdict]) -> Mapping[str, Sequence[Verdict]]:
    """The verdicts of each specification, by its name, each in the order in which they are given."""
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.clause.specification, []).append(verdict)
    return dict(sorted(found.items(), key=lambda entry: entry[0].casefold()))


def _verdict(clause: Clause, tests: Mapping[str, Found]) -> Verdict:
    outcome, reason = _worst(tests.values())
    return Verdict(clause, outcome, tuple(tests), reason)


def _worst(found: Iterable[Found]) -> Found:
    return max(found, key=lambda each: list(Outcome).index(each[0]))


def _found(report: pytest.TestReport) -> Found:
    """What one step of a test says: its setup, its call, or its end."""
    if hasattr(report, "wasxfail"):
        return Outcome.FAILED, str(report.wasxfail).removeprefix("reason: ")
    if report.failed:
        return Outcome.FAILED, "its test fails"
    return (Outcome.NOT_RUN, "its test is skipped") if report.skipped else NOTHING_AMISS
