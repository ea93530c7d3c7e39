"""What the lists of an operation give is counted while it is told, by whatever tells it.

A compiled function is made once for all operations of a document, and knows nothing but the value that it is given. So
who counts is found in the context of the task that tells it, which the tasks that an operation starts have from it.
"""

from contextvars import ContextVar, Token
from functools import cache
from typing import Any, Protocol

from graphql import GraphQLList, get_named_type, is_leaf_type

VALUES_PER_ROW = 10
"""So many numbers or texts of a list take as long to tell as an object with a few fields; fewer are not counted."""


class Count(Protocol):
    """Who counts. `room` is how many rows there still may be, and less than none once there were too many."""

    room: int

    def give(self, rows: int) -> None:
        """Count so many more; raises its own error if they are too many, each time from then on."""


class _Nobody:
    """Who counts where nobody does."""

    room = 0

    def give(self, rows: int) -> None:
        """Let any number pass."""


_counting: ContextVar[Count] = ContextVar("counting", default=_Nobody())  # noqa: B039  It keeps nothing.

current = _counting.get
"""Who counts what is told here."""


class CountedBy:
    """Has what is told inside counted by one, in the tasks that are begun inside, too.

    It is a class, for it is entered for each event of each group.
    """

    __slots__ = ("_before", "_count")

    def __init__(self, count: Count) -> None:
        self._count = count

    def __repr__(self) -> str:
        return f"<CountedBy {self._count!r}>"

    def __enter__(self) -> None:
        self._before: Token[Count] = _counting.set(self._count)

    def __exit__(self, *_: object) -> None:
        _counting.reset(self._before)


@cache
def items_per_row(type_: GraphQLList[Any]) -> int:
    """How many items of such a list count as one row."""
    return VALUES_PER_ROW if is_leaf_type(get_named_type(type_)) else 1
