"""One worker's turn at a campaign: all that a write for a shard needs, locked in the order of the house.

A turn is refused when the claim does not hold any more, so a worker that was asleep while its lease lapsed can
write nothing. Counts go one way: the shard's are counted from the table, the phase's move by the difference.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Self

from db.models import CampaignRow, PhaseRow, ShardRow
from db.repositories import campaigns, phases, shards
from db.repositories.shards import Claim
from db.unit_of_work import UnitOfWork
from services import phases as life
from services.progress import is_due
from vocabulary.access import WORKER
from vocabulary.campaigns import PhaseKind, PhaseStatus

_TAKES_RESULTS = (PhaseStatus.IN_PROGRESS, PhaseStatus.PAUSED)


class Standing(Enum):
    """What a worker learns from a write about its shard."""

    GOING_ON = auto()
    STOPPED = auto()
    """The phase runs no more, or pauses: begin no more domains and give the shard back."""
    LOST = auto()
    """The lease is another's: what was not written is not ours to write."""
    DONE = auto()
    """Nothing of the shard is left."""


@dataclass(frozen=True)
class Turn:
    """The locked rows of one write."""

    unit: UnitOfWork
    campaign: CampaignRow
    phase: PhaseRow
    shard: ShardRow

    @classmethod
    async def take(cls, unit: UnitOfWork, claim: Claim) -> Self | None:
        """Lock campaign, phase and shard; None if the claim does not hold or the campaign is gone."""
        if claim.campaign_id is None:
            raise ValueError(f"{claim} is no part of a campaign.")
        campaign = await campaigns.lock(unit.session, claim.campaign_id)
        if campaign is None:
            return None
        phase = await phases.locked(unit.session, campaign.id, PhaseKind(claim.kind.value))
        shard = await shards.locked(unit.session, claim)
        return None if shard is None else cls(unit, campaign, phase, shard)

    @property
    def takes_results(self) -> bool:
        """Whether results may still be written: while the phase runs, and for those under way when it paused."""
        return self.phase.status in _TAKES_RESULTS

    def count(self, processed: int, succeeded: int) -> None:
        """Set the shard's counts, and move the phase's by the difference."""
        shard, phase = self.shard, self.phase
        failed = processed - succeeded
        phase.processed += processed - shard.processed
        phase.succeeded += succeeded - shard.succeeded
        phase.failed += failed - shard.failed
        shard.processed, shard.succeeded, shard.failed = processed, succeeded, failed

    def tell_progress(self) -> bool:
        """Record how far the phase is, unless that was done a moment ago; whether it was recorded."""
        if self.phase.status is PhaseStatus.IN_PROGRESS and not is_due(self.phase, self.unit.now):
            return False
        life.tell_progress(self.unit, self.campaign, self.phase, WORKER)
        return True

    async def finish(self) -> Standing:
        """The shard has nothing left: close it, and with the last one the phase. A paused phase stays open."""
        if self.phase.status is not PhaseStatus.IN_PROGRESS:
            return Standing.STOPPED
        shards.make_done(self.shard)
        self.phase.open_shards -= 1
        if self.phase.open_shards == 0:
            await life.complete(self.unit, self.campaign, self.phase, WORKER)
        return Standing.DONE

    @property
    def standing(self) -> Standing:
        """Whether the worker may go on with a shard that is not done."""
        running = self.phase.status is PhaseStatus.IN_PROGRESS
        return Standing.GOING_ON if running else Standing.STOPPED
