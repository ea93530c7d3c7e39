"""How many tests one principal may have at a time, so that the threads and the network of a process are left to others.

A test of keywords is work for the one thread that all of them share, a test of a persona or a page waits in one of a
few places, and both may take as long as a hostile page makes them. Those of one principal that wait for their turn
count like those that have it. Each process counts by itself, for its threads and places are its own.
"""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from auth.quotas import COME_BACK_SECONDS, throttled, whose
from core.limits import STANDARD, Limit


class Shares:
    """Lets tests begin or refuses them; 0 at `most` is no limit."""

    def __init__(self, most: int = STANDARD.principal_tests) -> None:
        self._most = most
        self._under_way: Counter[Hashable] = Counter()

    def __repr__(self) -> str:
        return f"<Shares of {self._most}, {self._under_way.total()} tests>"

    @contextmanager
    def test(self, caller: object) -> Iterator[None]:
        """Count a test of this caller until the block ends.

        Raises:
            Throttled: they have as many already as they may.
        """
        who = whose(caller)
        if self._most and self._under_way[who] >= self._most:
            message = (
                f"You have {self._most} tests of keywords and personas under way; wait until one has ended."
            )
            raise throttled(Limit.PRINCIPAL_TESTS, self._most, message, COME_BACK_SECONDS)
        self._under_way[who] += 1
        try:
            yield
        finally:
            self._under_way[who] -= 1
            if not self._under_way[who]:
                del self._under_way[who]
