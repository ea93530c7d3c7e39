"""What an event is about, so that whoever waits for something else need not look at it.

A stream names some subjects, one of which each event has that it tells of. It looks at the event itself all the same:
the subjects only say who need not.
"""

from uuid import UUID

from events.envelope import Envelope
from events.event import EntityType, Unreadable

Subject = UUID | EntityType | tuple[UUID, EntityType]
"""The id of a thing or of an owner; a kind of things; or a kind of things of one owner."""


def subjects_of(envelope: Envelope) -> tuple[Subject, ...]:
    """All subjects of an event, some of them perhaps twice; none of one that belongs to no stream."""
    event, owner = envelope.event, envelope.owner_id
    if isinstance(event, Unreadable):
        return ()
    kind, ident, campaign = event.ENTITY, event.entity_id, event.campaign_id_or_none
    found: tuple[Subject, ...] = (kind, ident) if campaign is None else (kind, ident, campaign)
    return found if owner is None else (*found, owner, (owner, kind))
