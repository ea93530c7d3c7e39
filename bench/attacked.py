"""What an attack of any kind has to leave as it was: the figures that all of them tell.

Memory is weighed again and again while the attack goes on. In the first third all that has its bound fills: plans,
compiled statements, windows, the heap. Of the rest two things are asked. It may not be much more at the end, and by
then it has to be level: what each further attempt adds is told by the slope of the last half, as the median of the
slopes between all pairs of samples, which a collector that comes by now and then does not move. A leak shows in the
slope long before it has come to much. But what a few attempts add says nothing: memory comes and goes by some MB, and
while a leak of a KiB for each would be no more than that, nothing is said.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import combinations
from statistics import median
from typing import NamedTuple

from bench.history import Verdict
from bench.report import Figure
from core.tasks import Owner

GROWTH = 0.1
LEAK_BYTES = 1024
"""The least leak of each attempt that has to be seen; half of it is a leak."""
COMES_AND_GOES = 0.02
"""Such a share of all memory is no growth."""
SAMPLES = 36
WINDOW = 100
"""Of the newest events the server keeps up to twice as many; the default is more, and fills as long as one looks."""
_NEIGHBOURS = 3
_MIB = 1 << 20


class Weight(NamedTuple):
    """The server after so many attempts: what is resident of it, in MiB."""

    attempts: int
    resident_mb: float


def none_of(what: str, found: int) -> Figure:
    """Something that may not be."""
    return Figure(what=what, value=str(found), goal="none", met=found == 0)


async def weighed(attack: Awaitable[None], weigh: Callable[[], Weight], every_seconds: float) -> list[Weight]:
    """What a server weighs while it is attacked."""
    weights: list[Weight] = []

    async def look() -> None:
        while True:
            await asyncio.sleep(every_seconds)
            weights.append(weigh())

    async with Owner("weighing") as owner:
        owner.start(look(), "look")
        await attack
    return weights


def memory(weights: Sequence[Weight]) -> list[Figure]:
    """Whether it levels off; the weights are from all of the attack, at equal distances."""
    sizes = [each.resident_mb for each in weights]
    third = len(sizes) // 3
    warm, last = median(sizes[third : third + _NEIGHBOURS]), median(sizes[-_NEIGHBOURS:])
    growth = last / warm - 1
    return [
        Figure(
            what="memory at the end, against when a third of it was over",
            value=f"{last:.1f} MB against {warm:.1f} MB ({growth:+.1%})",
            goal=f"at most {GROWTH:.0%} more",
            met=growth <= GROWTH,
        ),
        _level(weights[len(weights) // 2 :], COMES_AND_GOES * last * _MIB),
        Figure(what="memory all the way", value=" ".join(f"{each:.0f}" for each in sizes) + " MB"),
    ]


def _level(weights: Sequence[Weight], nothing: float) -> Figure:
    """What each attempt adds; less than `nothing` bytes in all are none."""
    slope, attempts = slope_of(weights), weights[-1].attempts - weights[0].attempts
    is_enough = attempts * LEAK_BYTES > nothing
    is_level = slope < LEAK_BYTES / 2 or slope * attempts < nothing
    few = "" if is_enough else ", which are too few to tell"
    return Figure(
        what="what each attempt adds in the last half",
        value=f"{slope:,.0f} bytes of {attempts:,} attempts{few}",
        goal=f"less than {LEAK_BYTES // 2} bytes, or less than {COMES_AND_GOES:.0%} of all memory",
        met=is_level if is_enough else None,
    )


def slope_of(weights: Sequence[Weight]) -> float:
    """How many bytes an attempt adds, in the median of all pairs."""
    slopes = [
        (after.resident_mb - before.resident_mb) * _MIB / (after.attempts - before.attempts)
        for before, after in combinations(weights, 2)
        if after.attempts > before.attempts
    ]
    return median(slopes) if slopes else 0.0


def beside(verdict: Verdict) -> Figure:
    """A healthy client, as long as the attack lasted."""
    return Figure(
        what="a client beside it",
        value=str(verdict),
        goal="has every event once, in order",
        met=verdict.clean,
    )
