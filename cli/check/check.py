"""What a check is: a name, a family, and a function that returns what it saw or raises `Failed`."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import NamedTuple

import msgspec

from cli.check.site import Site


class Family(StrEnum):
    """What a check is about."""

    FUNCTIONAL = "functional"
    RESUME = "resume"
    LOAD = "load"


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    LEFT_OUT = "left out"


class Failed(Exception):
    """The server does not do what it should; the message says what it did."""


class Check(NamedTuple):
    """One check; `changes` says that it needs something of its own to change, and so an operator's token."""

    name: str
    family: Family
    run: Callable[[Site], Awaitable[str]]
    changes: bool = False


class Result(msgspec.Struct, frozen=True, rename="camel"):
    """What became of a check; its duration is in seconds."""

    name: str
    family: Family
    outcome: Outcome
    detail: str
    duration: float


def expect(fact: object, otherwise: str) -> None:
    """Fail the check unless a fact holds.

    Raises:
        Failed: it does not.
    """
    if not fact:
        raise Failed(otherwise)


def expect_equal(what: str, found: object, wanted: object) -> None:
    """Fail the check unless two things are equal, and show both.

    Raises:
        Failed: they are not.
    """
    expect(found == wanted, f"{what} is {found!r}, not {wanted!r}")
