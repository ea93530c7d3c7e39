"""Checking the domains of one shard: some at a time, results written together, stopped between two domains.

Some tasks take domains off a list and check them; one collector writes what they found, at most `FLUSH_RESULTS`
at once and at the latest `flush_seconds` after the first. Probing goes on while a write waits for the database,
which cannot grow beyond the shard. Each write says how the shard stands:

- GOING_ON: go on. If its progress was not told, because the last was a moment ago, a write without results
  follows when nothing else does, so that what is on screens is never old for long.
- STOPPED (paused, cancelled, failed): begin no more domains, wait for those under way, write them.
- LOST (or so the runner says): leave at once; what is under way is cancelled.

When the runner closes, what is under way is given up: it will be checked again by whoever takes the shard.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

import structlog

from core.errors import Unavailable
from core.tasks import Owner
from db.repositories.domains import Candidate
from db.repositories.verdicts import Result
from services.progress import PROGRESS_INTERVAL
from services.proxy_accounts import ProxyOutcome
from services.results import Batch, Flushed, Results
from services.turns import Standing
from workers.held import Held
from workers.outage import Pauses, wait_for
from workers.pace import Pace

log = structlog.get_logger(__name__)

FLUSH_RESULTS = 100
STOP_SECONDS = 10.0
MAX_WIDTH = 100


class Checks(Protocol):
    """What a kind of check brings: the check itself, and what it learns from writing."""

    width: int
    """How many domains are worth being under way at once."""

    async def check(self, candidate: Candidate) -> Result:
        """Check one domain to the end."""

    def take_outcomes(self) -> Sequence[ProxyOutcome]:
        """The uses of proxies since the last call, in order."""

    def learn(self, flushed: Flushed) -> None:
        """See what came of a write."""


class ShardRun:
    """One pass over what is left of a shard."""

    def __init__(
        self,
        held: Held,
        checks: Checks,
        results: Results,
        flush_seconds: float,
        pace: Pace | None = None,
    ) -> None:
        self._held = held
        self._pace = pace or Pace()
        self._checks = checks
        self._results = results
        self._flush_seconds = flush_seconds
        self._left: deque[Candidate] = deque()
        self._found: list[Result] = []
        self._found_since: float | None = None
        self._running = 0
        self._stopped = asyncio.Event()
        self._owing_since: float | None = None
        self._failure: Exception | None = None

    async def run(self, left: Sequence[Candidate]) -> Standing:
        """Check `left`; how the shard stands afterwards.

        Raises:
            Exception: what the check of a domain raised, after all that is finished was written.
        """
        self._left.extend(left)
        async with Owner("shard") as owner:
            for number in range(min(self._checks.width, MAX_WIDTH, len(left))):
                self._running += 1
                owner.start(self._check_domains(), str(number))
            standing = await self._collect()
        if self._failure is not None and standing is not Standing.LOST:
            raise self._failure
        if standing is Standing.GOING_ON and not self._held.is_stopping:
            raise RuntimeError("Every domain was checked, and yet some are left.")
        return standing

    async def _check_domains(self) -> None:
        try:
            while self._left:
                candidate = self._left.popleft()
                if await self._is_stopped_before_its_turn():
                    return
                self._keep(await self._checks.check(candidate))
        except Exception as error:  # noqa: BLE001  The collector raises it, so nothing is swallowed.
            self._failure = self._failure or error
            self._stopped.set()
        finally:
            self._running -= 1
            self._held.stirred.set()

    async def _is_stopped_before_its_turn(self) -> bool:
        turn = self._pace.reserve()
        seconds = turn - asyncio.get_running_loop().time()
        is_stopped = await wait_for(self._stopped, seconds) if seconds > 0 else self._stopped.is_set()
        if is_stopped:
            self._pace.give_back(turn)
        return is_stopped

    def _keep(self, result: Result) -> None:
        self._found.append(result)
        if self._found_since is None:
            self._found_since = asyncio.get_running_loop().time()
        if len(self._found) in (1, FLUSH_RESULTS):
            self._held.stirred.set()

    async def _collect(self) -> Standing:
        while True:
            await self._until_there_is_something_to_write()
            if self._held.is_lost:
                return Standing.LOST
            at_end = self._is_at_end and len(self._found) <= FLUSH_RESULTS
            flushed = await self._write()
            if flushed.standing in (Standing.LOST, Standing.DONE) or at_end:
                return flushed.standing
            if flushed.standing is Standing.STOPPED or self._stopped.is_set():
                self._stopped.set()
                await self._wait_for_those_under_way()
                if flushed.standing is Standing.STOPPED and not self._found:
                    return flushed.standing

    @property
    def _is_at_end(self) -> bool:
        """Whether the next write is the last."""
        return self._running == 0 or self._held.is_stopping

    async def _until_there_is_something_to_write(self) -> None:
        while not (self._is_at_end or self._stopped.is_set() or len(self._found) >= FLUSH_RESULTS):
            self._held.stirred.clear()
            seconds = self._seconds_to_wait()
            if seconds is not None and seconds <= 0:
                return
            await wait_for(self._held.stirred, seconds)

    def _seconds_to_wait(self) -> float | None:
        """Until what was found is to be written, or progress told; None if there is neither."""
        now = asyncio.get_running_loop().time()
        if self._found_since is not None:
            return self._found_since + self._flush_seconds - now
        if self._owing_since is not None:
            return self._owing_since + PROGRESS_INTERVAL.total_seconds() - now
        return None

    async def _wait_for_those_under_way(self) -> None:
        """Give the checks that have begun a while to end; what is slower than that is checked again later."""
        deadline = asyncio.get_running_loop().time() + STOP_SECONDS
        while not self._is_at_end:
            self._held.stirred.clear()
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or not await wait_for(self._held.stirred, left):
                self._held.stop()
                return

    async def _write(self) -> Flushed:
        results, self._found = self._found[:FLUSH_RESULTS], self._found[FLUSH_RESULTS:]
        self._found_since = asyncio.get_running_loop().time() if self._found else None
        batch = Batch(results, self._checks.take_outcomes())
        pauses = Pauses()
        while True:
            try:
                flushed = await self._results.flush(self._held.claim, batch)
            except Unavailable as error:
                log.warning("results_wait_for_database", results=len(results), reason=str(error))
                if self._held.is_stopping:
                    raise
            else:
                self._checks.learn(flushed)
                now = asyncio.get_running_loop().time()
                self._owing_since = now if flushed.owes_progress else None
                return flushed
            await pauses.take(self._held.stopping)
