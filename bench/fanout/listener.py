"""One connection of an audience: each text is handed to the audience, and each fault."""

from collections.abc import Callable

from bench.websocket import WebSocket


class Listener(WebSocket):
    """One connection.

    Args:
        path: what is asked for, with its query.
        opened: called when it is open.
        heard: called with each text.
        ended: called with the reason when it ends; not after `close`.

    Attributes:
        subscriptions: the number that each waits for, by its id; None before its first one.
    """

    __slots__ = ("_ended", "_heard", "_opened", "subscriptions")

    def __init__(
        self,
        path: str,
        opened: Callable[["Listener"], None],
        heard: Callable[["Listener", bytes], None],
        ended: Callable[[str], None],
    ) -> None:
        super().__init__(path)
        self._opened = opened
        self._heard = heard
        self._ended = ended
        self.subscriptions: dict[bytes, int | None] = {}

    def opened(self) -> None:
        """It is open."""
        self._opened(self)

    def heard(self, data: bytes, start: int, stop: int) -> None:
        """There is a text."""
        self._heard(self, data[start:stop])

    def closing(self, code: int, reason: str) -> None:
        """It is closed, and should not."""
        self.failed(f"A connection was closed: {code} {reason}")

    def failed(self, reason: str) -> None:
        """It is of no use any more."""
        self.close()
        self._ended(reason)

    def connection_lost(self, error: Exception | None) -> None:
        """It has ended, and should not."""
        if self.transport is not None:
            self._ended(f"A connection was lost: {error or 'without a reason'}.")

    def close(self) -> None:
        """End it without a word."""
        transport, self.transport = self.transport, None
        if transport is not None:
            transport.abort()
