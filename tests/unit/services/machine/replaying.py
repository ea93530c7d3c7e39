"""A campaign as a follower knows it: a snapshot, and the events after it."""

from collections.abc import Iterable

import msgspec

from events.campaign_events import (
    CampaignProgress,
    CampaignStatusChanged,
    CampaignUpdated,
    ModeChanged,
    PhaseAutoStarted,
    PhaseCancelled,
    PhaseCompleted,
    PhaseConfigured,
    PhaseEventType,
    PhaseFailed,
    PhasePaused,
    PhaseReset,
    PhaseResumed,
    PhaseSkipped,
    PhaseStarted,
)
from events.event import EventType
from tests.unit.services.machine.model import PhaseView, View
from vocabulary.campaigns import Counts, PhaseKind, PhaseStatus

STATUS_AFTER = {
    PhaseConfigured: PhaseStatus.CONFIGURED,
    PhaseStarted: PhaseStatus.IN_PROGRESS,
    PhaseAutoStarted: PhaseStatus.IN_PROGRESS,
    PhasePaused: PhaseStatus.PAUSED,
    PhaseResumed: PhaseStatus.IN_PROGRESS,
    PhaseCompleted: PhaseStatus.COMPLETED,
    PhaseFailed: PhaseStatus.FAILED,
    PhaseCancelled: PhaseStatus.CANCELLED,
    PhaseReset: PhaseStatus.CONFIGURED,
    PhaseSkipped: PhaseStatus.SKIPPED,
}


def replay(view: View, events: Iterable[EventType]) -> View:
    """What a follower knows after some events who knew `view` before."""
    for event in events:
        view = _after(view, event)
    return view


def _after(view: View, event: EventType) -> View:
    match event:
        case CampaignStatusChanged():
            assert event.previous is view.status
            return msgspec.structs.replace(view, status=event.current)
        case CampaignUpdated():
            return msgspec.structs.replace(view, name=event.name, version=event.version)
        case ModeChanged():
            return msgspec.structs.replace(view, mode=event.current, version=event.version)
        case CampaignProgress():
            return _progressed(view, event)
        case PhaseEventType():
            return _phase_changed(view, event)
        case _:
            return view


def _progressed(view: View, event: CampaignProgress) -> View:
    phases = dict(view.phases)
    told = {each.phase: each.counts for each in event.running} | {event.phase: event.counts}
    for kind, counts in told.items():
        phases[kind] = msgspec.structs.replace(phases[kind], counts=counts)
    return msgspec.structs.replace(view, percent=event.percent, tallies=event.tallies, phases=phases)


def _phase_changed(view: View, event: PhaseEventType) -> View:
    code = event.code if isinstance(event, PhaseFailed) else None
    after = PhaseView(STATUS_AFTER[type(event)], event.counts, code)
    return msgspec.structs.replace(view, phases=view.phases | {event.phase: after})


def unbegun(kind: PhaseKind, lacking: set[PhaseKind]) -> PhaseView:
    """A phase of a new campaign."""
    status = PhaseStatus.NOT_STARTED if kind in lacking else PhaseStatus.CONFIGURED
    return PhaseView(status, Counts())
