"""One worker's turn at a campaign: all that a write for a shard needs, locked in the order of the house.

A turn is refused when the claim does not hold any more, so a worker that was asleep while its lease lapsed can
write nothing. Counts go one way: the shard's are counted from the table, the phase's move by the difference.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Self

from db.models import CampaignRow, PhaseRow, ShardRow
from db.repositories import shards
from db.repositories.shards import Claim
from db.unit_of_work import UnitOfWork
from services.course import UNDER_WAY, Course
from services.handing_over import hand_over
from vocabulary.access import WORKER
from vocabulary.campaigns import PhaseKind, PhaseStatus


class Standing(Enum):
    """What a worker learns from a write about its shard."""

    GOING_ON = auto()
    STOPPED = auto()
    """The phase runs no more, or paused, though it may go on: begin no more domains and give the shard back."""
    LOST = auto()
    """The lease is another's: what was not written is not ours to write."""
    DONE = auto()
    """Nothing of the shard is left."""


@dataclass(frozen=True)
class Turn:
    """The locked rows of one write, and the claim that it is made for."""

    course: Course
    phase: PhaseRow
    shard: ShardRow
    claim: Claim

    @classmethod
    async def take(cls, unit: UnitOfWork, claim: Claim) -> Self | None:
        """Lock campaign, phases and shard; None if the claim does not hold or the campaign is gone."""
        if claim.campaign_id is None:
            raise ValueError(f"{claim} is no part of a campaign.")
        course = await Course.take(unit, claim.campaign_id, WORKER)
        if course is None:
            return None
        shard = await shards.locked(unit.session, claim)
        if shard is None:
            return None
        return cls(course, course.phases[PhaseKind(claim.kind.value)], shard, claim)

    @property
    def unit(self) -> UnitOfWork:
        """The open transaction."""
        return self.course.unit

    @property
    def campaign(self) -> CampaignRow:
        """The campaign."""
        return self.course.campaign

    @property
    def takes_results(self) -> bool:
        """Whether results may still be written: while the phase runs, and for those under way when it paused."""
        return self.phase.status in UNDER_WAY

    def count(self, processed: int, succeeded: int) -> None:
        """Set the shard's counts, and move the phase's by the difference; the phases behind get the fewer."""
        shard, phase = self.shard, self.phase
        failed = processed - succeeded
        phase.processed += processed - shard.processed
        phase.succeeded += succeeded - shard.succeeded
        phase.failed += failed - shard.failed
        shard.processed, shard.succeeded, shard.failed = processed, succeeded, failed
        self.course.count_totals()

    def tell_progress(self) -> bool:
        """Record how far the campaign is, unless that was done a moment ago; whether it was recorded."""
        if self.phase.status is PhaseStatus.IN_PROGRESS and not self.course.may_tell_progress():
            return False
        self.course.tell_progress(self.phase)
        return True

    async def finish(self, finished: range, backlog: int) -> Standing:
        """The shard has nothing left: close it and hand `finished` over. A shard of a paused phase stays open."""
        if self.phase.status is not PhaseStatus.IN_PROGRESS:
            return Standing.STOPPED
        shards.make_done(self.shard)
        self.phase.open_shards -= 1
        await self.unit.session.flush()
        await self.hand_over(finished, backlog)
        return Standing.DONE

    async def hand_over(self, finished: range, backlog: int) -> None:
        """Give offsets that this phase is done with to the next; see `services.handing_over`."""
        await hand_over(self.course, self.phase.kind, finished, backlog)

    @property
    def standing(self) -> Standing:
        """Whether the worker may go on with a shard that is not done.

        A pause that was over before it wrote stops it too: whoever claims the shard then reads anew which personas
        and proxies there are, for they may have been changed meanwhile.
        """
        phase, claim = self.phase, self.claim
        is_same = phase.status is PhaseStatus.IN_PROGRESS and phase.running_since == claim.running_since
        return Standing.GOING_ON if is_same else Standing.STOPPED
