"""The phases behind the fetch as checks of a shard: no network, only work, done in a thread in chunks.

A chunk is what is done between two looks at whether to go on, so that the loop lives: leases are kept, and the API in
the same process answers. What was worked out and not written is worked out again by whoever takes the shard; it is a
pure function of what is stored, so that costs a moment and changes nothing.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from db.repositories.domains import Candidate
from db.repositories.verdicts import Result
from services.proxy_accounts import ProxyOutcome
from services.results import Flushed

M = TypeVar("M")

CHUNK = 25


class Judging(Generic[M]):
    """What a pure function makes of the materials of one shard. See `workers.shard_run.Checks`.

    It works ahead in the order of `left`, which is the order in which it must be asked.
    """

    # One after the other: a second thread would only wait for the first.
    width = 1

    def __init__(
        self, left: Sequence[Candidate], materials: Mapping[int, M], judge: Callable[[M], Result]
    ) -> None:
        self._ahead = deque(materials[candidate.offset] for candidate in left)
        self._judge = judge
        self._ready: deque[Result] = deque()

    async def check(self, candidate: Candidate) -> Result:
        """The result of the next domain.

        Raises:
            ValueError: it was not the next one's turn.
        """
        if not self._ready:
            chunk = [self._ahead.popleft() for _ in range(min(CHUNK, len(self._ahead)))]
            self._ready.extend(await asyncio.to_thread(self._work, chunk))
        result = self._ready.popleft()
        if result.offset != candidate.offset:
            raise ValueError(f"It is the turn of {result.offset}, not of {candidate.offset}.")
        return result

    def _work(self, chunk: Sequence[M]) -> list[Result]:
        return [self._judge(material) for material in chunk]

    def take_outcomes(self) -> Sequence[ProxyOutcome]:
        """Nothing goes through a proxy."""
        return ()

    def learn(self, flushed: Flushed) -> None:
        """Nothing to learn."""
