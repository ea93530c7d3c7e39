"""The events of `campaignEvents`."""

from datetime import datetime
from typing import Any, Self

import strawberry

from events import campaign_events as catalog
from events.envelope import Envelope
from graph import node_ids
from graph.scalars import Cursor
from graph.types.campaign import Campaign
from graph.types.campaign_figures import RejectionCounts
from graph.types.phase import Counts
from graph.types.stream import Happening, StreamEvent
from vocabulary.campaigns import CampaignMode, CampaignStatus, PhaseKind, PhaseStart


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
    version: int = strawberry.field(description="The campaign's version from then on.")


@strawberry.type(description="A campaign and its domains were deleted; the stream ends here.")
class CampaignDeleted(CampaignHappening):
    """A campaign and its domains were deleted."""

    name: str = strawberry.field(description="The name that it had.")


@strawberry.type(description="A campaign went from one status to another.")
class CampaignStatusChanged(CampaignHappening):
    """A campaign went from one status to another."""

    previous: CampaignStatus = strawberry.field(description="What it was.")
    current: CampaignStatus = strawberry.field(description="What it is now.")


@strawberry.type(description="A campaign was switched to another way of running its phases.")
class ModeChanged(CampaignHappening):
    """A campaign was switched to another way of running its phases."""

    previous_mode: CampaignMode = strawberry.field(description="What it was.")
    current_mode: CampaignMode = strawberry.field(description="What it is now.")
    version: int = strawberry.field(description="The campaign's version from then on.")


@strawberry.interface(description="Something that happened to a phase, with its counts at that moment.")
class PhaseHappening(CampaignHappening):
    """Something that happened to a phase."""

    phase: PhaseKind = strawberry.field(description="Which phase.")
    counts: Counts = strawberry.field(description="How far it was.")
    percent: float = strawberry.field(description="The same in percent.")


@strawberry.type(description="A phase that lacked its configuration has it now.")
class PhaseConfigured(PhaseHappening):
    """A phase that lacked its configuration has it now."""


@strawberry.type(description="Somebody started a phase; `counts.total` is how much there is to do.")
class PhaseStarted(PhaseHappening):
    """Somebody started a phase."""

    cause: PhaseStart = strawberry.field(description="Whether it ran before.")


@strawberry.type(
    description="A phase began by itself: the phase before it has something for it, or is done. `counts.total` is how "
    "much may come."
)
class PhaseAutoStarted(PhaseHappening):
    """A phase began by itself."""


@strawberry.type(
    description="What a phase had found was taken back, because one before it is run anew; it waits as if it had never "
    "run."
)
class PhaseReset(PhaseHappening):
    """What a phase had found was taken back."""


@strawberry.type(description="A phase was left out; its domains stay undecided.")
class PhaseSkipped(PhaseHappening):
    """A phase was left out."""


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


@strawberry.type(description="How far a phase is that runs or is paused.")
class PhaseProgress:
    """How far a phase is that runs or is paused."""

    phase: PhaseKind = strawberry.field(description="Which phase.")
    counts: Counts = strawberry.field(description="How far it is.")
    percent: float = strawberry.field(description="The same in percent.")

    @classmethod
    def from_counts(cls, counted: catalog.PhaseCounts) -> Self:
        """The counts that the event tells."""
        return cls(
            phase=counted.phase,
            counts=Counts.from_counts(counted.counts),
            percent=counted.counts.percent,
        )


@strawberry.type(
    description="How far a campaign is; `phase` is the phase that moved. It never carries a status, and the last one "
    "before an end always comes."
)
class CampaignProgress(PhaseHappening):
    """How far a campaign is."""

    rate_per_minute: float | None = strawberry.field(
        description="Finished domains per minute in which the phase was in progress, not paused nor failed; null until "
        "it is known."
    )
    eta_at: datetime | None = strawberry.field(
        description="When it would be done at that pace; null while it is not in progress and something is left."
    )
    running: list[PhaseProgress] = strawberry.field(
        description="All phases that run or are paused: what one decides changes what the others may still have."
    )
    campaign_percent: float = strawberry.field(description="How far the whole campaign is.")
    rejections: RejectionCounts = strawberry.field(description="What has been decided on its domains.")

    skipped: int = strawberry.field(
        default=0,
        description="How many updates were left out since the one before, because of `maxRate`; 0 without it.",
    )


_PLAIN_PHASES: dict[type[catalog.PhaseEventType], type[PhaseHappening]] = {
    catalog.PhaseConfigured: PhaseConfigured,
    catalog.PhaseAutoStarted: PhaseAutoStarted,
    catalog.PhasePaused: PhasePaused,
    catalog.PhaseResumed: PhaseResumed,
    catalog.PhaseCompleted: PhaseCompleted,
    catalog.PhaseCancelled: PhaseCancelled,
    catalog.PhaseReset: PhaseReset,
    catalog.PhaseSkipped: PhaseSkipped,
}
_NOT_BEGUN = (catalog.PhaseConfigured, catalog.PhaseReset, catalog.PhaseSkipped)


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
            return CampaignUpdated(
                **common, name=event.name, changed=list(event.changed), version=event.version
            )
        case catalog.CampaignDeleted():
            return CampaignDeleted(**common, name=event.name)
        case catalog.CampaignStatusChanged():
            return CampaignStatusChanged(**common, previous=event.previous, current=event.current)
        case catalog.ModeChanged():
            return ModeChanged(
                **common,
                previous_mode=event.previous,
                current_mode=event.current,
                version=event.version,
            )
        case _:
            raise TypeError(f"The schema does not know {type(event).__name__}.")


def _of_phase(event: catalog.PhaseEventType, common: dict[str, Any]) -> object:
    counted: dict[str, Any] = {
        **common,
        "phase": event.phase,
        "counts": Counts.from_counts(event.counts),
        "percent": 0.0 if isinstance(event, _NOT_BEGUN) else event.counts.percent,
    }
    match event:
        case catalog.CampaignProgress():
            return CampaignProgress(
                **counted,
                rate_per_minute=event.rate_per_minute,
                eta_at=event.eta_at,
                running=[PhaseProgress.from_counts(one) for one in event.running],
                campaign_percent=event.percent,
                rejections=RejectionCounts.from_tallies(event.tallies),
            )
        case catalog.PhaseStarted():
            return PhaseStarted(**counted, cause=event.cause)
        case catalog.PhaseFailed():
            return PhaseFailed(**counted, code=event.code, message=event.message)
        case _:
            return _PLAIN_PHASES[type(event)](**counted)
