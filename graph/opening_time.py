"""How long the opening of a subscription may take: its authorising, and its snapshot, each as long as a query.

An outage is waited out (`live/outages.py`), and that is no time that the opening takes. So the time is counted in
parts, and after each of them the database is asked whether it answers at all: a part in which it fell silent does not
count.
An opening that takes too long all the same is cancelled, and its client is told so, on its id alone. What a statement
that is too slow has spent before it was given up, as if there were an outage, is `Spent` when it is tried again.

Nor is waiting for a turn counted: who has to wait for others has asked for nothing that is too large.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog

from core.errors import Unavailable
from core.limits import STANDARD, Limit
from core.tasks import Owner
from core.together import Together
from db.engine import Engines, in_time
from graph.results import unopened

BOUND = Limit.QUERY_SECONDS
PARTS = 4
ANSWER_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Spent:
    """How many parts of its time an opening has spent, over all that is tried of it."""

    __slots__ = ("parts",)

    def __init__(self) -> None:
        self.parts = 0

    def __repr__(self) -> str:
        return f"<Spent {self.parts} of {PARTS}>"


class OpeningTime:
    """Bounds the openings of one process; `passed` counts those that took too long."""

    def __init__(
        self,
        engines: Engines,
        seconds: float = STANDARD.query_seconds,
        passed: Counter[Limit] | None = None,
    ) -> None:
        self._engines = engines
        self._seconds = seconds
        self._passed: Counter[Limit] = Counter() if passed is None else passed
        # After a restart many take long at once, and one answer is good for all of them.
        self._answers = Together(self._ask)

    def __repr__(self) -> str:
        return f"<OpeningTime {self._seconds:g} s>"

    @asynccontextmanager
    async def bound(self, field: str, spent: Spent | None = None) -> AsyncIterator[None]:
        """Let the block, which opens a subscription to `field`, take as long as a query may.

        Args:
            field: its name, for the log.
            spent: what was spent before, if the same was tried already.

        Raises:
            Rejected: it takes longer.
        """
        limit, loop = asyncio.timeout(None), asyncio.get_running_loop()
        counting = Spent() if spent is None else spent
        try:
            async with Owner("graph.opening_time") as owner, limit:
                # Most are over long before, and need no task.
                first = loop.call_later(
                    self._part, lambda: owner.start(self._count(limit, counting), "count")
                )
                try:
                    yield
                finally:
                    first.cancel()
        except TimeoutError:
            if not limit.expired():
                raise
            self._passed[BOUND] += 1
            log.warning("opening_cancelled", field=field, limit=BOUND.value)
            raise unopened(BOUND, self._seconds) from None

    @property
    def _part(self) -> float:
        return self._seconds / PARTS

    async def _count(self, limit: asyncio.Timeout, spent: Spent) -> None:
        """Let the limit pass when so many parts are over; the first one is."""
        spent.parts += await self._is_answered()
        while spent.parts < PARTS:
            await asyncio.sleep(self._part)
            spent.parts += await self._is_answered()
        limit.reschedule(asyncio.get_running_loop().time())

    async def _is_answered(self) -> bool:
        try:
            await self._answers.of(None)
        except Unavailable:
            return False
        return True

    async def _ask(self, asked: Sequence[None]) -> Sequence[None]:
        """Ask the database for an answer, for all who count.

        Raises:
            Unavailable: it gives none.
        """
        async with in_time(ANSWER_SECONDS):
            await self._engines.check()
        return asked
