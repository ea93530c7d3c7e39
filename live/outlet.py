"""The straight way from a round to a socket, which most deliveries take: what is looked at for it, and nothing else.

What is told to thousands at once costs hardly more than the writes if little is looked at for each of them: every
object that is touched is in no cache any more when its turn comes again. So a member knows its outlet, and whoever
tells it asks the outlet a little, writes, and calls nothing of ours.
"""

from abc import ABC, abstractmethod
from typing import Protocol


class Pipe(Protocol):
    """What takes bytes; `asyncio.WriteTransport` has this."""

    def write(self, data: bytes, /) -> None:
        """Send, now or when there is room."""

    def is_closing(self) -> bool:
        """Whether nothing that is written now arrives any more."""

    def get_write_buffer_size(self) -> int:
        """How many bytes wait in it."""


class Nowhere:
    """A pipe that takes nothing, so that nobody writes to it."""

    __slots__ = ()

    def write(self, _data: bytes, /) -> None:
        """Refuse them."""
        raise ConnectionResetError("Nothing is written here.")

    def is_closing(self) -> bool:
        """It is closed."""
        return True

    def get_write_buffer_size(self) -> int:
        """As if something waited."""
        return 1


NOWHERE = Nowhere()


class Outlet(ABC):
    """A socket as whoever tells its members sees it.

    `is_called` is whether something else is to be sent first, or nothing at all any more. `followed` is how many
    members are on it. What a class adds stands behind these in memory, so they are in one line of the cache.
    """

    __slots__ = ("followed", "is_called", "pipe")

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe
        self.is_called = False
        self.followed = 0

    @abstractmethod
    def collect(self, frames: bytes) -> None:
        """Write these with others that are due in this round."""

    @abstractmethod
    def fail(self) -> None:
        """Close the socket for a defect of ours."""


class Place:
    """Where a member is, and how it is told there; in one line, too.

    Only frames above `position` are taken. `is_level` is whether nothing is fetched for it, nor was: what comes next is
    in the window, or is to be fetched. Who has an `outlet` may be told past its `notify`, in frames that begin with
    `prefix`.
    """

    __slots__ = ("is_level", "outlet", "position", "prefix")

    def __init__(self, position: int | None) -> None:
        self.position = position
        self.is_level = True
        self.outlet: Outlet | None = None
        self.prefix = b""
