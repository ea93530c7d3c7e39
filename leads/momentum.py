"""What a new scoring of the same domains changed: who moved most, and how much all of them did."""

import itertools
from collections.abc import Iterable

from vocabulary.leads import HistogramBin, Momentum, Mover

# Scores move by hundredths; five equal bins would put nearly all into the middle one.
EDGES = (-1.0, -0.20, -0.02, 0.02, 0.20, 1.0)
_DIGITS = 6


def momentum(scores: Iterable[tuple[str, float, float]], limit: int = 10) -> Momentum:
    """The `limit` largest movers each way, and the histogram of all deltas; `scores` are (name, before, after), 0 to 1.

    Equal movers are in the order of their names, and a domain that did not move is in neither list.
    """
    movers = [Mover(name, before, after, round(after - before, _DIGITS)) for name, before, after in scores]
    up = sorted((one for one in movers if one.delta > 0), key=lambda one: (-one.delta, one.name))
    down = sorted((one for one in movers if one.delta < 0), key=lambda one: (one.delta, one.name))
    bins = tuple(
        HistogramBin(lower, upper, sum(_is_in(one.delta, lower, upper) for one in movers))
        for lower, upper in itertools.pairwise(EDGES)
    )
    return Momentum(tuple(up[:limit]), tuple(down[:limit]), bins)


def _is_in(delta: float, lower: float, upper: float) -> bool:
    return lower <= delta < upper or (delta == upper == EDGES[-1])
