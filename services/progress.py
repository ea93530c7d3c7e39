"""How far a campaign and its phases are and how fast they go, from their own records alone: nothing is guessed."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from db.models import PhaseRow
from events.campaign_events import CampaignProgress, PhaseCounts
from vocabulary.campaigns import Counts, PhaseStatus
from vocabulary.leads import Tallies

PROGRESS_INTERVAL = timedelta(milliseconds=250)


def counts_of(phase: PhaseRow) -> Counts:
    """The counts of a phase."""
    return Counts(
        total=phase.total, processed=phase.processed, succeeded=phase.succeeded, failed=phase.failed
    )


def percent_of(phases: Iterable[PhaseRow]) -> float:
    """How far a campaign is: the mean of its phases, without those that were skipped."""
    parts = [_percent(phase) for phase in phases if phase.status is not PhaseStatus.SKIPPED]
    return round(sum(parts) / len(parts), 2) if parts else 0.0


def _percent(phase: PhaseRow) -> float:
    if phase.started_at is None or phase.status in {PhaseStatus.NOT_STARTED, PhaseStatus.CONFIGURED}:
        return 0.0
    return counts_of(phase).percent


def seconds_run(phase: PhaseRow, now: datetime) -> float:
    """How long the phase was in progress until `now`: neither while it was paused nor between failure and retry."""
    if phase.running_since is None:
        return phase.ran_seconds
    return phase.ran_seconds + max(0.0, (now - phase.running_since).total_seconds())


def rate_per_minute(phase: PhaseRow, now: datetime) -> float | None:
    """Finished per minute in which the phase was in progress; None until something was finished."""
    minutes = seconds_run(phase, now) / 60
    return round(phase.processed / minutes, 2) if phase.processed and minutes > 0 else None


def eta_at(phase: PhaseRow, now: datetime) -> datetime | None:
    """When the phase will end if it goes on at this rate; `now` when all is finished.

    None while it is not in progress and something is left, while there is no rate, and if there is no date that far.
    """
    rate, left = rate_per_minute(phase, now), phase.total - phase.processed
    if not rate or (left and phase.running_since is None):
        return None
    try:
        return max(now, phase.running_since or now) + timedelta(minutes=left / rate)
    except OverflowError:
        return None


def progress_of(
    phase: PhaseRow, running: Sequence[PhaseRow], percent: float, tallies: Tallies, now: datetime
) -> CampaignProgress:
    """The event that tells of it: `phase` moved, `running` are all that run or pause."""
    return CampaignProgress(
        campaign_id=phase.campaign_id,
        phase=phase.kind,
        counts=counts_of(phase),
        rate_per_minute=rate_per_minute(phase, now),
        eta_at=eta_at(phase, now),
        running=tuple(PhaseCounts(phase=each.kind, counts=counts_of(each)) for each in running),
        percent=percent,
        tallies=tallies,
    )
