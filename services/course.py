"""The course of one campaign: its row, its phases and its tallies, locked for one transaction.

All that changes a phase goes through it, so that the columns that follow from the phases (`percent` and
`control_phase`) are right before any event tells of them, and progress carries the whole of a campaign.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from db.models import CampaignRow, PhaseRow, TalliesRow
from db.repositories import campaigns, phases, tallies
from db.scope import EVERYTHING, Scope
from db.unit_of_work import UnitOfWork
from events.campaign_events import CampaignStatusChanged, PhaseEventType
from events.event import EventType
from events.outbox import record
from services.progress import PROGRESS_INTERVAL, counts_of, percent_of, progress_of
from services.sight import Sight, sight_of
from vocabulary.access import Actor
from vocabulary.campaigns import CampaignMode, CampaignStatus, PhaseKind, PhaseStatus

ORDER = tuple(PhaseKind)
OVER = frozenset({PhaseStatus.COMPLETED, PhaseStatus.SKIPPED})
"""A phase that stands in nobody's way."""
UNDER_WAY = frozenset({PhaseStatus.IN_PROGRESS, PhaseStatus.PAUSED})
COUNTED = UNDER_WAY | {PhaseStatus.FAILED}
"""A phase for which more may come."""


@dataclass(frozen=True)
class Course:
    """The locked rows, who acts, and what whoever acts may see."""

    unit: UnitOfWork
    campaign: CampaignRow
    phases: dict[PhaseKind, PhaseRow]
    tallies: TalliesRow
    actor: Actor
    scope: Scope = EVERYTHING

    @classmethod
    async def take(
        cls, unit: UnitOfWork, campaign_id: UUID, actor: Actor, scope: Scope = EVERYTHING
    ) -> Self | None:
        """Lock a campaign and its phases; None if it is not visible."""
        campaign = await campaigns.lock(unit.session, campaign_id, scope)
        if campaign is None:
            return None
        rows = await phases.lock_all(unit.session, campaign_id)
        return cls(unit, campaign, rows, await tallies.of(unit.session, campaign_id), actor, scope)

    async def sight(self) -> Sight:
        """What the campaign may use, by whoever acts and by its owner."""
        return await sight_of(self.unit.session, self.campaign.id, self.scope)

    def before(self, kind: PhaseKind) -> list[PhaseRow]:
        """The phases that run before this one."""
        return [self.phases[each] for each in ORDER[: ORDER.index(kind)]]

    def behind(self, kind: PhaseKind) -> list[PhaseRow]:
        """The phases that run after this one."""
        return [self.phases[each] for each in ORDER[ORDER.index(kind) + 1 :]]

    def ahead(self, kind: PhaseKind) -> list[PhaseKind]:
        """A phase, and in a full sequence those behind it, for they follow by themselves."""
        follows = self.campaign.mode is CampaignMode.FULL_SEQUENCE
        behind = [phase.kind for phase in self.behind(kind) if phase.status is not PhaseStatus.SKIPPED]
        return [kind, *behind] if follows else [kind]

    def is_reached(self, kind: PhaseKind) -> bool:
        """Whether every phase before this one is over."""
        return all(phase.status in OVER for phase in self.before(kind))

    def under_way(self) -> list[PhaseRow]:
        """The phases that run or are paused."""
        return [phase for phase in self.phases.values() if phase.status in UNDER_WAY]

    def next(self) -> PhaseRow | None:
        """The first phase that is not over; None if all are."""
        return next((phase for phase in self.phases.values() if phase.status not in OVER), None)

    def record(self, event: EventType) -> None:
        """Record an event of this campaign, with what follows from its phases up to date."""
        self.refresh()
        record(self.unit, event, actor=self.actor, owner_id=self.campaign.owner_id)

    def tell(self, phase: PhaseRow, kind: Callable[..., PhaseEventType], **values: object) -> None:
        """Record an event of a phase with its counts."""
        self.record(kind(campaign_id=self.campaign.id, phase=phase.kind, counts=counts_of(phase), **values))

    def tell_progress(self, phase: PhaseRow) -> None:
        """Record how far the campaign is; `phase` is the one that moved."""
        phase.progress_at = self.unit.now
        counted = tallies.as_told(self.tallies)
        self.record(
            progress_of(phase, self.under_way(), percent_of(self.phases.values()), counted, self.unit.now)
        )

    def may_tell_progress(self) -> bool:
        """Whether the last progress of the campaign is long enough ago for another."""
        told = [phase.progress_at for phase in self.phases.values() if phase.progress_at is not None]
        return not told or self.unit.now - max(told) >= PROGRESS_INTERVAL

    def set_status(self, status: CampaignStatus) -> None:
        """Change the status of the campaign, and tell it."""
        row = self.campaign
        event = CampaignStatusChanged(campaign_id=row.id, name=row.name, previous=row.status, current=status)
        row.status = status
        row.updated_at = self.unit.now
        self.record(event)

    def count_totals(self) -> None:
        """Set the total of each phase that has begun to what may still come of the one before it."""
        rows = [*self.phases.values()]
        for before, phase in itertools.pairwise(rows):
            if phase.status in COUNTED:
                phase.total = before.total - before.failed

    def refresh(self) -> None:
        """Set the columns of the campaign that follow from its phases."""
        self.campaign.percent = percent_of(self.phases.values())
        self.campaign.control_phase = next(self._controlled(), None)

    def _controlled(self) -> Iterator[PhaseKind]:
        for status in (PhaseStatus.PAUSED, PhaseStatus.IN_PROGRESS):
            yield from (phase.kind for phase in self.phases.values() if phase.status is status)
