"""Shards as work: who may do what, for how long, and what becomes of a shard that its worker gives up.

A claim is a lease. It is renewed while its holder lives, and lapses when the holder does not; then anybody may
claim the shard, with a higher fence. Claiming and renewing record no event and are no news for anybody, so they
ring no bell; giving a shard back does, for then others may take it.
"""

import random
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from core.settings import Settings
from db.models import ShardRow
from db.repositories import bulk, proxies, shards
from db.repositories.shards import Claim, Lease, Wanted
from db.scope import EVERYTHING
from db.unit_of_work import Database, UnitOfWork
from services.bulk_life import give_up
from services.effective import effective
from services.failing import fail
from services.probing import apply_test
from services.turns import Standing, Turn
from vocabulary.proxies import ProxyTestResult
from vocabulary.work import ShardKind

MAX_RETRY_SECONDS = 600.0
JITTER = 0.2

SHARD_FAILED = "SHARD_FAILED"


class Work:
    """The verbs of a worker on its shards. All raise Unavailable if the database does not answer."""

    def __init__(
        self, database: Database, settings: Settings, spread: Callable[[], float] | None = None
    ) -> None:
        self._database = database
        self._settings = settings
        # Shards that failed together shall not come back together.
        self._spread = spread or random.SystemRandom().random

    def _lease(self, holder: str) -> Lease:
        now = self._database.clock.now()
        return Lease(holder, now, now + timedelta(seconds=self._settings.lease_seconds))

    async def claim(
        self, holder: str, kinds: Collection[ShardKind], limit: int, held: Collection[UUID] = ()
    ) -> list[Claim]:
        """Take up to `limit` shards that are open, the longest open first; `held` are the holder's already."""
        async with self._database.engines.writing() as session:
            return await shards.claim(session, self._lease(holder), Wanted(kinds, held), limit)

    async def renew(self, holder: str, ids: Collection[UUID]) -> set[UUID]:
        """Prolong leases; those that are not in the answer are lost."""
        async with self._database.engines.writing() as session:
            return await shards.renew(session, self._lease(holder), ids)

    async def next_due(self, kinds: Collection[ShardKind], held: Collection[UUID] = ()) -> datetime | None:
        """When something will be open that is not open now, or is: the end of a lease or of a wait."""
        async with self._database.engines.reading() as session:
            return await shards.next_due(session, Wanted(kinds, held))

    async def release(self, claims: Sequence[Claim]) -> None:
        """Give shards back as they are: anybody may claim them at once, and they keep their place in the order."""
        async with self._database.write() as unit:
            for claim in sorted(claims, key=lambda claim: claim.id):
                shard = await shards.locked(unit.session, claim)
                if shard is not None:
                    shards.make_ready(shard, shard.available_at)
                    unit.work = True

    async def failed(self, claim: Claim, error: str) -> None:
        """Count a failed attempt at a shard: it waits, longer each time, and after the last one it is over.

        The phase of such a shard fails, or its bulk operation; a proxy that could not even be tested has failed its
        test.
        """
        async with self._database.write() as unit:
            if claim.bulk_id is not None:
                await self._bulk_failed(unit, claim, claim.bulk_id, error)
                return
            if claim.campaign_id is None:
                await self._probe_failed(unit, claim, error)
                return
            turn = await Turn.take(unit, claim)
            if turn is None:
                return
            if await self._is_last(unit, turn.shard, error):
                message = f"a part of the work failed {turn.shard.attempts} times, at last with: {error}"
                _fail(turn, SHARD_FAILED, message)

    async def _probe_failed(self, unit: UnitOfWork, claim: Claim, error: str) -> None:
        shard = await shards.locked(unit.session, claim)
        if shard is None or claim.proxy_id is None:
            return
        row = await proxies.lock(unit.session, claim.proxy_id, EVERYTHING)
        if row is not None and await self._is_last(unit, shard, error):
            result = ProxyTestResult(
                success=False, duration_ms=0, error=f"The test could not be made: {error}"
            )
            await apply_test(unit, row, shard, result, self._settings)

    async def _bulk_failed(self, unit: UnitOfWork, claim: Claim, bulk_id: UUID, error: str) -> None:
        operation = await bulk.lock(unit.session, bulk_id, EVERYTHING)
        shard = await shards.locked(unit.session, claim)
        if operation is not None and shard is not None and await self._is_last(unit, shard, error):
            await give_up(unit, operation, error)
            shards.make_done(shard)

    async def _is_last(self, unit: UnitOfWork, shard: ShardRow, error: str) -> bool:
        """Count an attempt and let the shard wait; whether there will be no other."""
        settings = await effective(unit.session, self._settings)
        shard.attempts += 1
        shard.last_error = error
        shards.make_ready(shard, self._retry_at(unit.now, shard.attempts, settings.shard_retry_seconds))
        unit.work = True
        return shard.attempts >= settings.shard_attempts

    async def cannot_go_on(self, claim: Claim, code: str, message: str) -> None:
        """Fail the phase of a shard for a cause that trying again does not mend."""
        async with self._database.write() as unit:
            turn = await Turn.take(unit, claim)
            if turn is not None:
                shards.make_ready(turn.shard, unit.now)
                _fail(turn, code, message)

    def _retry_at(self, now: datetime, attempts: int, first_wait: float) -> datetime:
        wait = min(first_wait * 2.0 ** (attempts - 1), MAX_RETRY_SECONDS)
        return now + timedelta(seconds=wait * (1 + JITTER * (2 * self._spread() - 1)))


def _fail(turn: Turn, code: str, message: str) -> None:
    """Fail the phase if it runs as it did; one that was paused finds the same when it goes on, or no more."""
    if turn.standing is Standing.GOING_ON:
        fail(turn.course, turn.phase, code, message)
