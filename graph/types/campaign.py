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
from db.models import CampaignRow, EventRow, PhaseRow
from db.queries import activity
from db.queries.activity import ACTIVITY, ActivityOrderField
from db.queries.domains import DOMAINS
from events import cursor as stream_cursor
from events.envelope import Envelope
from events.event import EntityType
from events.log import envelope_of
from graph import node_ids
from graph.connections import PAGE, Connection, Source, connect
from graph.context import Info
from graph.enums import ActivityKind, OrderDirection
from graph.fields import resolved
from graph.filters import After, DomainFilter, DomainOrder, First, asked, entity_id
from graph.scalars import JSON, Cursor
from graph.types.campaign_config import DnsConfig, GenerationConfig, HttpConfig
from graph.types.domain import Domain
from graph.types.node import Node
from graph.types.phase import Counts, Phase, control_phase, eta_of, percent_of, rate_of, shown_phase
from graph.types.principal import Principal, owner_of
from services.progress import counts_of
from vocabulary import access
from vocabulary.access import ActorKind
from vocabulary.campaigns import CampaignStatus, PhaseKind

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
    description="A hunt for domains: it generates names, resolves them, fetches them and looks for keywords."
)
class Campaign(Node):
    """A hunt for domains."""

    key: strawberry.Private[UUID]
    owner_key: strawberry.Private[UUID]
    name: str = strawberry.field(description="What its owner calls it.")
    status: CampaignStatus = strawberry.field(description="Where it is in its life.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(
        description="When its name, configuration or status last changed."
    )
    started_at: datetime | None = strawberry.field(description="When it was started.")
    completed_at: datetime | None = strawberry.field(description="When it ended, however it did.")

    @resolved("Whose it is.")
    async def owner(self, info: Info) -> Principal:
        """Whose it is."""
        return await owner_of(info, self.owner_key)

    @resolved("The phases, in the order in which they run.")
    async def phases(self, info: Info) -> list[Phase]:
        """The phases, in the order in which they run."""
        return [Phase.from_row(row) for row in await self._phases(info)]

    @resolved("The phase that pausing and resuming act on: the paused one, else the running one, else null.")
    async def control_phase(self, info: Info) -> PhaseKind | None:
        """The phase that pausing and resuming act on."""
        row = control_phase(await self._phases(info))
        return None if row is None else row.kind

    @resolved("How far the paused or running phase is, or else the last one that began.")
    async def counts(self, info: Info) -> Counts:
        """How far the paused or running phase is, or else the last one that began."""
        return Counts.from_counts(counts_of(shown_phase(await self._phases(info))))

    @resolved("The same in percent: 0 before the start, 100 if there was nothing to do.")
    async def percent(self, info: Info) -> float:
        """The same in percent."""
        return percent_of(shown_phase(await self._phases(info)))

    @resolved("How many domains that phase has finished per minute since it began; null until it is known.")
    async def rate_per_minute(self, info: Info) -> float | None:
        """How many domains that phase has finished per minute since it began."""
        return rate_of(shown_phase(await self._phases(info)))

    @resolved("When that phase would be done at that pace; null unless it is in progress.")
    async def eta_at(self, info: Info) -> datetime | None:
        """When that phase would be done at that pace."""
        return eta_of(shown_phase(await self._phases(info)))

    @resolved("What it enumerates.")
    async def generation(self, info: Info) -> GenerationConfig:
        """What it enumerates."""
        return GenerationConfig.from_generation(
            self._own(await info.context.loaders.generation.load(self.key))
        )

    @resolved("How it resolves.")
    async def dns(self, info: Info) -> DnsConfig:
        """How it resolves."""
        return DnsConfig.from_row(self._own(await info.context.loaders.dns_config.load(self.key)))

    @resolved("How it fetches, and what it looks for.")
    async def http(self, info: Info) -> HttpConfig:
        """How it fetches, and what it looks for."""
        return HttpConfig.from_row(self._own(await info.context.loaders.http_config.load(self.key)))

    @resolved(
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
    def from_row(cls, row: CampaignRow) -> Self:
        """The campaign of a row."""
        return cls(
            id=node_ids.encode("Campaign", row.id),
            key=row.id,
            owner_key=row.owner_id,
            name=row.name,
            status=row.status,
            created_at=row.created_at,
            updated_at=row.updated_at,
            started_at=row.started_at,
            completed_at=row.completed_at,
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
    def from_envelope(cls, envelope: Envelope, incarnation: str) -> Self:
        """The activity of an event in the log with this incarnation."""
        event = envelope.event
        return cls(
            id=node_ids.encode("Activity", envelope.position),
            campaign_key=event.campaign_id_or_none,
            cursor=Cursor(stream_cursor.encode(incarnation, envelope.position)),
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
        return cls.from_envelope(envelope_of(row), incarnation)


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
