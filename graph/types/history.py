"""The history of a campaign, as clients see it."""

from datetime import datetime
from typing import Self

import msgspec
import strawberry

from db.models import EventRow
from db.queries.history import HISTORY, HistoryFilter, oldest
from events.campaign_events import CampaignCreated
from events.log import actor_of, cursor_of
from graph.connections import Ask, Connection, Source, connect, key_after
from graph.context import Info
from graph.errors import Refused
from graph.fields import resolved
from graph.scalars import JSON, Cursor
from graph.types.campaign import Actor

HISTORY_MOST = 500
# The event of a batch of a hundred domains has some 20 KB: an operation may read two pages of those, and no more.
HISTORY_COST = 20


@strawberry.type(description="One event of a campaign's history, whether people see it in the feed or not.")
class CampaignHistoryEntry:
    """One event of a campaign's history."""

    cursor: Cursor = strawberry.field(
        description="Its place in the event log: subscribe after it for what followed."
    )
    at: datetime = strawberry.field(description="When it was committed.")
    kind: str = strawberry.field(description="The type of event, such as PhaseCompleted.")
    version: int = strawberry.field(
        description="The version of that type, which rises when its meaning changes."
    )
    actor: Actor = strawberry.field(description="Who caused it.")
    summary: str = strawberry.field(description="One sentence, without a full stop.")
    data: JSON = strawberry.field(description="All that the event says, as it is stored; never a secret.")

    @classmethod
    def from_row(cls, row: EventRow, incarnation: str) -> Self:
        """The entry of a row of the log with this incarnation; a newer version may have written it."""
        return cls(
            cursor=Cursor(cursor_of(row, incarnation)),
            at=row.occurred_at,
            kind=row.type,
            version=row.version,
            actor=Actor.from_actor(actor_of(row)),
            summary=row.summary,
            data=JSON(msgspec.json.decode(row.data)),
        )


@strawberry.type(description="One page of a campaign's history.")
class CampaignHistoryConnection(Connection[CampaignHistoryEntry]):
    """One page of a campaign's history."""

    wanted: strawberry.Private[HistoryFilter]
    reached: strawberry.Private[int | None]

    @resolved(
        "Whether nothing is missing before the first node: since `after`, or without it since the campaign was made. "
        "What was missing then was pruned, for the log is not kept for ever."
    )
    async def is_gapless(self, info: Info) -> bool:
        """Whether nothing is missing before the first node."""
        floor = (await info.context.reading.head()).floor
        if self.reached is not None:
            return floor <= self.reached
        scope = info.context.caller.scope
        first = await info.context.reading.run(oldest, scope, self.wanted.campaign_id)
        # What somebody caused outlives the rest, so the first event says nothing if the floor is above it.
        return first is not None and first[0] > floor and first[1] == CampaignCreated.__name__


async def history_page(info: Info, wanted: HistoryFilter, ask: Ask) -> CampaignHistoryConnection:
    """A page of a campaign's history, oldest first.

    Its cursors are of one log, for in another one, or in a past to which it was restored, what comes before would be
    left out without a word.

    Raises:
        Refused: the page is too large, or `after` is no cursor of this list.
    """
    head = await info.context.reading.head()
    incarnation = head.incarnation
    source = Source(
        name=f"history of {wanted.campaign_id} in {incarnation}",
        listing=HISTORY,
        filter=wanted,
        node=lambda row: CampaignHistoryEntry.from_row(row, incarnation),
        most=HISTORY_MOST,
        cost=HISTORY_COST,
    )
    key = key_after(source, ask)
    if key is not None and int(key[0]) > head.position:
        raise Refused(
            "BAD_CURSOR", "The log ends before this cursor: it was replaced. Begin at the first page."
        )
    page = await connect(info, source, ask)
    return CampaignHistoryConnection(
        count=page.count,
        page=page.page,
        wanted=wanted,
        reached=None if key is None else int(key[0]),
    )
