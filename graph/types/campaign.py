"""Campaigns and the activity around them.

A campaign has activity and an activity may belong to a campaign, so the two types share a module: types that
refer to one another across modules would need imports that are hidden from whoever reads them.
"""

from datetime import datetime
from typing import Annotated, Self, TypeVar
from uuid import UUID

import msgspec
import strawberry

from core.errors import NotFound
from db.models import CampaignRow, EventRow, GenerationRangeRow, PhaseRow
from db.queries import activity, campaigns
from db.queries.activity import ACTIVITY, ActivityOrderField
from db.queries.campaigns import Generation
from db.queries.domains import DOMAINS
from db.queries.lineage import EARLIER
from events.envelope import Envelope
from events.event import EntityType
from events.log import cursor_of, envelope_of
from graph import node_ids
from graph.campaign_filters import DomainFilter, DomainOrder
from graph.connections import PAGE, Connection, Source, connect
from graph.context import Info
from graph.enums import ActivityKind, OrderDirection
from graph.fields import resolved, same_for_all
from graph.filters import After, First, asked, entity_id
from graph.long_lists import each
from graph.scalars import JSON, BigInt, Cursor
from graph.straight import straight
from graph.types.campaign_config import AnalysisConfig, DnsConfig, GenerationConfig, HttpConfig
from graph.types.campaign_summary import CampaignSummary
from graph.types.domain import Domain
from graph.types.node import Node
from graph.types.phase import Counts, Phase, eta_of, rate_of, shown_phase
from graph.types.principal import Principal, owner_of
from graph.types.scoring_profile import ScoringProfile
from names.space import Space, config_hash
from services.progress import counts_of
from vocabulary import access
from vocabulary.access import ActorKind
from vocabulary.campaigns import CampaignMode, CampaignStatus, PhaseKind, PhaseStatus

R = TypeVar("R")

DOMAINS_MOST = 1000


@strawberry.type(description="Who caused something, by the name that they had then.")
class Actor:
    """Who caused something."""

    kind: ActorKind = strawberry.field(description="What they are.")
    name: str = strawberry.field(description="The name that they had then.")
    principal_id: strawberry.ID | None = strawberry.field(
        description="Which principal, as `actorId` of a filter takes it; null of a worker and of the system."
    )

    @classmethod
    def from_actor(cls, actor: access.Actor) -> Self:
        """The actor of an event."""
        ident = None if actor.id is None else node_ids.encode("Principal", actor.id)
        return cls(kind=actor.kind, name=actor.name, principal_id=ident)


