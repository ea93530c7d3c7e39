"""What the scalars take and give, and what they refuse."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from events import cursor
from graph.scalars import INT64_MAX, INT64_MIN, JSON, SCALARS, BigInt, Cursor

BIG, MOMENT, PLACE = SCALARS[BigInt], SCALARS[datetime], SCALARS[Cursor]


@given(st.integers(INT64_MIN, INT64_MAX))
def test_a_big_int_goes_out_as_a_string_and_comes_back(number: int) -> None:
    assert BIG.serialize
    assert BIG.parse_value
    assert BIG.serialize(number) == str(number)
    assert BIG.parse_value(str(number)) == BIG.parse_value(number) == number


@pytest.mark.parametrize(
    "value", ["", "-", "1.0", "1e3", " 1", "0x1", "٣", "--1", "1_000", 1.0, True, None, [1], "9" * 5000]
)
def test_what_is_no_integer_is_refused(value: object) -> None:
    assert BIG.parse_value
    with pytest.raises(ValueError, match="integer"):
        BIG.parse_value(value)


@pytest.mark.parametrize("value", [INT64_MAX + 1, INT64_MIN - 1, str(INT64_MAX + 1), 10**30])
def test_what_is_beyond_64_bits_is_refused_with_the_limit(value: object) -> None:
    assert BIG.parse_value
    with pytest.raises(ValueError, match=str(INT64_MAX)):
        BIG.parse_value(value)


def test_a_moment_goes_out_in_utc() -> None:
    assert MOMENT.serialize
    east = timezone(timedelta(hours=2))
    assert MOMENT.serialize(datetime(2026, 1, 1, 1, 0, tzinfo=east)) == "2025-12-31T23:00:00Z"


@pytest.mark.parametrize("text", ["2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00"])
def test_a_moment_may_come_in_any_zone(text: str) -> None:
    assert MOMENT.parse_value
    assert MOMENT.parse_value(text) == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", ["2026-01-01T00:00:00", "2026-01-01", "yesterday", 0, None, "0001-01-01T00:00:00+05:00"]
)
def test_what_is_no_moment_is_refused(value: object) -> None:
    assert MOMENT.parse_value
    with pytest.raises(ValueError, match="DateTime"):
        MOMENT.parse_value(value)


def test_only_a_cursor_is_a_cursor() -> None:
    assert PLACE.parse_value
    text = cursor.encode("0123456789ab", 7, 1)
    assert PLACE.parse_value(text) == text
    for value in ("", "abc", 7, text + "=", text[:-1] + "é"):
        with pytest.raises((ValueError, GraphQLError), match=r"[Cc]ursor|string"):
            PLACE.parse_value(value)


def test_json_is_only_given_out() -> None:
    parse = SCALARS[JSON].parse_value
    assert parse
    with pytest.raises(ValueError, match="given out"):
        parse({})
