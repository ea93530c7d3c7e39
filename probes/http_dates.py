"""Dates of HTTP headers, read strictly: what is no date is none, and is not guessed at."""

import re
from datetime import UTC, datetime

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FIXED = re.compile(
    r"(?P<name>[A-Z][a-z]{2}), (?P<day>[0-9]{2}) (?P<month>[A-Z][a-z]{2}) (?P<year>[0-9]{4}) "
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2}) GMT"
)


def parse_date(text: str) -> datetime | None:
    """The moment that an IMF-fixdate (RFC 9110, 5.6.7) names, or None if `text` is none or names no real moment.

    The two obsolete forms are not read: nobody has sent them for decades, and one of them leaves the century open.
    """
    match = _FIXED.fullmatch(text.strip())
    if match is None:
        return None
    try:
        moment = datetime(
            int(match["year"]),
            _MONTHS[match["month"]],
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            int(match["second"]),
            tzinfo=UTC,
        )
    except (KeyError, ValueError):
        return None
    return moment if _DAYS[moment.weekday()] == match["name"] else None
