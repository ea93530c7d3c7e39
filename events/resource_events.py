"""What happens to personas and keyword sets."""

from typing import ClassVar
from uuid import UUID

from events.event import EntityType, EventType
from vocabulary.personas import PersonaType


class PersonaEventType(EventType, frozen=True, kw_only=True):
    """An event of one persona."""

    ENTITY: ClassVar[EntityType] = EntityType.PERSONA

    persona_id: UUID
    name: str
    persona_type: PersonaType

    @property
    def entity_id(self) -> UUID:
        """The persona."""
        return self.persona_id


class PersonaCreated(PersonaEventType, frozen=True, kw_only=True, tag=True):
    """A persona was made."""

    def summary(self) -> str:
        """One sentence."""
        return f"{self.persona_type} persona “{self.name}” was created"


class PersonaUpdated(PersonaEventType, frozen=True, kw_only=True, tag=True):
    """A persona was changed; `changed` names the fields, and `version` is what it is now."""

    changed: tuple[str, ...]
    version: int = 1

    def summary(self) -> str:
        """One sentence."""
        return f"{self.persona_type} persona “{self.name}” was changed: {', '.join(self.changed)}"


class PersonaDeleted(PersonaEventType, frozen=True, kw_only=True, tag=True):
    """A persona was deleted."""

    def summary(self) -> str:
        """One sentence."""
        return f"{self.persona_type} persona “{self.name}” was deleted"


class PersonaTested(PersonaEventType, frozen=True, kw_only=True, tag=True):
    """A persona was tried on a host; `reason` says why it did not succeed, `millis` how long it took."""

    target: str
    succeeded: bool
    reason: str | None
    millis: int

    def summary(self) -> str:
        """One sentence."""
        outcome = "worked" if self.succeeded else f"failed ({self.reason})"
        return f"{self.persona_type} persona “{self.name}” was tried on {self.target} and {outcome}"


class KeywordSetEventType(EventType, frozen=True, kw_only=True):
    """An event of one keyword set."""

    ENTITY: ClassVar[EntityType] = EntityType.KEYWORD_SET

    keyword_set_id: UUID
    name: str
    rule_count: int

    @property
    def entity_id(self) -> UUID:
        """The keyword set."""
        return self.keyword_set_id


class KeywordSetCreated(KeywordSetEventType, frozen=True, kw_only=True, tag=True):
    """A keyword set was made."""

    def summary(self) -> str:
        """One sentence."""
        rules = "1 rule" if self.rule_count == 1 else f"{self.rule_count} rules"
        return f"Keyword set “{self.name}” was created with {rules}"


class KeywordSetUpdated(KeywordSetEventType, frozen=True, kw_only=True, tag=True):
    """A keyword set or its rules were changed; `changed` names the fields, and `version` is what it is now."""

    changed: tuple[str, ...]
    version: int = 1

    def summary(self) -> str:
        """One sentence."""
        return f"Keyword set “{self.name}” was changed: {', '.join(self.changed)}"


class KeywordSetDeleted(KeywordSetEventType, frozen=True, kw_only=True, tag=True):
    """A keyword set and its rules were deleted."""

    def summary(self) -> str:
        """One sentence."""
        return f"Keyword set “{self.name}” was deleted"
