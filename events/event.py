"""What every event has: a type name, a version, and the entity that it tells of.

An event is a fact in the past tense, frozen, and stored for as long as the log is kept. So a field is never
retyped or removed; a new field has a default, and a change of meaning is a new version.
"""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

import msgspec


class EntityType(StrEnum):
    """The kinds of things that events tell of."""

    CAMPAIGN = "CAMPAIGN"
    PROXY = "PROXY"
    PROXY_POOL = "PROXY_POOL"
    PERSONA = "PERSONA"
    KEYWORD_SET = "KEYWORD_SET"
    SCORING_PROFILE = "SCORING_PROFILE"
    BULK_OPERATION = "BULK_OPERATION"
    PRINCIPAL = "PRINCIPAL"
    TOKEN = "TOKEN"  # noqa: S105  The word, not a secret.
    SETTINGS = "SETTINGS"


class EventType(msgspec.Struct, frozen=True, kw_only=True):
    """The root of the catalog. `FEED` says whether people see it in the activity feed."""

    VERSION: ClassVar[int] = 1
    FEED: ClassVar[bool] = True
    ENTITY: ClassVar[EntityType]

    @property
    def entity_id(self) -> UUID:
        """The id of the entity that this tells of."""
        raise AssertionError(f"{type(self).__name__} does not say what it tells of.")

    @property
    def campaign_id_or_none(self) -> UUID | None:
        """The campaign that this belongs to, if any."""
        return None

    def summary(self) -> str:
        """One sentence for people, without a full stop."""
        raise AssertionError(f"{type(self).__name__} does not say what happened.")


class Unreadable(EventType, frozen=True, kw_only=True):
    """An event that this version does not know, written by a newer one beside it.

    It keeps its place in the log, so that positions have no holes, and belongs to no stream.
    """

    FEED: ClassVar[bool] = False
