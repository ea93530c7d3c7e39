"""The events of `campaignEvents`."""

from datetime import datetime
from typing import Any

import strawberry

from events import campaign_events as catalog
from events.envelope import Envelope
from graph import node_ids
from graph.scalars import Cursor
from graph.types.campaign import Campaign
from graph.types.phase import Counts
from graph.types.stream import Happening, StreamEvent
from vocabulary.campaigns import CampaignStatus, PhaseKind


@strawberry.type(description="A campaign as it is at `cursor`; what happens from then on follows.")
class CampaignSnapshot(StreamEvent):
    """A campaign as it is."""

    campaign: Campaign = strawberry.field(description="The campaign.")


@strawberry.interface(description="Something that happened to a campaign.")
class CampaignHappening(Happening):
    """Something that happened to a campaign."""

    campaign_id: strawberry.ID = strawberry.field(description="Which campaign.")


@strawberry.type(description="A campaign was made, as a draft.")
class CampaignCreated(CampaignHappening):
    """A campaign was made."""

    name: str = strawberry.field(description="Its name.")


@strawberry.type(description="A campaign's name or configuration was changed.")
class CampaignUpdated(CampaignHappening):
    """A campaign's name or configuration was changed."""

    name: str = strawberry.field(description="Its name afterwards.")
    changed: list[str] = strawberry.field(description="The names of the parts that changed.")


@strawberry.type(description="A campaign and its domains were deleted; the stream ends here.")
class CampaignDeleted(CampaignHappening):
    """A campaign and its domains were deleted."""

    name: str = strawberry.field(description="The name that it had.")


@strawberry.type(description="A campaign went from one status to another.")
class CampaignStatusChanged(CampaignHappening):
    """A campaign went from one status to another."""

    previous: CampaignStatus = strawberry.field(description="What it was.")
    current: CampaignStatus = strawberry.field(description="What it is now.")


@strawberry.interface(description="Something that happened to a phase, with its counts at that moment.")
class PhaseHappening(CampaignHappening):
    """Something that happened to a phase."""

    phase: PhaseKind = strawberry.field(description="Which phase.")
    counts: Counts = strawberry.field(description="How far it was.")
    percent: float = strawberry.field(description="The same in percent.")


@strawberry.type(description="A phase began; `counts.total` is how much there is to do.")
class PhaseStarted(PhaseHappening):
    """A phase began."""


@strawberry.type(description="The running phase was paused; what was under way may still be counted.")
class PhasePaused(PhaseHappening):
    """The running phase was paused."""


@strawberry.type(description="The paused phase goes on.")
class PhaseResumed(PhaseHappening):
    """The paused phase goes on."""


@strawberry.type(description="A phase has finished every domain.")
class PhaseCompleted(PhaseHappening):
    """A phase has finished every domain."""


@strawberry.type(description="A phase cannot go on.")
class PhaseFailed(PhaseHappening):
    """A phase cannot go on."""

    code: str = strawberry.field(description="Why, for programs.")
    message: str = strawberry.field(description="Why, for people.")


@strawberry.type(description="A phase ended because its campaign was cancelled.")
class PhaseCancelled(PhaseHappening):
    """A phase ended because its campaign was cancelled."""


@strawberry.type(
    description="How far the running phase is. It never carries a status, and the last one before an end always comes."
)
class CampaignProgress(PhaseHappening):
    """How far the running phase is."""

    rate_per_minute: float | None = strawberry.field(
        description="Finished domains per minute since the phase began; null until it is known."
    )
    eta_at: datetime | None = strawberry.field(description="When it would be done at that pace.")


_PLAIN_PHASES: dict[type[catalog.PhaseEventType], type[PhaseHappening]] = {
    catalog.PhaseStarted: PhaseStarted,
    catalog.PhasePaused: PhasePaused,
    catalog.PhaseResumed: PhaseResumed,
    catalog.PhaseCompleted: PhaseCompleted,
    catalog.PhaseCancelled: PhaseCancelled,
}


def from_event(event: catalog.CampaignEventType, envelope: Envelope, cursor: Cursor) -> object:
    """The event of the schema for an event of the catalog.

    Raises:
        TypeError: the schema has no event for it; `tests/unit/graph` compares the two.
    """
    common: dict[str, Any] = {
        "cursor": cursor,
        "at": envelope.occurred_at,
        "campaign_id": node_ids.encode("Campaign", event.campaign_id),
    }
    if isinstance(event, catalog.PhaseEventType):
        return _of_phase(event, common)
    match event:
        case catalog.CampaignCreated():
            return CampaignCreated(**common, name=event.name)
        case catalog.CampaignUpdated():
            return CampaignUpdated(**common, name=event.name, changed=list(event.changed))
        case catalog.CampaignDeleted():
            return CampaignDeleted(**common, name=event.name)
        case catalog.CampaignStatusChanged():
            return CampaignStatusChanged(**common, previous=event.previous, current=event.current)
        case _:
            raise TypeError(f"The schema does not know {type(event).__name__}.")


def _of_phase(event: catalog.PhaseEventType, common: dict[str, Any]) -> object:
    counted: dict[str, Any] = {
        **common,
        "phase": event.phase,
        "counts": Counts.from_counts(event.counts),
        "percent": event.counts.percent,
    }
    match event:
        case catalog.CampaignProgress():
            return CampaignProgress(**counted, rate_per_minute=event.rate_per_minute, eta_at=event.eta_at)
        case catalog.PhaseFailed():
            return PhaseFailed(**counted, code=event.code, message=event.message)
        case _:
            return _PLAIN_PHASES[type(event)](**counted)
