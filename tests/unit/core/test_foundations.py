"""Ids, clocks, errors and logs: what every other room takes for granted."""

import io
import json
import logging
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from core.clock import SettableClock, SystemClock
from core.errors import NotFound, ValidationFailed, Violation
from core.ids import new_id, process_name
from core.logging import configure


def test_an_id_is_a_uuid_of_version_7_and_of_now() -> None:
    before = datetime.now(UTC)
    ident = new_id()
    assert (ident.version, ident.variant) == (7, uuid.RFC_4122)
    made = datetime.fromtimestamp((ident.int >> 80) / 1000, UTC)
    assert before - timedelta(milliseconds=1) <= made <= datetime.now(UTC)


def test_ids_are_ordered_by_the_millisecond_of_their_making(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(1, 100))
    monkeypatch.setattr("time.time_ns", lambda: next(moments) * 1_000_000)
    ids = [new_id() for _ in range(50)]
    assert ids == sorted(ids)


def test_ids_and_names_of_processes_do_not_repeat() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000
    assert process_name() != process_name()


def test_the_clock_of_the_machine_says_its_zone() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_settable_clock_moves_only_when_told() -> None:
    clock = SettableClock()
    start = clock.now()
    assert clock.now() == start
    clock.advance(1.5)
    assert clock.now() - start == timedelta(seconds=1.5)


def test_a_refusal_names_every_broken_rule() -> None:
    error = ValidationFailed([Violation(("a", "0"), "is wrong", "1..2"), Violation((), "is odd")])
    assert str(error) == "a.0: is wrong; input: is odd"
    assert ValidationFailed.at(["a"], "is wrong").violations == (Violation(("a",), "is wrong"),)


def test_a_refusal_without_a_rule_is_a_defect() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ValidationFailed([])


def test_what_is_not_there_and_what_is_not_yours_are_told_alike() -> None:
    assert str(NotFound("proxy", "some id")) == "No proxy with this id is visible to you."


@pytest.fixture
def log_as_before() -> Iterator[None]:
    """Logging is of the whole process: what a test configures is undone."""
    root, configuration = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.configure(**configuration)
    root.handlers[:], root.level = handlers, level


@pytest.mark.usefixtures("log_as_before")
def test_a_program_reads_one_json_object_a_line() -> None:
    stream = io.StringIO()
    configure("info", stream)
    log = structlog.get_logger("room")
    log.debug("unheard")
    log.error("failed", campaign="c", exc_info=LookupError("line one\nline two"))
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["event"], line["level"], line["campaign"]) for line in lines] == [("failed", "error", "c")]
    assert "line two" in lines[0]["exception"]


class Terminal(io.StringIO):
    """A stream that says that a person reads it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.usefixtures("log_as_before")
def test_a_person_reads_columns() -> None:
    stream = Terminal()
    configure("debug", stream)
    structlog.get_logger("room").debug("hello", number=1)
    assert "hello" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def seal(password: str) -> None:
    """Fail with a secret at hand."""
    raise ValueError(f"{len(password)} is no length")


@pytest.mark.usefixtures("log_as_before")
@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()], ids=["terminal", "file"])
def test_a_failure_is_told_with_its_place_and_without_the_values_around_it(stream: io.StringIO) -> None:
    configure("info", stream)
    try:
        seal("s3cret" + "-word")
    except ValueError:
        structlog.get_logger().exception("failed")
    told = stream.getvalue()
    assert "ValueError: 11 is no length" in told
    assert "in seal" in told
    assert "s3cret-word" not in told
