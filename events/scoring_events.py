"""What happens to scoring profiles."""

from typing import ClassVar
from uuid import UUID

from events.event import EntityType, EventType


class ScoringProfileEventType(EventType, frozen=True, kw_only=True):
    """An event of one scoring profile."""

    ENTITY: ClassVar[EntityType] = EntityType.SCORING_PROFILE

    profile_id: UUID
    name: str

    @property
    def entity_id(self) -> UUID:
        """The profile."""
        return self.profile_id


class ScoringProfileCreated(ScoringProfileEventType, frozen=True, kw_only=True, tag=True):
    """A scoring profile was made, at its first version."""

    def summary(self) -> str:
        """One sentence."""
        return f"Scoring profile “{self.name}” was created"


class ScoringProfileUpdated(ScoringProfileEventType, frozen=True, kw_only=True, tag=True):
    """A scoring profile has a new version; `changed` names the fields. What was scored by an old one stays so."""

    version: int
    changed: tuple[str, ...]

    def summary(self) -> str:
        """One sentence."""
        return f"Scoring profile “{self.name}” was changed: {', '.join(self.changed)}"


class ScoringProfileDeleted(ScoringProfileEventType, frozen=True, kw_only=True, tag=True):
    """A scoring profile and all its versions were deleted; scores keep what they were made by."""

    def summary(self) -> str:
        """One sentence."""
        return f"Scoring profile “{self.name}” was deleted"
