"""The events of `domainEvents`."""

from enum import StrEnum
from typing import Self
from uuid import UUID

import strawberry

from events.domain_events import DomainEventType, DomainsChanged, DomainsGenerated
from events.envelope import Envelope
from graph import node_ids
from graph.describing import described
from graph.scalars import BigInt, Cursor
from graph.types.campaign import Campaign
from graph.types.stream import Happening, StreamEvent
from vocabulary import domains as stored
from vocabulary.campaigns import PhaseKind
from vocabulary.checks import CheckStatus, DnsReason, HttpReason
from vocabulary.domains import BATCH_MOST
from vocabulary.leads import LeadStatus, Rejection


class DomainEventKind(StrEnum):
    """What happened to domains."""

    GENERATED = "GENERATED"
    RESOLVED = "RESOLVED"
    FETCHED = "FETCHED"
    EXTRACTED = "EXTRACTED"
    ANALYZED = "ANALYZED"
    ENRICHED = "ENRICHED"


described(
    DomainEventKind,
    "What happened to domains.",
    {
        "GENERATED": "They came to be.",
        "RESOLVED": "Their lookups ended, well or not.",
        "FETCHED": "Their fetches ended, well or not.",
        "EXTRACTED": "Their pages were read.",
        "ANALYZED": "They were scored.",
        "ENRICHED": "It was decided whether they are leads.",
    },
)
_KINDS = {
    PhaseKind.DOMAIN_GENERATION: DomainEventKind.GENERATED,
    PhaseKind.DNS_VALIDATION: DomainEventKind.RESOLVED,
    PhaseKind.HTTP_KEYWORD_VALIDATION: DomainEventKind.FETCHED,
    PhaseKind.EXTRACTION: DomainEventKind.EXTRACTED,
    PhaseKind.ANALYSIS: DomainEventKind.ANALYZED,
    PhaseKind.ENRICHMENT: DomainEventKind.ENRICHED,
}


@strawberry.type(
    description="A campaign whose domains are followed: list them at `cursor`, and what follows changes them."
)
class DomainSnapshot(StreamEvent):
    """A campaign whose domains are followed."""

    campaign: Campaign = strawberry.field(description="The campaign; its `domains` are exact at `cursor`.")


@strawberry.type(description="A name that was generated.")
class GeneratedDomain:
    """A name that was generated."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    offset: BigInt = strawberry.field(description="Its place in the campaign.")
    name: str = strawberry.field(description="The name, in ASCII.")

    @classmethod
    def from_domain(cls, campaign_id: UUID, domain: stored.GeneratedDomain) -> Self:
        """The name that the event tells."""
        ident = node_ids.encode("Domain", campaign_id, domain.offset)
        return cls(id=ident, offset=BigInt(domain.offset), name=domain.name)


@strawberry.type(
    description="A domain after a phase has decided on it; what is not known yet is null or PENDING."
)
class DomainChange:
    """A domain after a phase has decided on it."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    offset: BigInt = strawberry.field(description="Its place in the campaign.")
    name: str = strawberry.field(description="The name, in ASCII.")
    dns_status: CheckStatus = strawberry.field(description="How its lookup stands.")
    dns_reason: DnsReason | None = strawberry.field(description="Why there is no address.")
    http_status: CheckStatus = strawberry.field(description="How its fetch stands.")
    http_reason: HttpReason | None = strawberry.field(description="Why there is no accepted page.")
    matched: bool = strawberry.field(description="Whether a keyword was found on its page.")
    score: float | None = strawberry.field(description="Its score, 0 to 1.")
    is_parked: bool | None = strawberry.field(description="Whether its page is parked.")
    lead_status: LeadStatus = strawberry.field(description="What became of it as a lead.")
    rejection: Rejection = strawberry.field(description="Why.")

    @classmethod
    def from_change(cls, campaign_id: UUID, change: stored.DomainChange) -> Self:
        """The domain that the event tells of."""
        return cls(
            id=node_ids.encode("Domain", campaign_id, change.offset),
            offset=BigInt(change.offset),
            name=change.name,
            dns_status=change.dns_status,
            dns_reason=change.dns_reason,
            http_status=change.http_status,
            http_reason=change.http_reason,
            matched=change.matched,
            score=change.score,
            is_parked=change.is_parked,
            lead_status=change.lead_status,
            rejection=change.rejection,
        )


@strawberry.type(
    description=f"What happened to some domains of a campaign; at most {BATCH_MOST} are named, and the rest is counted."
)
class DomainEventBatch(Happening):
    """What happened to some domains of a campaign."""

    campaign_id: strawberry.ID = strawberry.field(description="The campaign.")
    kind: DomainEventKind = strawberry.field(description="What happened.")
    generated: list[GeneratedDomain] = strawberry.field(description="Names that came to be.")
    changed: list[DomainChange] = strawberry.field(description="Domains that a phase has decided on.")
    omitted: BigInt = strawberry.field(description="How many more the same happened to.")

    @classmethod
    def from_event(cls, event: DomainEventType, envelope: Envelope, cursor: Cursor) -> Self:
        """The batch that the event tells of."""
        key = event.campaign_id
        generated = event.generated if isinstance(event, DomainsGenerated) else ()
        changed = event.changed if isinstance(event, DomainsChanged) else ()
        return cls(
            cursor=cursor,
            at=envelope.occurred_at,
            campaign_id=node_ids.encode("Campaign", key),
            kind=kind_of(event),
            generated=[GeneratedDomain.from_domain(key, one) for one in generated],
            changed=[DomainChange.from_change(key, one) for one in changed],
            omitted=BigInt(event.omitted),
        )


def kind_of(event: DomainEventType) -> DomainEventKind:
    """What the event tells of."""
    return _KINDS[event.phase] if isinstance(event, DomainsChanged) else DomainEventKind.GENERATED
