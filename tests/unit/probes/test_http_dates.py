"""Dates of headers are those of RFC 9110 or none."""

from datetime import UTC, datetime

import pytest

from probes.http_dates import parse_date


def test_the_date_of_the_standard() -> None:
    assert parse_date(" Sun, 06 Nov 1994 08:49:37 GMT ") == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Mon 1994 08:49:37 GMT",
        "Wed, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:60 GMT",
        "Sat, 01 Jan 0000 00:00:00 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 0\u0666 Nov 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
        "now",
    ],
)
def test_anything_else_is_no_date(text: str) -> None:
    assert parse_date(text) is None
