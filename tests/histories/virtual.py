"""An event loop whose time passes only when nothing else can happen, so that hours of timers take no time.

The same steps give the same history each time: there is no thread and no socket, only callbacks in their order.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

MOST_TURNS = 20_000


class Stuck(Exception):
    """Time can pass no more."""


class _Jumping(selectors.SelectSelector):
    """A selector that never waits: it moves the loop's clock to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._idle = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Nothing is ever ready.

        Raises:
            Stuck: every task waits for another one, or one never waits.
        """
        if timeout is None:
            raise Stuck("Everything waits, and no timer is set.")
        self._idle = 0 if timeout > 0 else self._idle + 1
        if self._idle > MOST_TURNS:
            self._idle = 0
            raise Stuck("Something turns for ever, and no time passes.")
        if timeout > 0:
            # A loop calls what is due within its resolution: whoever then looks at the clock must find it due.
            self.now += timeout + 1e-6
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` begins at 0."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds that have passed in this loop's world."""
        return self._jumping.now


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end in a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
