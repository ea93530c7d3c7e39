"""Recording: the one way in which an event comes into being, inside the transaction of its change.

`grep -rn 'record(' services/` lists every emitter.
"""

from uuid import UUID

from db.repositories.event_log import PendingEvent
from db.unit_of_work import UnitOfWork
from events.catalog import encode
from events.event import EventType
from vocabulary.access import Actor


def record(unit: UnitOfWork, event: EventType, *, actor: Actor, owner_id: UUID | None) -> None:
    """Keep `event` for the commit of `unit`.

    Args:
        unit: the open transaction, which holds the change that the event tells of.
        event: what happened.
        actor: who caused it.
        owner_id: whose it is; only the owner and admins will see it. None is for admins alone.
    """
    unit.record(
        PendingEvent(
            type=type(event).__name__,
            version=event.VERSION,
            actor=actor,
            owner_id=owner_id,
            entity_type=event.ENTITY.value,
            entity_id=event.entity_id,
            campaign_id=event.campaign_id_or_none,
            feed=event.FEED,
            summary=event.summary(),
            data=encode(event),
        )
    )
