"""The scalars of the schema: how each is written, read and refused."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from events import cursor

BigInt = NewType("BigInt", int)
Cursor = NewType("Cursor", str)
JSON = NewType("JSON", object)

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1
_LONGEST = 20


def _write_big_int(value: int) -> str:
    return str(value)


def _read_big_int(value: object) -> int:
    number = _integer(value)
    if number is None:
        raise ValueError("A BigInt is an integer, or a string of decimal digits.")
    if not INT64_MIN <= number <= INT64_MAX:
        raise ValueError(f"A BigInt is between {INT64_MIN} and {INT64_MAX}.")
    return number


def _integer(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not value.isascii() or len(value) > _LONGEST:
        return None
    return int(value) if value.removeprefix("-").isdigit() else None


def _write_date_time(value: datetime) -> str:
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat().removesuffix("+00:00") + "Z"


def _read_date_time(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("A DateTime is a string as in RFC 3339, such as 2026-01-31T12:00:00Z.")  # noqa: TRY004
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("A DateTime is written as in RFC 3339, such as 2026-01-31T12:00:00Z.") from error
    raise ValueError("A DateTime says its time zone, such as Z or +02:00.")


def _write_cursor(value: str) -> str:
    return value


def _read_cursor(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("A Cursor is a string that this server gave out.")  # noqa: TRY004
    try:
        cursor.decode(value)
    except ValueError as error:
        raise GraphQLError(str(error), extensions={"code": "BAD_CURSOR"}) from error
    return value


def _write_json(value: object) -> object:
    return value


def _read_json(_value: object) -> object:
    raise ValueError("JSON is only ever given out.")


SCALARS: Mapping[object, ScalarDefinition] = {
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A signed 64-bit integer: given out as a string of digits, taken as such a string or an integer.",
        serialize=_write_big_int,
        parse_value=_read_big_int,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment in UTC as in RFC 3339, such as 2026-01-31T12:00:00Z. Input may have any time zone.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=_write_date_time,
        parse_value=_read_date_time,
    ),
    Cursor: strawberry.scalar(
        name="Cursor",
        description="A position in the event log, opaque. What carries it is exact at it; pass it as `after`.",
        serialize=_write_cursor,
        parse_value=_read_cursor,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value. Only given out.",
        serialize=_write_json,
        parse_value=_read_json,
    ),
}
