"""A source: what a subscription's resolver returns in place of a generator.

A generator per subscriber would execute the selection once per subscriber. A source only *describes* what to
follow: which events belong to it, what each becomes in the schema, and how it opens. `graph/execution.py` turns
it into a `live.operations.Stream`, and `live/group.py` executes it once for everybody who follows the same.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection
from copy import copy
from typing import Self
from uuid import UUID

from auth.principal import Principal
from db.scope import Scope
from events.campaign_events import CampaignProgress
from events.cursor import Cursor as Place
from events.envelope import Envelope
from events.event import EntityType
from events.subjects import Subject
from graph.context import Context
from graph.scalars import Cursor
from graph.types import campaign_event
from graph.types.stream_reset import Snapshot


class Source(ABC):
    """What one subscription follows, in the scope of whoever asked.

    `after` is the place that the client has reached; None opens with a snapshot. `max_rate` is how often a second
    progress of one campaign may be told; None tells all of it. `of_one` is the scope of the one owner that all of it is
    of, once `authorise` has found that there is one: whoever may follow it at all sees what that one sees.
    """

    def __init__(self, scope: Scope, after: Place | None, max_rate: float | None = None) -> None:
        self.scope = scope
        self.of_one: Scope | None = None
        self.after = after
        self.max_rate = max_rate

    def __aiter__(self) -> AsyncIterator[object]:
        """graphql-core knows a source of events by this method; it is never called."""
        raise TypeError("A source is followed by live/group.py, not iterated.")

    def matches(self, envelope: Envelope) -> bool:
        """Whether the caller may see the event and it belongs here."""
        owner = self.scope.owner_id
        return (owner is None or envelope.owner_id == owner) and self.concerns(envelope)

    def about(self) -> Collection[UUID] | Collection[EntityType] | None:
        """The things, or the kinds of things, that all its events tell of; None if they may tell of any."""
        return None

    @property
    def subjects(self) -> frozenset[Subject] | None:
        """What each event that matches is about, one of these at least; None if that may be anything."""
        about, owner = self.about(), self.scope.owner_id
        if about is None:
            return None if owner is None else frozenset({owner})
        return frozenset(
            (owner, each) if owner is not None and isinstance(each, EntityType) else each for each in about
        )

    @abstractmethod
    def concerns(self, envelope: Envelope) -> bool:
        """Whether the event belongs here, whoever looks."""

    def conflated_by(self, envelope: Envelope) -> UUID | None:
        """Whose progress the event tells, which newer progress may stand for; None for everything else."""
        return envelope.event.campaign_id if isinstance(envelope.event, CampaignProgress) else None

    async def told(self, envelope: Envelope, cursor: Cursor, context: Context) -> object | None:
        """The member of the union that tells of the event, or None if it is found to say nothing here.

        It is asked once for a whole group. What the envelope alone can tell is told by `event`; a source that has to
        read for it overrides this.
        """
        return self.told_now(envelope, cursor, context.skipped)

    @property
    def tells_at_once(self) -> bool:
        """Whether the envelope alone tells of every event."""
        return type(self).event is not Source.event

    def told_now(self, envelope: Envelope, cursor: Cursor, skipped: int) -> object:
        """The same of a source that reads nothing for it; `skipped` is what a progress stands for besides itself."""
        told = self.event(envelope, cursor)
        if skipped and isinstance(told, campaign_event.CampaignProgress):
            told.skipped = skipped
        return told

    @staticmethod
    def event(envelope: Envelope, _cursor: Cursor) -> object:
        """The member of the union that tells of the event, the same for all sources of a kind; nobody changes it.

        Raises:
            TypeError: the source tells of none without reading.
        """
        raise TypeError(f"{envelope.event!r} is told of only by reading.")

    def seen_by(self, caller: Principal, after: Place | None) -> Self:
        """The same for whoever asks, who may be another than the one that it was prepared for.

        Raises:
            Refused: it is not for this caller, whatever there is.
        """
        own = copy(self)
        own.scope, own.after = caller.scope, after
        return own

    @property
    def has_to_ask(self) -> bool:
        """Whether the database has to be asked before the caller may follow this."""
        return type(self).authorise is not Source.authorise

    async def authorise(self, context: Context) -> None:  # noqa: B027  Most streams are of what the caller may see.
        """See that there is such a thing for the caller, in the snapshot of `context`.

        Raises:
            Refused: there is no such thing for the caller.
        """

    @abstractmethod
    async def snapshot(self, context: Context, cursor: Cursor) -> Snapshot:
        """The member of the union that opens the stream, read in the snapshot of `context`.

        Raises:
            Refused: there is no such thing for the caller.
        """

    def ends(self, _envelope: Envelope) -> bool:
        """Whether nothing can follow this event."""
        return False

    def is_over(self, _snapshot: Snapshot) -> bool:
        """Whether nothing can follow this snapshot."""
        return False
