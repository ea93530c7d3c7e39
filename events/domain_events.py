"""What happens to the domains of a campaign, batch by batch: they come to be, and phases decide on them."""

from typing import ClassVar
from uuid import UUID

from events.event import EntityType, EventType
from vocabulary.campaigns import PhaseKind
from vocabulary.domains import DomainChange, GeneratedDomain


class DomainEventType(EventType, frozen=True, kw_only=True):
    """An event of some domains of one campaign; `omitted` counts those of the batch that it does not name."""

    ENTITY: ClassVar[EntityType] = EntityType.CAMPAIGN
    FEED: ClassVar[bool] = False

    campaign_id: UUID
    omitted: int = 0

    @property
    def entity_id(self) -> UUID:
        """The campaign."""
        return self.campaign_id

    @property
    def campaign_id_or_none(self) -> UUID | None:
        """The campaign."""
        return self.campaign_id


class DomainsGenerated(DomainEventType, frozen=True, kw_only=True, tag=True):
    """Names were generated; the first of the batch are named."""

    generated: tuple[GeneratedDomain, ...]

    def summary(self) -> str:
        """One sentence."""
        return f"{len(self.generated) + self.omitted} names were generated"


class DomainsChanged(DomainEventType, frozen=True, kw_only=True, tag=True):
    """A phase has decided on some domains."""

    phase: PhaseKind
    changed: tuple[DomainChange, ...]

    def summary(self) -> str:
        """One sentence."""
        return f"{len(self.changed) + self.omitted} domains were decided on"
