"""Writing what probes found: one short transaction for many results, outside all network I/O.

Nothing can be counted twice. A result is written only where there is none (under the campaign's lock), and the
counts of the shard are then read from the table; pages, tallies and events are those of the results that were
written. So the same batch may come again: after a commit that nobody could confirm, or from a worker that repeats
what a killed one had half done.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.settings import Settings
from db.repositories import domains, pages, proxy_use, tallies
from db.repositories.shards import Claim
from db.repositories.verdicts import Result
from db.unit_of_work import Database
from events.domain_events import DomainsChanged
from services.effective import effective
from services.proxy_accounts import Accounting, ProxyOutcome
from services.turns import Standing, Turn
from vocabulary.domains import BATCH_MOST
from vocabulary.proxies import ProxyHealth


@dataclass(frozen=True)
class Batch:
    """Results of domains of one shard, and how the proxies did that they went through, in order."""

    results: Sequence[Result] = ()
    outcomes: Sequence[ProxyOutcome] = ()


@dataclass(frozen=True)
class Flushed:
    """What came of a batch.

    `owes_progress`: its progress was not told because the last was a moment ago; an empty batch tells it.
    `usable` are the campaign's proxies that may be used now, with their failures in a row; None if nothing is
    known of them.
    """

    standing: Standing
    owes_progress: bool = False
    usable: dict[UUID, int] | None = None


class Results:
    """The way from workers to the table of domains."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._accounting = Accounting(settings)
        self._settings = settings

    async def flush(self, claim: Claim, batch: Batch) -> Flushed:
        """Write a batch. An empty one finishes a shard that has nothing left, and tells progress that is owed.

        Raises:
            Unavailable: the database does not answer; the same batch may be written again.
        """
        # Packing takes a while, and nobody else shall wait for it.
        packed = await asyncio.to_thread(pages.pack, batch.results)
        async with self._database.write() as unit:
            turn = await Turn.take(unit, claim)
            if turn is None:
                return Flushed(Standing.LOST)
            if not turn.takes_results:
                return Flushed(Standing.STOPPED)
            fresh = await self._write(turn, batch, packed)
            return await self._settle(turn, claim, batch, changed=bool(fresh))

    async def _write(self, turn: Turn, batch: Batch, packed: Mapping[int, bytes]) -> set[int]:
        """Write what is not there yet, with all that moves with it; gives the offsets of that."""
        session, kind, campaign_id = turn.unit.session, turn.phase.kind, turn.campaign.id
        offsets = {result.offset for result in batch.results}
        fresh = await domains.pending(session, kind, campaign_id, offsets) if offsets else set()
        written = {result.offset: result for result in batch.results if result.offset in fresh}
        await domains.write(
            session, kind, campaign_id, [each.columns(turn.unit.now) for each in written.values()]
        )
        await pages.store(session, campaign_id, packed, fresh)
        tallies.move(turn.course.tallies, [each.decided for each in written.values()])
        if fresh == offsets:
            await self._accounting.settle(turn.unit, batch.outcomes)
        # Else this batch was committed before, and so were the strikes in it.
        await _tell_changes(turn, sorted(fresh))
        return fresh

    async def _settle(self, turn: Turn, claim: Claim, batch: Batch, *, changed: bool) -> Flushed:
        """Count the shard anew, and finish it if nothing of it is left."""
        counted = await domains.tally(turn.unit.session, turn.phase.kind, turn.campaign.id, claim.within)
        turn.count(counted.processed, counted.succeeded)
        if counted.processed == counted.due:
            settings = await effective(turn.unit.session, self._settings)
            standing = await turn.finish(claim.within, settings.phase_backlog_shards)
            if changed and turn.phase.completed_at is None:
                # Other shards go on, or it pauses and these results were under way.
                turn.tell_progress()
            return Flushed(standing)
        owed = not batch.results and turn.standing is Standing.GOING_ON
        told = turn.tell_progress() if changed or owed else True
        return Flushed(turn.standing, owes_progress=not told, usable=await self._usable(turn, batch))

    async def _usable(self, turn: Turn, batch: Batch) -> dict[UUID, int] | None:
        if not batch.outcomes:
            return None
        rows = await proxy_use.of_campaign(turn.unit.session, turn.campaign.id)
        return {
            row.id: row.consecutive_failures
            for row in rows
            if row.enabled and row.health is not ProxyHealth.UNHEALTHY
        }


async def _tell_changes(turn: Turn, offsets: Sequence[int]) -> None:
    if not offsets:
        return
    named = offsets[:BATCH_MOST]
    event = DomainsChanged(
        campaign_id=turn.campaign.id,
        phase=turn.phase.kind,
        changed=await domains.changes(turn.unit.session, turn.campaign.id, named),
        omitted=len(offsets) - len(named),
    )
    turn.course.record(event)
