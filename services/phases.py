"""The life of a phase: it begins, is paused and resumed, and ends in one of three ways.

Phases run one after another. The one that is done begins the next in its own transaction, so a campaign is
never seen between two phases, and a worker that dies leaves either both steps or none.

Invariants: callers hold the lock of the campaign's row. Right before an event that ends or pauses a phase
comes a CampaignProgress with the same counts, so whoever follows only progress has seen the last of it.
`set_status` changes the phase alone (the campaign's status is the verb's own); `complete` and `fail` change the
campaign too, because they are what decides on its end.
"""

from collections.abc import Callable

from core.errors import Conflict, ConflictDetail
from db.models import CampaignRow, PhaseRow
from db.repositories import phases as rows
from db.unit_of_work import UnitOfWork
from events.campaign_events import (
    CampaignStatusChanged,
    PhaseCancelled,
    PhaseCompleted,
    PhaseEventType,
    PhaseFailed,
    PhasePaused,
    PhaseResumed,
    PhaseStarted,
)
from events.outbox import record
from services.cutting import cut
from services.progress import counts_of, progress_of
from vocabulary.access import Actor
from vocabulary.campaigns import CampaignStatus, PhaseKind, PhaseStatus

ORDER = tuple(PhaseKind)


async def current(unit: UnitOfWork, campaign: CampaignRow) -> PhaseRow | None:
    """The phase that runs or is paused, locked."""
    return await rows.current(unit.session, campaign.id)


async def begin(unit: UnitOfWork, campaign: CampaignRow, kind: PhaseKind, actor: Actor) -> None:
    """Start a phase: cut its work into shards, and wake the workers. With nothing to do it is complete at once.

    Raises:
        Conflict: the phase was started before (INVALID_TRANSITION).
    """
    phase = await rows.locked(unit.session, campaign.id, kind)
    _expect(phase, PhaseStatus.IN_PROGRESS, PhaseStatus.NOT_STARTED)
    made = await cut(unit, campaign.id, kind)
    phase.status = PhaseStatus.IN_PROGRESS
    phase.started_at = unit.now
    phase.total = made.total
    phase.open_shards = made.shards
    _tell(unit, campaign, phase, actor, PhaseStarted)
    if made.total == 0:
        await complete(unit, campaign, phase, actor)
        return
    unit.work = True


async def set_status(
    unit: UnitOfWork, campaign: CampaignRow, phase: PhaseRow, status: PhaseStatus, actor: Actor
) -> None:
    """Pause (PAUSED), resume (IN_PROGRESS) or cancel (CANCELLED) a phase.

    Workers see it at their next write, stop between domains and give their shards back.

    Raises:
        Conflict: the phase is not in a state from which that is possible (INVALID_TRANSITION).
    """
    match status:
        case PhaseStatus.PAUSED:
            _expect(phase, status, PhaseStatus.IN_PROGRESS)
            phase.status = status
            tell_progress(unit, campaign, phase, actor)
            _tell(unit, campaign, phase, actor, PhasePaused)
        case PhaseStatus.IN_PROGRESS:
            _expect(phase, status, PhaseStatus.PAUSED)
            phase.status = status
            _tell(unit, campaign, phase, actor, PhaseResumed)
            unit.work = True
        case PhaseStatus.CANCELLED:
            _expect(phase, status, PhaseStatus.IN_PROGRESS, PhaseStatus.PAUSED)
            phase.status = status
            phase.completed_at = unit.now
            tell_progress(unit, campaign, phase, actor)
            _tell(unit, campaign, phase, actor, PhaseCancelled)
        case _:
            raise ValueError(f"A phase is not set to {status} by a verb.")


async def complete(unit: UnitOfWork, campaign: CampaignRow, phase: PhaseRow, actor: Actor) -> None:
    """End a phase whose work is all done; the next one begins, or the campaign is complete."""
    phase.status = PhaseStatus.COMPLETED
    phase.completed_at = unit.now
    tell_progress(unit, campaign, phase, actor)
    _tell(unit, campaign, phase, actor, PhaseCompleted)
    following = ORDER[ORDER.index(phase.kind) + 1 :]
    if following:
        await begin(unit, campaign, following[0], actor)
    else:
        _end_campaign(unit, campaign, CampaignStatus.COMPLETED, actor)


async def fail(
    unit: UnitOfWork, campaign: CampaignRow, phase: PhaseRow, code: str, message: str, actor: Actor
) -> None:
    """End a phase that cannot go on, and its campaign with it. `code` is for programs, `message` for people."""
    phase.status = PhaseStatus.FAILED
    phase.completed_at = unit.now
    phase.error_code = code
    phase.error_message = message
    tell_progress(unit, campaign, phase, actor)
    event = PhaseFailed(
        campaign_id=campaign.id, phase=phase.kind, counts=counts_of(phase), code=code, message=message
    )
    record(unit, event, actor=actor, owner_id=campaign.owner_id)
    _end_campaign(unit, campaign, CampaignStatus.FAILED, actor)


def tell_progress(unit: UnitOfWork, campaign: CampaignRow, phase: PhaseRow, actor: Actor) -> None:
    """Record how far the phase is."""
    phase.progress_at = unit.now
    record(unit, progress_of(phase, unit.now), actor=actor, owner_id=campaign.owner_id)


def _end_campaign(unit: UnitOfWork, campaign: CampaignRow, status: CampaignStatus, actor: Actor) -> None:
    event = CampaignStatusChanged(
        campaign_id=campaign.id, name=campaign.name, previous=campaign.status, current=status
    )
    campaign.status = status
    campaign.updated_at = campaign.completed_at = unit.now
    record(unit, event, actor=actor, owner_id=campaign.owner_id)


def _tell(
    unit: UnitOfWork,
    campaign: CampaignRow,
    phase: PhaseRow,
    actor: Actor,
    kind: Callable[..., PhaseEventType],
) -> None:
    event = kind(campaign_id=campaign.id, phase=phase.kind, counts=counts_of(phase))
    record(unit, event, actor=actor, owner_id=campaign.owner_id)


def _expect(phase: PhaseRow, attempted: PhaseStatus, *allowed: PhaseStatus) -> None:
    if phase.status not in allowed:
        raise Conflict(
            f"{phase.kind} is {phase.status} and cannot become {attempted}.",
            ConflictDetail("INVALID_TRANSITION", current_state=phase.status, attempted=attempted),
        )
