"""What lists may be narrowed to, and their orders, as clients write them."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeGuard, TypeVar
from uuid import UUID

import strawberry

from db.queries import activity, campaigns, domains, keyword_sets, personas, proxies
from db.queries.campaigns import CampaignOrderField
from db.queries.domains import DomainOrderField
from db.queries.named import NamedOrderField
from events.event import EntityType
from graph import node_ids
from graph.connections import PAGE, Ask
from graph.enums import ActivityKind, OrderDirection
from graph.errors import Refused
from services.rules_text import is_storable
from vocabulary.campaigns import CampaignStatus
from vocabulary.checks import CheckStatus, DnsReason, HttpReason
from vocabulary.personas import PersonaType
from vocabulary.proxies import ProxyHealth, ProxyProtocol

T = TypeVar("T")

TEXT_MOST = 255
VALUES_MOST = 100

First = Annotated[int, strawberry.argument(description=f"How many, at most; {PAGE} unless told.")]
After = Annotated[
    str | None,
    strawberry.argument(
        description="The cursor of an edge of this list in this order: what follows it is given."
    ),
]

_ENTITY_TYPE_NAMES = {
    EntityType.CAMPAIGN: "Campaign",
    EntityType.PROXY: "Proxy",
    EntityType.PERSONA: "Persona",
    EntityType.KEYWORD_SET: "KeywordSet",
    EntityType.PRINCIPAL: "Principal",
    EntityType.TOKEN: "Token",
    EntityType.SETTINGS: "Settings",
}

_ENTITY_TYPES = {name: entity_type for entity_type, name in _ENTITY_TYPE_NAMES.items()}


def entity_id(entity_type: EntityType, key: UUID) -> strawberry.ID:
    """The node id of what an event tells of."""
    return node_ids.encode(_ENTITY_TYPE_NAMES[entity_type], key)


@strawberry.input(
    description="Which campaigns. What is not given does not matter; what is given must all hold."
)
class CampaignFilter:
    """Which campaigns."""

    statuses: list[CampaignStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="In one of these statuses."
    )
    search: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="With this text in the name; the case of A to Z does not matter.",
    )
    created_after: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Made then or later."
    )
    created_before: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Made before this time."
    )
    owner_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="Owned by this principal; of use to admins, who see the campaigns of all.",
    )

    def wanted(self) -> campaigns.CampaignFilter:
        """The same for the database."""
        return campaigns.CampaignFilter(
            statuses=_values("statuses", self.statuses),
            search=_text("search", self.search),
            created_after=_or_none(self.created_after),
            created_before=_or_none(self.created_before),
            owner_id=_id("ownerId", self.owner_id, "Principal"),
        )


@strawberry.input(description="The order of campaigns.")
class CampaignOrder:
    """The order of campaigns."""

    field: CampaignOrderField = strawberry.field(
        default=CampaignOrderField.CREATED_AT, description="What they are ordered by."
    )
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.DESC, description="Which end comes first."
    )


@strawberry.input(
    description="Which domains of a campaign. What is not given does not matter; what is given must all hold."
)
class DomainFilter:
    """Which domains of a campaign."""

    dns_status: list[CheckStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Whose lookup stands at one of these."
    )
    dns_reason: list[DnsReason] | None = strawberry.field(
        default=strawberry.UNSET, description="Whose lookup failed for one of these reasons."
    )
    http_status: list[CheckStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="Whose fetch stands at one of these."
    )
    http_reason: list[HttpReason] | None = strawberry.field(
        default=strawberry.UNSET, description="Whose fetch failed for one of these reasons."
    )
    matched: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether a keyword was found."
    )
    name_contains: str | None = strawberry.field(
        default=strawberry.UNSET, description="With this text in the name."
    )
    keyword: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Where the rule with just this pattern was found; the case of A to Z does not matter.",
    )

    def wanted(self, campaign_id: UUID) -> domains.DomainFilter:
        """The same for the database."""
        return domains.DomainFilter(
            campaign_id=campaign_id,
            dns_status=_values("dnsStatus", self.dns_status),
            dns_reason=_values("dnsReason", self.dns_reason),
            http_status=_values("httpStatus", self.http_status),
            http_reason=_values("httpReason", self.http_reason),
            matched=_or_none(self.matched),
            name_contains=_text("nameContains", self.name_contains),
            keyword=_text("keyword", self.keyword),
        )


@strawberry.input(description="The order of domains.")
class DomainOrder:
    """The order of domains."""

    field: DomainOrderField = strawberry.field(
        default=DomainOrderField.OFFSET, description="What they are ordered by."
    )
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASC, description="Which end comes first."
    )


@strawberry.input(
    description="Which proxies. What is not given does not matter; what is given must all hold."
)
class ProxyFilter:
    """Which proxies."""

    enabled: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether they may be used.")
    protocol: list[ProxyProtocol] | None = strawberry.field(
        default=strawberry.UNSET, description="Spoken to in one of these ways."
    )
    health: list[ProxyHealth] | None = strawberry.field(
        default=strawberry.UNSET, description="Whose health is one of these."
    )
    search: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="With this text in the name; the case of A to Z does not matter.",
    )

    def wanted(self) -> proxies.ProxyFilter:
        """The same for the database."""
        return proxies.ProxyFilter(
            enabled=_or_none(self.enabled),
            protocol=_values("protocol", self.protocol),
            health=_values("health", self.health),
            search=_text("search", self.search),
        )


@strawberry.input(
    description="Which personas. What is not given does not matter; what is given must all hold."
)
class PersonaFilter:
    """Which personas."""

    type: PersonaType | None = strawberry.field(default=strawberry.UNSET, description="What they are for.")
    enabled: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether they may be used.")
    search: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="With this text in the name; the case of A to Z does not matter.",
    )

    def wanted(self) -> personas.PersonaFilter:
        """The same for the database."""
        return personas.PersonaFilter(
            persona_type=_or_none(self.type),
            enabled=_or_none(self.enabled),
            search=_text("search", self.search),
        )


@strawberry.input(
    description="Which keyword sets. What is not given does not matter; what is given must all hold."
)
class KeywordSetFilter:
    """Which keyword sets."""

    enabled: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether they may be used.")
    search: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="With this text in the name; the case of A to Z does not matter.",
    )

    def wanted(self) -> keyword_sets.KeywordSetFilter:
        """The same for the database."""
        return keyword_sets.KeywordSetFilter(
            enabled=_or_none(self.enabled), search=_text("search", self.search)
        )


@strawberry.input(description="The order of proxies, personas or keyword sets.")
class NamedOrder:
    """The order of proxies, personas or keyword sets."""

    field: NamedOrderField = strawberry.field(
        default=NamedOrderField.NAME, description="What they are ordered by."
    )
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASC, description="Which end comes first."
    )


@strawberry.input(
    description="Which activity. What is not given does not matter; what is given must all hold."
)
class ActivityFilter:
    """Which activity."""

    campaign_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Of this campaign."
    )
    entity_type: EntityType | None = strawberry.field(
        default=strawberry.UNSET, description="About such a thing."
    )
    entity_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="About this thing."
    )
    kinds: list[ActivityKind] | None = strawberry.field(
        default=strawberry.UNSET, description="Of one of these kinds."
    )
    actor_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Caused by this principal."
    )
    since: datetime | None = strawberry.field(default=strawberry.UNSET, description="At this time or later.")
    until: datetime | None = strawberry.field(default=strawberry.UNSET, description="Before this time.")

    def wanted(self) -> activity.ActivityFilter:
        """The same for the database."""
        return activity.ActivityFilter(
            campaign_id=_id("campaignId", self.campaign_id, "Campaign"),
            entity_id=_id("entityId", self.entity_id, *_ENTITY_TYPES),
            entity_type=self._entity_type(),
            kinds=_values("kinds", [kind.value for kind in self.kinds] if _given(self.kinds) else None),
            actor_id=_id("actorId", self.actor_id, "Principal"),
            since=_or_none(self.since),
            until=_or_none(self.until),
        )

    def _entity_type(self) -> str | None:
        """The kind that was asked for, else the one that the id tells, for the log is indexed by both together."""
        if _given(self.entity_type):
            return self.entity_type.value
        if _given(self.entity_id):
            return _ENTITY_TYPES[node_ids.decode(self.entity_id)[0]].value
        return None


def asked(first: int, after: str | None, field: StrEnum, direction: OrderDirection) -> Ask:
    """What a client wants of a list."""
    return Ask(first=first, after=_or_none(after), order=field, direction=direction)


def _values(name: str, values: Sequence[T] | None) -> tuple[T, ...] | None:
    if not _given(values):
        return None
    if len(values) > VALUES_MOST:
        raise Refused("LIMIT_EXCEEDED", f"`{name}` takes {VALUES_MOST} values at most.", limit=VALUES_MOST)
    return tuple(values)


def _text(name: str, text: str | None) -> str | None:
    """A text to look for."""
    if not _given(text):
        return None
    if len(text) > TEXT_MOST:
        raise Refused("LIMIT_EXCEEDED", f"`{name}` takes {TEXT_MOST} characters at most.", limit=TEXT_MOST)
    if not is_storable(text):
        raise Refused("BAD_FILTER", f"`{name}` has a character that no text has.")
    return text


def _id(name: str, text: str | None, *type_names: str) -> UUID | None:
    if not _given(text):
        return None
    try:
        found, key = node_ids.decode(text)
        value = node_ids.as_uuid(key[0])
    except node_ids.BadId as error:
        raise Refused("BAD_ID", f"`{name}` is no id of this server.") from error
    if found not in type_names or len(key) != 1:
        raise Refused("BAD_ID", f"`{name}` is an id of something else.")
    return value


def _given(value: T | None) -> TypeGuard[T]:
    return value is not None and value is not strawberry.UNSET


def _or_none(value: T | None) -> T | None:
    return value if _given(value) else None
