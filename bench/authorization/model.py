"""Who may do and see what, worked out without the server: by what was asked for, and what was answered when.

Nothing of the product is in here. A principal has a role and is active or not; a token has a role of its own, and an
end; somebody sees their own things, and an admin sees all. What an admin changes about them holds from some moment
between the question and the answer, and after the answer the old state may show for `grace` seconds: that is what is
promised. So at any time several states are possible, and whatever none of them explains is wrong.

Whose a thing is says its text: all texts of a thing carry a mark with the number of whoever owns it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Generic, TypeVar

V = TypeVar("V")

ROLES = ("VIEWER", "OPERATOR", "ADMIN")
MARK = re.compile(rb"~(\d+)~")
FOREVER = float("inf")


class Timeline(Generic[V]):
    """What something was, one value after the other: each from the question for it on."""

    def __init__(self, value: V) -> None:
        self._values: list[tuple[float, float, V]] = [(-FOREVER, -FOREVER, value)]

    @property
    def last(self) -> V:
        """What it is, as far as is known."""
        return self._values[-1][2]

    def change(self, asked: float, answered: float, value: V) -> None:
        """It became another between these moments."""
        self._values.append((asked, answered, value))

    def possible(self, begin: float, end: float, grace: float) -> Iterator[V]:
        """What it may have been, as far as it shows, in this time."""
        ends = [answered for _, answered, _ in self._values[1:]] + [FOREVER]
        for (asked, _, value), over in zip(self._values, ends, strict=True):
            if asked <= end and begin <= over + grace:
                yield value


@dataclass
class Person:
    """A principal; `number` is what their things are marked with."""

    number: int
    id: str
    role: Timeline[str]
    active: Timeline[bool] = field(default_factory=lambda: Timeline(value=True))

    @property
    def mark(self) -> str:
        """What all texts of their things have."""
        return f"~{self.number}~"


@dataclass
class Pass:
    """A token of somebody's; `ends` is when it expires, and `kept` whether it was not revoked."""

    person: Person
    id: str
    secret: str
    role: str
    ends: Timeline[float]
    kept: Timeline[bool] = field(default_factory=lambda: Timeline(value=True))

    def seems_good(self, now: float) -> bool:
        """Whether it opens something, as far as is known."""
        return self.person.active.last and self.kept.last and now < self.ends.last

    def states(self, begin: float, end: float, grace: float) -> set[str | None]:
        """The roles that it may have had in this time; None is that of a token that opens nothing."""
        person = self.person
        goods = product(
            person.active.possible(begin, end, grace),
            self.kept.possible(begin, end, grace),
            self._unexpired(begin, end, grace),
        )
        good = {all(each) for each in goods}
        roles = {min(role, self.role, key=ROLES.index) for role in person.role.possible(begin, end, grace)}
        return {role if is_good else None for role, is_good in product(roles, good)}

    def _unexpired(self, begin: float, end: float, grace: float) -> Iterator[bool]:
        for over in self.ends.possible(begin, end, grace):
            if begin <= over + grace:
                yield True
            if end >= over:
                yield False


def wrong_to_tell(text: bytes, whom: Pass, states: set[str | None]) -> str:
    """Why somebody should not have been told this, whatever of these they were; empty if one explains it."""
    if states == {None}:
        return "was told something by a token that had ended"
    owners = {int(number) for number in MARK.findall(text)}
    if owners - {whom.person.number} and "ADMIN" not in states:
        return f"was told of things of {sorted(owners)}"
    return ""


def expected(needed: str, owner: int | None, whom: Pass, state: str | None) -> str:
    """What somebody is answered who asks for something that takes a role, with a thing of this owner's, if with any."""
    if state is None:
        return "UNAUTHENTICATED"
    if ROLES.index(state) < ROLES.index(needed):
        return "FORBIDDEN"
    if owner not in (None, whom.person.number) and state != "ADMIN":
        return "NOT_FOUND"
    return "LET_THROUGH"
