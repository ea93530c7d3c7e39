"""What an attack of any kind has to leave as it was: the figures that all of them tell.

Memory is weighed again and again while the attack goes on. In the first third all that has its bound fills: plans,
compiled statements, windows, the heap. Of the rest two things are asked. It may not be much more at the end, and by
then it has to be level: what each further attempt adds is told by the slope of the last half, as the median of the
slopes between all pairs of samples, which a collector that comes by now and then does not move. A leak shows in the
slope however short the attack was, and in what it has come to if it was long.
"""

from collections.abc import Sequence
from itertools import combinations
from statistics import median
from typing import NamedTuple

from bench.history import Verdict
from bench.report import Figure

GROWTH = 0.1
SLOPE_BYTES = 512
"""For each attempt, at the end: half of what the least leak is taken to be."""
SAMPLES = 36
WINDOW = 100
"""Of the newest events the server keeps up to twice as many; the default is more, and fills as long as one looks."""
_NEIGHBOURS = 3


class Weight(NamedTuple):
    """The server after so many attempts: what is resident of it, in MiB."""

    attempts: int
    resident_mb: float


def none_of(what: str, found: int) -> Figure:
    """Something that may not be."""
    return Figure(what=what, value=str(found), goal="none", met=found == 0)


def memory(weights: Sequence[Weight]) -> list[Figure]:
    """Whether it levels off; the weights are from all of the attack, at equal distances."""
    sizes = [each.resident_mb for each in weights]
    third = len(sizes) // 3
    warm, last = median(sizes[third : third + _NEIGHBOURS]), median(sizes[-_NEIGHBOURS:])
    growth, slope = last / warm - 1, slope_of(weights[len(weights) // 2 :])
    return [
        Figure(
            what="memory at the end, against when a third of it was over",
            value=f"{last:.1f} MB against {warm:.1f} MB ({growth:+.1%})",
            goal=f"at most {GROWTH:.0%} more",
            met=growth <= GROWTH,
        ),
        Figure(
            what="what each attempt adds in the last half",
            value=f"{slope:,.0f} bytes",
            goal=f"less than {SLOPE_BYTES} bytes",
            met=slope < SLOPE_BYTES,
        ),
        Figure(what="memory all the way", value=" ".join(f"{each:.0f}" for each in sizes) + " MB"),
    ]


def slope_of(weights: Sequence[Weight]) -> float:
    """How many bytes an attempt adds, in the median of all pairs."""
    return median(
        (after.resident_mb - before.resident_mb) * (1 << 20) / (after.attempts - before.attempts)
        for before, after in combinations(weights, 2)
        if after.attempts > before.attempts
    )


def beside(verdict: Verdict) -> Figure:
    """A healthy client, as long as the attack lasted."""
    return Figure(
        what="a client beside it",
        value=str(verdict),
        goal="has every event once, in order",
        met=verdict.clean,
    )