@strawberry.type(
    description="A hunt for domains: it generates names, resolves them, fetches them, looks for keywords, scores the "
    "pages and chooses leads."
)
class Campaign(CampaignSummary, Node):
    """A hunt for domains."""

    owner_key: strawberry.Private[UUID]
    name: str = strawberry.field(description="What its owner calls it.")
    status: CampaignStatus = strawberry.field(description="Where it is in its life.")
    mode: CampaignMode = strawberry.field(description="How its phases follow one another.")
    version: int = strawberry.field(
        description="Counts its changes: give it as `expectedVersion` of one that is meant for what you have read."
    )
    control_phase: PhaseKind | None = strawberry.field(
        description="The phase that pausing and resuming act on: the first paused one, else the first running one."
    )
    percent: float = strawberry.field(
        description="How far the whole campaign is: the mean of its phases, without those that were skipped."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(
        description="When its name, configuration or status last changed."
    )
    started_at: datetime | None = strawberry.field(description="When it was started.")
    completed_at: datetime | None = strawberry.field(description="When it ended, however it did.")
    archived_at: datetime | None = strawberry.field(description="When it was archived.")

    @resolved("Whose it is.")
    async def owner(self, info: Info) -> Principal:
        """Whose it is."""
        return await owner_of(info, self.owner_key)

    @same_for_all("The phases, in the order in which they run.")
    async def phases(self, info: Info) -> list[Phase]:
        """The phases, in the order in which they run."""
        return [Phase.from_row(row) for row in await self._phases(info)]

    @same_for_all("How far the paused or running phase is, or else the last one that began.")
    async def counts(self, info: Info) -> Counts:
        """How far the paused or running phase is, or else the last one that began."""
        return Counts.from_counts(counts_of(shown_phase(await self._phases(info))))

    @same_for_all(
        "How many domains that phase has finished per minute in which it was in progress; null until it is known."
    )
    async def rate_per_minute(self, info: Info) -> float | None:
        """How many domains that phase has finished per minute in which it was in progress."""
        return rate_of(shown_phase(await self._phases(info)))

    @same_for_all("When that phase would be done at that pace; null unless it is in progress.")
    async def eta_at(self, info: Info) -> datetime | None:
        """When that phase would be done at that pace."""
        return eta_of(shown_phase(await self._phases(info)))

    @same_for_all("What it enumerates.")
    async def generation(self, info: Info) -> GenerationConfig:
        """What it enumerates."""
        return GenerationConfig.from_generation(
            self._own(await info.context.loaders.generation.load(self.key))
        )

    @same_for_all("Why it failed: the error of its failed phase; null if it did not.")
    async def error(self, info: Info) -> str | None:
        """Why it failed."""
        failed = (row for row in await self._phases(info) if row.status is PhaseStatus.FAILED)
        return next((row.error_message for row in failed), None)

    @same_for_all("How it resolves; without personas until that is configured.")
    async def dns(self, info: Info) -> DnsConfig:
        """How it resolves."""
        return DnsConfig.of(self.key, await info.context.loaders.dns_config.load(self.key))

    @same_for_all("How it fetches, and what it looks for; without personas until that is configured.")
    async def http(self, info: Info) -> HttpConfig:
        """How it fetches, and what it looks for."""
        return HttpConfig.of(self.key, await info.context.loaders.http_config.load(self.key))

    @same_for_all("By what it scores its pages and chooses its leads.")
    async def analysis(self, info: Info) -> AnalysisConfig:
        """By what it scores its pages and chooses its leads."""
        return AnalysisConfig.from_row(await info.context.loaders.analysis_config.load(self.key))

    @resolved("The scoring profile that was assigned to it; null is the built-in one.")
    async def scoring_profile(self, info: Info) -> ScoringProfile | None:
        """The scoring profile that was assigned to it."""
        return await (await self.analysis(info)).profile(info)

    @same_for_all("Which part of which spaces it enumerates, and who has enumerated others before.")
    async def lineage(self, info: Info) -> "Lineage":
        """Which part of which spaces it enumerates."""
        found = self._own(await info.context.loaders.generation.load(self.key))
        return Lineage.of(self.key, found)

    @same_for_all(
        "The position of the event log that this campaign is exact at: subscribe after it and miss nothing."
    )
    async def cursor(self, info: Info) -> Cursor:
        """The position of the event log that this campaign is exact at."""
        return await info.context.cursor()

    @resolved("The domains that it has generated, at most 1000 a page.")
    async def domains(
        self,
        info: Info,
        first: First = PAGE,
        after: After = strawberry.UNSET,
        where: Annotated[
            DomainFilter | None,
            strawberry.argument(name="filter", description="Which of them; all unless told."),
        ] = strawberry.UNSET,
        order_by: Annotated[
            DomainOrder | None, strawberry.argument(description="Their order; by offset unless told.")
        ] = strawberry.UNSET,
    ) -> Connection[Domain]:
        """The domains that it has generated."""
        order = order_by or DomainOrder()
        source = Source(
            name=f"domains of {self.key}",
            listing=DOMAINS,
            filter=(where or DomainFilter()).wanted(self.key),
            node=Domain.from_row,
            most=DOMAINS_MOST,
        )
        return await connect(info, source, asked(first, after, order.field, order.direction))

    @resolved("What happened to it, newest first, at most 100 a page.")
    async def activity(
        self, info: Info, first: First = PAGE, after: After = strawberry.UNSET
    ) -> "Connection[Activity]":
        """What happened to it, newest first."""
        return await activity_page(info, activity.ActivityFilter(campaign_id=self.key), first, after)

    async def _phases(self, info: Info) -> list[PhaseRow]:
        return await info.context.loaders.phases.load(self.key) or []

    def _own(self, part: R | None) -> R:
        if part is None:
            raise NotFound("campaign", str(self.key))
        return part

    @classmethod
    @straight
    def from_row(cls, row: CampaignRow) -> Self:
        """The campaign of a row."""
        return cls(
            id=node_ids.encode("Campaign", row.id),
            key=row.id,
            owner_key=row.owner_id,
            name=row.name,
            status=row.status,
            mode=row.mode,
            version=row.version,
            control_phase=row.control_phase,
            percent=row.percent,
            created_at=row.created_at,
            updated_at=row.updated_at,
            started_at=row.started_at,
            completed_at=row.completed_at,
            archived_at=row.archived_at,
        )


@strawberry.type(description="The part of a space that a campaign enumerates.")
class LineageRange:
    """The part of a space that a campaign enumerates."""

    tld: str = strawberry.field(description="The top-level domain whose space it is.")
    space_key: str = strawberry.field(description="The space: no name of one comes twice.")
    offset_start: BigInt | None = strawberry.field(description="The first offset; null before the start.")
    offset_end: BigInt | None = strawberry.field(
        description="The offset after the last one; null before the start."
    )


@strawberry.type(
    description="Which part of which spaces a campaign enumerates, and who has enumerated others before."
)
class Lineage:
    """Which part of which spaces a campaign enumerates."""

    campaign_key: strawberry.Private[UUID]
    config_hash: str = strawberry.field(
        description="The same for all campaigns that enumerate the same spaces; of a single TLD its space's key."
    )
    ranges: list[LineageRange] = strawberry.field(
        description="The part of each space, in the order of the TLDs."
    )

    @resolved(
        f"The campaigns that you may see and that have reserved earlier parts of these spaces, the last {EARLIER}."
    )
    async def earlier_campaigns(self, info: Info) -> list[Campaign]:
        """The campaigns that have reserved earlier parts of these spaces."""
        rows = await info.context.loaders.earlier_campaigns.load(self.campaign_key)
        return await each(info, rows, Campaign.from_row)

    @classmethod
    def of(cls, campaign_key: UUID, found: Generation) -> Self:
        """What a campaign enumerates, and has reserved of it."""
        spaces = Space.each(campaigns.generation_of(found.config))
        reserved = {row.space_key: row for row in found.ranges}
        ranges = [_range(space, reserved.get(space.key)) for space in spaces]
        return cls(campaign_key=campaign_key, config_hash=config_hash(spaces), ranges=ranges)


def _range(space: Space, row: GenerationRangeRow | None) -> LineageRange:
    return LineageRange(
        tld=space.tld,
        space_key=space.key,
        offset_start=None if row is None else BigInt(row.lower),
        offset_end=None if row is None else BigInt(row.upper),
    )


@strawberry.type(description="Something that happened, as people see it: an event of the log.")
class Activity(Node):
    """Something that happened, as people see it."""

    campaign_key: strawberry.Private[UUID | None]
    cursor: Cursor = strawberry.field(
        description="Its place in the event log: subscribe after it for what followed."
    )
    at: datetime = strawberry.field(description="When it happened.")
    actor: Actor = strawberry.field(description="Who caused it.")
    kind: ActivityKind = strawberry.field(description="What happened.")
    entity_type: EntityType = strawberry.field(description="The kind of thing that it happened to.")
    entity_id: strawberry.ID = strawberry.field(
        description="The thing that it happened to, which may be gone."
    )
    summary: str = strawberry.field(description="One sentence, without a full stop.")
    detail: JSON = strawberry.field(description="All that the event says, as it is stored; never a secret.")

    @resolved("The campaign that it belongs to; null if there is none or it is gone.")
    async def campaign(self, info: Info) -> Campaign | None:
        """The campaign that it belongs to."""
        if self.campaign_key is None:
            return None
        row = await info.context.loaders.campaign.load(self.campaign_key)
        return None if row is None else Campaign.from_row(row)

    @classmethod
    def from_envelope(cls, envelope: Envelope, cursor: Cursor) -> Self:
        """The activity of an event with this cursor."""
        event = envelope.event
        return cls(
            id=node_ids.encode("Activity", envelope.position),
            campaign_key=event.campaign_id_or_none,
            cursor=cursor,
            at=envelope.occurred_at,
            actor=Actor.from_actor(envelope.actor),
            kind=ActivityKind(type(event).__name__),
            entity_type=event.ENTITY,
            entity_id=entity_id(event.ENTITY, event.entity_id),
            summary=envelope.summary,
            detail=JSON(msgspec.to_builtins(event)),
        )

    @classmethod
    def from_row(cls, row: EventRow, incarnation: str) -> Self:
        """The activity of a row of the log with this incarnation."""
        return cls.from_envelope(envelope_of(row), Cursor(cursor_of(row, incarnation)))


async def activity_page(
    info: Info, wanted: activity.ActivityFilter, first: int, after: str | None
) -> Connection[Activity]:
    """A page of activity, newest first.

    Raises:
        Refused: the page is too large, or `after` is no cursor of this list.
    """
    incarnation = (await info.context.reading.head()).incarnation
    source = Source(
        name="activity" if wanted.campaign_id is None else f"activity of {wanted.campaign_id}",
        listing=ACTIVITY,
        filter=wanted,
        node=lambda row: Activity.from_row(row, incarnation),
    )
    ask = asked(first, after, ActivityOrderField.POSITION, OrderDirection.DESC)
    return await connect(info, source, ask)
