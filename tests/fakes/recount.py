"""What the phases and tallies of a campaign must say, recomputed from the tables of ranges, domains and shards."""

import itertools
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from db.engine import Session
from db.models import CampaignRow, DomainRow, GenerationRangeRow, PhaseRow, ShardRow, TalliesRow
from db.repositories import tallies
from db.repositories.domains import STATUS
from leads.buckets import HIGH_POTENTIAL_SCORE
from services.course import COUNTED
from services.progress import percent_of
from vocabulary.campaigns import CampaignStatus, Counts, PhaseKind, PhaseStatus
from vocabulary.checks import CheckStatus
from vocabulary.leads import LeadStatus, Rejection, Tallies
from vocabulary.work import ShardKind, ShardStatus


@dataclass(frozen=True)
class Figures:
    """The counts and open shards of each phase, the tallies, and how many domains are undecided."""

    counts: dict[PhaseKind, Counts]
    open_shards: dict[PhaseKind, int]
    tallies: Tallies
    pending: int


async def recount(session: Session, campaign_id: UUID) -> Figures:
    """The figures as the tables have them; totals are not stored anywhere else, so those of the rows are taken."""
    phases = await _phases(session, campaign_id)
    counts = {PhaseKind.DOMAIN_GENERATION: await _generated(session, campaign_id)}
    for kind, status in STATUS.items():
        wanted = select(
            func.count().filter(status != CheckStatus.PENDING), func.count().filter(status == CheckStatus.OK)
        ).where(DomainRow.campaign_id == campaign_id)
        processed, good = (await session.execute(wanted)).one()
        counts[kind] = Counts(phases[kind].total, processed, good, processed - good)
    opened = {kind: await _open_shards(session, campaign_id, kind) for kind in PhaseKind}
    return Figures(counts, opened, *await _decided(session, campaign_id))


async def told(session: Session, campaign_id: UUID) -> Figures:
    """The same figures as the rows of phases and tallies tell them."""
    phases = await _phases(session, campaign_id)
    row = await session.get_one(TalliesRow, campaign_id, populate_existing=True)
    values = tallies.as_told(row)
    pending = phases[PhaseKind.DOMAIN_GENERATION].succeeded - values.analyzed
    return Figures(
        {kind: _counts(phase) for kind, phase in phases.items()},
        {kind: phase.open_shards for kind, phase in phases.items()},
        values,
        pending,
    )


async def assert_consistent(session: Session, campaign_id: UUID) -> None:
    """All figures equal a recount, the audit equation balances, and totals and columns follow from the phases."""
    assert await told(session, campaign_id) == await recount(session, campaign_id)
    campaign = await session.get_one(CampaignRow, campaign_id, populate_existing=True)
    phases = await _phases(session, campaign_id)
    assert campaign.percent == percent_of(phases.values())
    assert campaign.control_phase == _controlled(phases)
    for before, phase in itertools.pairwise(phases.values()):
        if phase.status in COUNTED | {PhaseStatus.COMPLETED}:
            assert phase.total == before.total - before.failed
        if phase.status is PhaseStatus.COMPLETED:
            assert (phase.processed, phase.open_shards) == (phase.total, 0)
    _assert_status(campaign.status, [phase.status for phase in phases.values()])
    await _assert_rows_are_whole(session, campaign_id)


def _assert_status(status: CampaignStatus, phases: list[PhaseStatus]) -> None:
    over = all(phase in {PhaseStatus.COMPLETED, PhaseStatus.SKIPPED} for phase in phases)
    running, paused = PhaseStatus.IN_PROGRESS in phases, PhaseStatus.PAUSED in phases
    failed, cancelled = PhaseStatus.FAILED in phases, PhaseStatus.CANCELLED in phases
    assert not (running and (paused or failed or cancelled))
    match status:
        case CampaignStatus.RUNNING:
            assert running
        case CampaignStatus.PAUSED:
            assert paused
            assert not failed
        case CampaignStatus.COMPLETED:
            assert over
        case CampaignStatus.FAILED:
            assert failed
        case CampaignStatus.DRAFT | CampaignStatus.WAITING:
            assert not running
            assert not paused
            assert not failed
            assert not cancelled
            assert not over
        case _:
            assert not running


async def _assert_rows_are_whole(session: Session, campaign_id: UUID) -> None:
    """A domain is decided on exactly if it has a rejection, and by what its checks found."""
    wanted = select(DomainRow).where(DomainRow.campaign_id == campaign_id)
    for row in (await session.execute(wanted)).scalars():
        statuses = [getattr(row, column.key) for column in STATUS.values()]
        for before, status in itertools.pairwise(statuses):
            assert status is CheckStatus.PENDING or before is CheckStatus.OK
        assert (row.rejection is Rejection.PENDING) == (row.lead_status is LeadStatus.PENDING)
        assert row.matched == bool(row.hits)
        assert row.analysis_status is CheckStatus.OK or row.score == 0.0


async def _phases(session: Session, campaign_id: UUID) -> dict[PhaseKind, PhaseRow]:
    wanted = select(PhaseRow).where(PhaseRow.campaign_id == campaign_id).order_by(PhaseRow.ordinal)
    return {row.kind: row for row in (await session.execute(wanted)).scalars()}


def _counts(phase: PhaseRow) -> Counts:
    return Counts(phase.total, phase.processed, phase.succeeded, phase.failed)


def _controlled(phases: dict[PhaseKind, PhaseRow]) -> PhaseKind | None:
    for status in (PhaseStatus.PAUSED, PhaseStatus.IN_PROGRESS):
        for kind, phase in phases.items():
            if phase.status is status:
                return kind
    return None


async def _generated(session: Session, campaign_id: UUID) -> Counts:
    ranges = select(
        func.coalesce(func.sum(GenerationRangeRow.upper - GenerationRangeRow.lower), 0),
        func.coalesce(func.sum(GenerationRangeRow.position - GenerationRangeRow.lower), 0),
    ).where(GenerationRangeRow.campaign_id == campaign_id)
    total, processed = (int(value) for value in (await session.execute(ranges)).one())
    names = select(func.count()).where(DomainRow.campaign_id == campaign_id)
    good = (await session.execute(names)).scalar_one()
    return Counts(total, processed, good, processed - good)


async def _open_shards(session: Session, campaign_id: UUID, kind: PhaseKind) -> int:
    wanted = select(func.count()).where(
        ShardRow.campaign_id == campaign_id,
        ShardRow.kind == ShardKind(kind.value),
        ShardRow.status != ShardStatus.DONE,
    )
    return (await session.execute(wanted)).scalar_one()


async def _decided(session: Session, campaign_id: UUID) -> tuple[Tallies, int]:
    wanted = select(DomainRow).where(DomainRow.campaign_id == campaign_id)
    rows = (await session.execute(wanted)).scalars().all()
    by_rejection = {
        each: sum(row.rejection is each for row in rows)
        for each in Rejection
        if each is not Rejection.PENDING
    }
    counted = Tallies(
        **{rejection.value.lower(): number for rejection, number in by_rejection.items()},
        keyword_hits=sum(row.matched for row in rows),
        high_potential=sum(
            row.analysis_status is CheckStatus.OK and row.score >= HIGH_POTENTIAL_SCORE for row in rows
        ),
    )
    return counted, sum(row.rejection is Rejection.PENDING for row in rows)
