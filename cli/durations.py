"""How long: a number and a unit, as people type it."""

import argparse
import re
from datetime import timedelta

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

_PATTERN = re.compile(r"(\d{1,9})([smhd])")


def duration(text: str) -> timedelta:
    """`90d`, `12h`, `30m` or `45s`, for argparse.

    Raises:
        ArgumentTypeError: it is none of these.
    """
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number and s, m, h or d, such as 90d")
    number, unit = match.groups()
    return timedelta(**{UNITS[unit]: int(number)})
