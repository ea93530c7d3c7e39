"""How many connections somebody has, and who keeps count within one process: sockets, and event streams."""

from collections import Counter
from collections.abc import Hashable
from typing import Protocol


class ConnectionCounts(Protocol):
    """Who keeps count."""

    async def enter(self, who: Hashable, most: int) -> bool:
        """Count one more, unless there are as many; says whether it was. Raises nothing but a cancelling."""

    def leave(self, who: Hashable) -> None:
        """Count one less."""


class LocalConnections:
    """Counts those of this process."""

    def __init__(self) -> None:
        self._counts: Counter[Hashable] = Counter()

    def __repr__(self) -> str:
        return f"<LocalConnections of {len(self._counts)}>"

    async def enter(self, who: Hashable, most: int) -> bool:
        """Count one more, unless there are as many."""
        if self._counts[who] >= most:
            return False
        self._counts[who] += 1
        return True

    def leave(self, who: Hashable) -> None:
        """Count one less."""
        self._counts[who] -= 1
        if not self._counts[who]:
            del self._counts[who]
