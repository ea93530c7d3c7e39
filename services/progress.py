"""How far a phase is and how fast it goes, from its own record alone: nothing here is guessed."""

from datetime import datetime, timedelta

from db.models import PhaseRow
from events.campaign_events import CampaignProgress
from vocabulary.campaigns import Counts

PROGRESS_INTERVAL = timedelta(milliseconds=250)


def counts_of(phase: PhaseRow) -> Counts:
    """The counts of a phase."""
    return Counts(
        total=phase.total, processed=phase.processed, succeeded=phase.succeeded, failed=phase.failed
    )


def is_due(phase: PhaseRow, now: datetime) -> bool:
    """Whether the last progress event of this phase is long enough ago for another."""
    return phase.progress_at is None or now - phase.progress_at >= PROGRESS_INTERVAL


def rate_per_minute(phase: PhaseRow, now: datetime) -> float | None:
    """Finished per minute since the phase started, pauses included; None until something was finished."""
    if phase.started_at is None or phase.processed == 0:
        return None
    minutes = (now - phase.started_at).total_seconds() / 60
    return round(phase.processed / minutes, 2) if minutes > 0 else None


def eta_at(phase: PhaseRow, now: datetime) -> datetime | None:
    """When the phase will end if it goes on at this rate; None while there is no rate, or no date that far."""
    rate = rate_per_minute(phase, now)
    if not rate:
        return None
    try:
        return now + timedelta(minutes=(phase.total - phase.processed) / rate)
    except OverflowError:
        return None


def progress_of(phase: PhaseRow, now: datetime) -> CampaignProgress:
    """The event that tells of it."""
    return CampaignProgress(
        campaign_id=phase.campaign_id,
        phase=phase.kind,
        counts=counts_of(phase),
        rate_per_minute=rate_per_minute(phase, now),
        eta_at=eta_at(phase, now),
    )
