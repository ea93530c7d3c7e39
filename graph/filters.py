"""What lists may be narrowed to, and their orders, as clients write them."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeGuard, TypeVar
from uuid import UUID

import strawberry

from db.queries import activity, keyword_sets, personas, proxies
from db.queries.named import NamedOrderField
from events.event import EntityType
from graph import node_ids
from graph.connections import PAGE, Ask
from graph.enums import ActivityKind, OrderDirection
from graph.errors import Refused
from services.rules_text import is_storable
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

# The node types are named as the kinds are: KeywordSet for KEYWORD_SET.
_ENTITY_TYPE_NAMES = {kind: "".join(part.title() for part in kind.value.split("_")) for kind in EntityType}

_ENTITY_TYPES = {name: entity_type for entity_type, name in _ENTITY_TYPE_NAMES.items()}


def entity_id(entity_type: EntityType, key: UUID) -> strawberry.ID:
    """The node id of what an event tells of."""
    return node_ids.encode(_ENTITY_TYPE_NAMES[entity_type], key)


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

    country: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="Said to be in one of these countries (ISO 3166-1)."
    )
    pool_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="In this pool.")

    def wanted(self) -> proxies.ProxyFilter:
        """The same for the database."""
        countries = values("country", self.country)
        return proxies.ProxyFilter(
            country=countries and tuple(country.upper() for country in countries),
            pool_id=id_of("poolId", self.pool_id, "ProxyPool"),
            enabled=or_none(self.enabled),
            protocol=values("protocol", self.protocol),
            health=values("health", self.health),
            search=searched("search", self.search),
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
            persona_type=or_none(self.type),
            enabled=or_none(self.enabled),
            search=searched("search", self.search),
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
            enabled=or_none(self.enabled), search=searched("search", self.search)
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
        entity_type, key = entity_key(self.entity_type, self.entity_id)
        return activity.ActivityFilter(
            campaign_id=id_of("campaignId", self.campaign_id, "Campaign"),
            entity_id=key,
            entity_type=entity_type,
            kinds=values("kinds", [kind.value for kind in self.kinds] if _given(self.kinds) else None),
            actor_id=id_of("actorId", self.actor_id, "Principal"),
            since=or_none(self.since),
            until=or_none(self.until),
        )


def entity_key(
    entity_type: EntityType | None, entity_id: strawberry.ID | None
) -> tuple[str | None, UUID | None]:
    """The kind and the key of what events shall tell of.

    The kind is the one that was asked for, else the one that the id tells, for the log is indexed by both together.

    Raises:
        Refused: `entityId` is no id of anything that events tell of.
    """
    key = id_of("entityId", entity_id, *_ENTITY_TYPES)
    if _given(entity_type):
        return entity_type.value, key
    if _given(entity_id):
        return _ENTITY_TYPES[node_ids.decode(entity_id)[0]].value, key
    return None, key


def asked(first: int, after: str | None, field: StrEnum, direction: OrderDirection) -> Ask:
    """What a client wants of a list."""
    return Ask(first=first, after=or_none(after), order=field, direction=direction)


def values(name: str, values: Sequence[T] | None) -> tuple[T, ...] | None:
    """The values that something may have, at most 100; None if it does not matter.

    Raises:
        Refused: there are more, or one is a text that `searched` refuses.
    """
    if not _given(values):
        return None
    if len(values) > VALUES_MOST:
        raise Refused("LIMIT_EXCEEDED", f"`{name}` takes {VALUES_MOST} values at most.", limit=VALUES_MOST)
    for value in values:
        if isinstance(value, str):
            searched(name, value)
    return tuple(values)


def searched(name: str, text: str | None) -> str | None:
    """A text to look for; None if there is none.

    Raises:
        Refused: it is too long, or no text that is stored.
    """
    if not _given(text):
        return None
    if len(text) > TEXT_MOST:
        raise Refused("LIMIT_EXCEEDED", f"`{name}` takes {TEXT_MOST} characters at most.", limit=TEXT_MOST)
    if not is_storable(text):
        raise Refused("BAD_FILTER", f"`{name}` has a character that no text has.")
    return text


def id_of(name: str, text: str | None, *type_names: str) -> UUID | None:
    """The key in the id of a thing of one of these types; None if there is none.

    Raises:
        Refused: it is no id, or one of something else.
    """
    return required_id(name, text, *type_names) if _given(text) else None


def required_id(name: str, text: str, *type_names: str) -> UUID:
    """The key in the id of a thing of one of these types; raises what `id_of` raises."""
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


def or_none(value: T | None) -> T | None:
    """The value; None if it was null or left out."""
    return value if _given(value) else None
