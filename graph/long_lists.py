"""Lists without a size of their own, which may be long: their rows take turns with what others are told.

Short ones go on at once, as do all that are read with them, so that what those lead to is read together, too.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from graph.context import Info

R = TypeVar("R")
N = TypeVar("N")

SHORT = 50


async def each(info: Info, rows: Sequence[R] | None, node: Callable[[R], N]) -> list[N]:
    """What `node` makes of each row, none if there are none, when as many may be told."""
    found = rows or ()
    if len(found) > SHORT:
        await info.context.turns.take(len(found))
    return [node(row) for row in found]
