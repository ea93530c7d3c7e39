"""A loader whose future for a key many wait for, and any of them may leave.

graphql-core cancels what is still going on in an object that is null for an error. What is cancelled cancels what it
waits for, and that is the one future which everybody has of this key: all others were cancelled too, the request among
them, whose client was given no answer at all.
"""

from asyncio import Future, shield
from collections.abc import Awaitable
from typing import TypeVar, cast

from strawberry.dataloader import DataLoader

K = TypeVar("K")
T = TypeVar("T")


class SharedLoader(DataLoader[K, T]):
    """Loads each key once for all that ask for it."""

    def load(self, key: K) -> Awaitable[T]:
        """The value of a key, when all that are asked for in this turn of the loop are there."""
        return shield(cast("Future[T]", super().load(key)))
