"""The straight way from a round to a socket, which most deliveries take.

What is told to thousands at once costs hardly more than the writes if little is looked at for each of them: every
object that is touched is in no cache any more when its turn comes again. So a member knows its outlet, and whoever
tells it asks the outlet a little, writes, and calls nothing of ours.
"""

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


class Outlet(Protocol):
    """A socket as whoever tells its members sees it.

    `is_called` is whether something else is to be sent first, or nothing at all any more. `followed` is how many
    members are on it.
    """

    pipe: Pipe
    is_called: bool
    followed: int

    def collect(self, frames: bytes) -> None:
        """Write these with others that are due in this round."""

    def fail(self) -> None:
        """Close the socket for a defect of ours."""
