"""Rules of single values."""

import math

import pytest

from core.errors import Violation
from services.rules_text import (
    check_description,
    check_distinct,
    check_name,
    check_positive,
    check_range,
    check_size,
    check_text,
    in_schema_words,
)


@pytest.mark.parametrize("name", ["a", " a ", "x" * 255, " " + "x" * 255 + "\n", "Ünïcode 🌞", "a\u200bb"])
def test_a_good_name_has_no_violation(name: str) -> None:
    assert [*check_name(name)] == []


@pytest.mark.parametrize("name", ["", "   ", "\t\n", "x" * 256])
def test_a_name_has_1_to_255_characters_without_the_spaces_around(name: str) -> None:
    assert [*check_name(name)] == [Violation(("name",), "must have 1 to 255 characters", "1..255")]


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "a\x1b[31m", "a\x9bb", "half \ud800"])
def test_a_name_has_no_control_characters(name: str) -> None:
    message = "must not contain control characters or lone surrogates"
    assert [*check_name(name)] == [Violation(("name",), message)]


def test_a_description_may_have_lines_and_2000_characters() -> None:
    assert [*check_description(None), *check_description(""), *check_description("a\nb")] == []
    assert [*check_description("x" * 2000)] == []
    [violation] = check_description("x" * 2001)
    assert (violation.path, violation.limit) == (("description",), "0..2000")


@pytest.mark.parametrize("text", ["\0", "a\udfffb"])
def test_text_that_cannot_be_stored_is_refused(text: str) -> None:
    message = "must not contain U+0000 or lone surrogates"
    assert [*check_text(text, ("x",), 0, 10)] == [Violation(("x",), message)]


def test_sizes_are_held_at_both_ends() -> None:
    sizes = [[*check_size([0] * count, ("x",), 1, 2)] for count in range(4)]
    refused = [Violation(("x",), "must have 1 to 2 items", "1..2")]
    assert sizes == [refused, [], [], refused]


def test_each_repetition_is_named() -> None:
    assert [v.path for v in check_distinct("abcab", ("x",))] == [("x", "3"), ("x", "4")]


@pytest.mark.parametrize(
    ("value", "fine"), [(0.5, False), (1, True), (2, True), (2.5, False), (math.nan, False)]
)
def test_ranges_hold_both_ends_and_no_nan(value: float, fine: bool) -> None:
    expected = [] if fine else [Violation(("x",), "must be from 1 to 2", "1..2")]
    assert [*check_range(value, ("x",), 1, 2)] == expected


@pytest.mark.parametrize(
    ("value", "fine"),
    [(0, False), (-1, False), (1e-9, True), (5, True), (5.1, False), (math.inf, False), (math.nan, False)],
)
def test_a_positive_number_is_above_zero(value: float, fine: bool) -> None:
    expected = [] if fine else [Violation(("x",), "must be greater than 0 and at most 5", "0<..5")]
    assert [*check_positive(value, ("x",), 5)] == expected


def test_paths_are_told_as_clients_write_them() -> None:
    given = [Violation(("generation", "character_set"), "m", "l"), Violation(("rules", "0", "pattern"), "m")]
    assert [v.path for v in in_schema_words(given)] == [
        ("generation", "characterSet"),
        ("rules", "0", "pattern"),
    ]
