"""What a subscriber was told, held against what was changed: the one judgement that all checks share. Pure.

A cursor is opaque, so nothing is read out of it. The changes were made one after the other, and each was answered with
its cursor: just these have to come, each once and in that order.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from cli.check.check import expect


class WrongFrames(NamedTuple):
    """How many frames were wrong, by what was wrong with them."""

    missing: int
    duplicated: int
    reordered: int
    foreign: int

    @property
    def is_clean(self) -> bool:
        """Whether nothing was."""
        return not any(self)

    def __str__(self) -> str:
        return ", ".join(f"{count} {name}" for name, count in self._asdict().items())


def judge(wanted: Sequence[str], told: Sequence[str]) -> WrongFrames:
    """Compare the cursors of frames with those of the changes; both in the order in which they came."""
    place = {cursor: number for number, cursor in enumerate(wanted)}
    counted = Counter(told)
    once = [place[cursor] for cursor in dict.fromkeys(told) if cursor in place]
    return WrongFrames(
        missing=len(place.keys() - counted.keys()),
        duplicated=sum(counted[cursor] - 1 for cursor in place if counted[cursor] > 1),
        reordered=sum(one > other for one, other in pairwise(once)),
        foreign=sum(count for cursor, count in counted.items() if cursor not in place),
    )


def expect_exactly(who: str, wanted: Sequence[str], told: Sequence[str]) -> None:
    """Fail the check unless all was told, each once and in order.

    Raises:
        Failed: it was not.
    """
    wrong = judge(wanted, told)
    expect(wrong.is_clean, f"{who}: {wrong}, of {len(wanted)} frames")


def share(sorted_values: Sequence[float], part: float) -> float:
    """The value that this part of the values does not exceed; there is one at least."""
    return sorted_values[min(len(sorted_values) - 1, int(part * len(sorted_values)))]
