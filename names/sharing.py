"""Sharing a count out over several spaces."""

from collections.abc import Sequence


def share_out(count: int, left: Sequence[int]) -> list[int]:
    """How many offsets to take of each space, as evenly as possible, of `left` that each has; 0 is all.

    What one space lacks goes to the others, in equal parts again; of what cannot be parted evenly the first spaces
    have one more. The sum is `count`, or all that is left if that is fewer.
    """
    if count == 0:
        return [*left]
    level, rest = _level(count, left)
    shares = [min(has, level) for has in left]
    for place, has in enumerate(left):
        if has > level and rest:
            shares[place] += 1
            rest -= 1
    return shares


def _level(count: int, left: Sequence[int]) -> tuple[int, int]:
    """How many each space gives that has as many, and how many are missing then."""
    for number, has in enumerate(sorted(left)):
        level, rest = divmod(count, len(left) - number)
        if has > level:
            return level, rest
        count -= has
    return max(left, default=0), 0
