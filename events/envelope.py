"""An event with its place in the log and what it is indexed by."""

from datetime import datetime
from uuid import UUID

import msgspec

from events.catalog import Event
from events.event import Unreadable
from vocabulary.access import Actor


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """What readers of the log receive. `position` is unique and ascending in commit order.

    `tag` is random and shared by the events of one transaction: with the position it is this event and no other.
    """

    position: int
    event: Event | Unreadable
    occurred_at: datetime
    actor: Actor
    owner_id: UUID | None
    summary: str
    tag: int = 0


class Page(msgspec.Struct, frozen=True):
    """A part of the log: the envelopes, ascending, and the position up to which nothing else exists."""

    envelopes: tuple[Envelope, ...]
    position: int
