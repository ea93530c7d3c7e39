"""Pruning the log, beside the work on shards: at the start, each hour, and when the log has grown too long.

That it has is seen by the positions that the doorbell tells anyway, so while nothing happens the database is asked
nothing. All workers do it; whoever finds another at it leaves it to that one.
"""

import asyncio
from itertools import count

import structlog

from core.errors import Unavailable
from events.doorbell import Ring
from services.retention import STEP_EVENTS, Outlook, Retention
from workers.outage import Pauses, wait_for

log = structlog.get_logger(__name__)

PASS_SECONDS = 3600.0
# Between two steps writers get in; after a pass nobody needs another at once, however fast the log grows.
STEP_PAUSE_SECONDS = 0.01
REST_SECONDS = 1.0
# A pass over a log that is far too long takes hours, and what is gone cannot be kept for longer afterwards.
STEPS_PER_LOOK = 100


class Pruning:
    """Keeps the log of one database within its bounds; `hear` may be called before and after `run`."""

    def __init__(self, retention: Retention) -> None:
        self._retention = retention
        self._woken = asyncio.Event()
        self._enough: int | None = None
        self.passes = 0

    def __repr__(self) -> str:
        return f"<Pruning, {self.passes} passes>"

    def hear(self, ring: Ring) -> None:
        """Be told by the doorbell how far the log reaches."""
        if self._enough is not None and (ring.position or 0) > self._enough:
            self._woken.set()

    def wake(self) -> None:
        """Look now; after `closing` was set, so that `run` ends."""
        self._woken.set()

    async def run(self, closing: asyncio.Event) -> None:
        """Prune until `closing` is set and `wake` was called."""
        pauses = Pauses()
        while not closing.is_set():
            self._woken.clear()
            try:
                await self._pass(closing)
            except Exception as error:  # noqa: BLE001  A log that nobody prunes any more would be missed too late.
                _tell(error)
                await pauses.take(closing)
                continue
            pauses.reset()
            await wait_for(closing, REST_SECONDS)
            await wait_for(self._woken, PASS_SECONDS)

    async def _pass(self, closing: asyncio.Event) -> None:
        outlook = await self._prune(await self._retention.outlook(), closing)
        self._expect(outlook)
        await self._prune_caused(outlook, closing)
        self.passes += 1

    async def _prune(self, outlook: Outlook, closing: asyncio.Event) -> Outlook:
        began = outlook.floor
        floor: int | None = began
        steps = count(1)
        while floor is not None and floor < outlook.upto and not closing.is_set():
            floor = await self._retention.prune(outlook.upto)
            outlook = await self._after(next(steps), outlook, closing)
        if floor is not None and floor > began:
            log.info("log_pruned", floor=floor, events=floor - began)
        return outlook

    async def _prune_caused(self, outlook: Outlook, closing: asyncio.Event) -> None:
        reached: int | None = 0
        steps = count(1)
        while reached is not None and outlook.caused_before is not None and not closing.is_set():
            reached = await self._retention.prune_caused(outlook.caused_before, reached)
            outlook = await self._after(next(steps), outlook, closing)

    async def _after(self, step: int, outlook: Outlook, closing: asyncio.Event) -> Outlook:
        """Let writers in, and now and then look at what an admin may have changed meanwhile."""
        await wait_for(closing, STEP_PAUSE_SECONDS)
        return outlook if step % STEPS_PER_LOOK else await self._retention.outlook()

    def _expect(self, outlook: Outlook) -> None:
        """A log that is a little too long is left so: each pass costs something, however little there is to do."""
        slack = max(STEP_EVENTS, outlook.keeps // 100)
        self._enough = outlook.upto + outlook.keeps + slack


def _tell(error: Exception) -> None:
    if isinstance(error, Unavailable):
        log.warning("log_not_pruned", reason=str(error))
    else:
        log.error("log_not_pruned", exc_info=error)
