"""A loader whose future for a key many wait for, and any of them may leave.

graphql-core cancels what is still going on in an object that is null for an error. What is cancelled cancels what it
waits for, and that is the one future which everybody has of this key: all others were cancelled too, the request among
them, whose client was given no answer at all.
"""

from asyncio import Future, shield
from collections.abc import Awaitable
from typing import Any, TypeVar, cast

from strawberry.dataloader import DataLoader

K = TypeVar("K")
T = TypeVar("T")


class SharedLoader(DataLoader[K, T]):
    """Loads each key once for all that ask for it."""

    def load(self, key: K) -> Awaitable[T]:
        """The value of a key, when all that are asked for in this turn of the loop are there."""
        shared = cast("Future[T]", super().load(key))
        if not shared.done():
            shared.add_done_callback(_heard)
        return shield(shared)


def _heard(shared: "Future[Any]") -> None:
    """Let nobody complain of a failure that nobody waits for any more."""
    if not shared.cancelled():
        shared.exception()
