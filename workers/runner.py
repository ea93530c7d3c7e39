"""The worker of one process: it claims shards, has them worked on, keeps their leases, and sleeps in between.

Nothing here polls. The runner looks for work when it is woken (by a ring of the doorbell that says that there is
work or may be, by a shard that ended, at the start), at the exact moment at which something in the table falls
due (the end of another's lease, of a failed shard's wait, of a proxy's backoff), and, for what nothing announced,
at a sweep of five minutes or more. While all of its slots are taken it does not look at all.

Slots are in three lanes of `worker_shards` each, phases, proxy probes and bulk operations: somebody who tests a
proxy or changes many things shall not wait until a shard of a campaign is through.

Leases are renewed together, in one statement, three times in their length. Work on a shard whose lease was lost
ends at once; whatever it would still write is refused by its fence. A shard is let go of only when the
database knows it, however long that takes; a process that dies instead leaves it to the end of the lease.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from core.clock import Clock
from core.errors import HeliographError, Unavailable
from core.ids import process_name
from core.settings import Settings
from core.tasks import Owner
from db.repositories.shards import Claim
from events.doorbell import Ring
from services.turns import Standing
from services.work import Work
from vocabulary.work import ShardKind
from workers.held import CannotGoOn, Handler, Held
from workers.outage import Pauses, wait_for

log = structlog.get_logger(__name__)

CLOSE_SECONDS = 10.0
RENEWALS_PER_LEASE = 3
# What is due and could not be claimed is in the hands of a transaction that is about to end.
LOOK_AGAIN = timedelta(milliseconds=100)


class Chore(Protocol):
    """What is done beside the work on shards, from the start of a runner to its end."""

    def hear(self, ring: Ring) -> None:
        """Be told by the doorbell."""

    def wake(self) -> None:
        """Go on at once; it is time to end when `closing` is set."""

    async def run(self, closing: asyncio.Event) -> None:
        """Do it until `closing` is set."""


class Runner:
    """Start it once, wake it when there is work, close it in the end."""

    def __init__(
        self,
        work: Work,
        handlers: Mapping[ShardKind, Handler],
        settings: Settings,
        clock: Clock,
        holder: str | None = None,
    ) -> None:
        self.holder = holder or process_name()
        self._work = work
        self._handlers = handlers
        self._settings = settings
        self._clock = clock
        self._owner = Owner(f"runner:{self.holder}")
        self._woken = asyncio.Event()
        self._holding = asyncio.Event()
        self._closing = asyncio.Event()
        self._held: dict[UUID, Held] = {}
        self._at_rest = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self._chores: list[Chore] = []
        self._lanes = [lane for lane in _lanes(handlers) if lane]
        self.passes = 0
        self.answers = True

    def __repr__(self) -> str:
        return f"<Runner {self.holder}, {len(self._held)} shards held, {self.passes} looks>"

    @property
    def held(self) -> Sequence[Claim]:
        """The shards that are being worked on."""
        return [held.claim for held in self._held.values()]

    def on_close(self, closer: Callable[[], Awaitable[None]]) -> None:
        """Have something closed after the last shard."""
        self._closers.append(closer)

    def beside(self, chore: Chore) -> None:
        """Have something done beside the shards; call it before `start`."""
        self._chores.append(chore)

    async def start(self) -> None:
        """Begin to look for work."""
        self._loops = [
            self._owner.start(self._look_for_work(), "look"),
            self._owner.start(self._keep_leases(), "leases"),
            *(self._owner.start(chore.run(self._closing), repr(chore)) for chore in self._chores),
        ]
        self.wake()

    def wake(self) -> None:
        """Look for work now."""
        self._woken.set()

    def hear(self, ring: Ring) -> None:
        """Be told by the doorbell: wake if there is work, or may be."""
        for chore in self._chores:
            chore.hear(ring)
        if ring.work is not False:
            self.wake()

    async def close(self) -> None:
        """Write what is finished, give every shard back for others to take, and end.

        Everything ends by itself, in time: nothing is cancelled in the middle of a transaction.
        """
        self._closing.set()
        self.wake()
        for chore in self._chores:
            chore.wake()
        # It may be in the middle of a claim, whose shards are to be given back as well.
        await _wait(self._loops[:1])
        for held in self._held.values():
            held.stop()
        await _wait([held.task for held in self._held.values() if held.task is not None])
        self._at_rest.set()
        self._holding.set()
        await _wait(self._loops)
        await self._owner.close()
        for closer in self._closers:
            await closer()

    async def _look_for_work(self) -> None:
        pauses = Pauses()
        while not self._closing.is_set():
            self._woken.clear()
            try:
                due = await self._fill()
            except Exception as error:  # noqa: BLE001  A worker that stops looking would be missed by nobody.
                _tell("worker_cannot_look", error, holder=self.holder)
                self.answers = False
                await pauses.take(self._closing)
                continue
            self.answers = True
            pauses.reset()
            await wait_for(self._woken, self._seconds_until(due))

    def _seconds_until(self, due: datetime | None) -> float:
        sweep = self._settings.sweep_seconds
        if due is None:
            return sweep
        return min(max((due - self._clock.now()).total_seconds(), 0.001), sweep)

    async def _fill(self) -> datetime | None:
        """Claim what is due until the slots are taken; the next moment at which there is something to claim."""
        found = [await self._fill_lane(lane) for lane in self._lanes]
        return min((due for due in found if due is not None), default=None)

    async def _fill_lane(self, kinds: Sequence[ShardKind]) -> datetime | None:
        while (free := self._free_slots(kinds)) > 0 and not self._closing.is_set():
            self.passes += 1
            now = self._clock.now()
            due = await self._work.next_due(kinds, self._held)
            if due is None or due > now:
                return due
            claims = await self._work.claim(self.holder, kinds, free, self._held)
            for claim in claims:
                self._begin(claim)
            if not claims:
                return now + LOOK_AGAIN
        return None

    def _free_slots(self, kinds: Sequence[ShardKind]) -> int:
        taken = sum(held.claim.kind in kinds for held in self._held.values())
        return self._settings.worker_shards - taken

    def _begin(self, claim: Claim) -> None:
        held = Held(claim)
        self._held[claim.id] = held
        self._holding.set()
        held.task = self._owner.start(self._work_on(held), f"{claim.kind}:{claim.id}")

    async def _work_on(self, held: Held) -> None:
        try:
            settle = await self._handle(held)
            if settle is not None and not held.is_lost:
                await self._insist(held, settle)
        except asyncio.CancelledError:
            log.warning("shard_abandoned", shard=str(held.claim.id), kind=held.claim.kind)
            raise
        finally:
            self._held.pop(held.claim.id, None)
            if not self._held:
                self._holding.clear()
            self.wake()

    async def _handle(self, held: Held) -> Callable[[], Awaitable[None]] | None:
        """Have a shard worked on; gives what is to be written about it in the end, if anything."""
        claim = held.claim
        try:
            standing = await self._handle_through_outages(held)
        except CannotGoOn as error:
            log.warning("phase_cannot_go_on", campaign=str(claim.campaign_id), code=error.code)
            code, message = error.code, str(error)
            return lambda: self._work.cannot_go_on(claim, code, message)
        except Exception as error:
            log.exception("shard_failed", shard=str(claim.id), kind=claim.kind)
            reason = _reason(error)
            return lambda: self._work.failed(claim, reason)
        if standing in (Standing.DONE, Standing.LOST):
            return None
        return lambda: self._work.release([claim])

    async def _handle_through_outages(self, held: Held) -> Standing:
        pauses = Pauses()
        while True:
            try:
                return await self._handlers[held.claim.kind].handle(held)
            except Unavailable as error:
                log.warning("shard_waits_for_database", shard=str(held.claim.id), reason=str(error))
            if held.is_stopping:
                return Standing.STOPPED
            await pauses.take(held.stopping)

    async def _insist(self, held: Held, settle: Callable[[], Awaitable[None]]) -> None:
        """Write how a shard ended, however long the database does not answer; the lease is kept meanwhile."""
        pauses = Pauses()
        while True:
            try:
                await settle()
            except Unavailable as error:
                log.warning("shard_waits_for_database", shard=str(held.claim.id), reason=str(error))
            else:
                return
            # While this runner closes there is no event to wait for; `close` bounds it.
            await pauses.take(asyncio.Event())

    async def _keep_leases(self) -> None:
        interval = self._settings.lease_seconds / RENEWALS_PER_LEASE
        while not self._at_rest.is_set():
            await self._holding.wait()
            await wait_for(self._at_rest, interval)
            try:
                await self._renew()
            except Exception as error:  # noqa: BLE001  The next one may do better, and is soon.
                _tell("leases_not_renewed", error, holder=self.holder)

    async def _renew(self) -> None:
        ids = list(self._held)
        kept = await self._work.renew(self.holder, ids) if ids else set()
        for ident in ids:
            held = self._held.get(ident)
            if held is not None and ident not in kept:
                log.warning("lease_lost", shard=str(ident), kind=held.claim.kind)
                held.lose()


async def _wait(tasks: Sequence[asyncio.Task[None]]) -> None:
    if tasks:
        await asyncio.wait(tasks, timeout=CLOSE_SECONDS)


def _tell(what: str, error: Exception, **where: str) -> None:
    """Log a failure: an outage in one line, anything else, which is a defect, with its traceback."""
    if isinstance(error, Unavailable):
        log.warning(what, reason=str(error), **where)
    else:
        log.error(what, exc_info=error, **where)


def _reason(error: Exception) -> str:
    """What the owner of a campaign is told: what a defect says may be anybody's secrets, and is for the log."""
    if isinstance(error, HeliographError):
        return str(error)
    return f"an internal error, {type(error).__name__}, of which the worker's log has more"


def _lanes(handlers: Mapping[ShardKind, Handler]) -> Sequence[list[ShardKind]]:
    quick = [{ShardKind.PROXY_PROBE}, {ShardKind.BULK}]
    phases = handlers.keys() - set.union(*quick)
    return [sorted(handlers.keys() & lane) for lane in (phases, *quick)]
