"""Queries for activity, and for the history of a campaign."""

from typing import Annotated

import strawberry

from db.queries.activity import ActivityOrderField
from db.queries.history import HistoryFilter
from graph.connections import PAGE, Connection
from graph.context import Info
from graph.enums import OrderDirection
from graph.fields import resolved
from graph.filters import ActivityFilter, After, First, asked, required_id
from graph.types.campaign import Activity, activity_page
from graph.types.history import CampaignHistoryConnection, history_page


@strawberry.type
class ActivityQueries:
    """Queries for activity."""

    @resolved(
        "What happened to your things, or to all if you are an admin: newest first, at most 100 a page."
    )
    async def activity(
        self,
        info: Info,
        first: First = PAGE,
        after: After = strawberry.UNSET,
        where: Annotated[
            ActivityFilter | None,
            strawberry.argument(name="filter", description="Which of it; all unless told."),
        ] = strawberry.UNSET,
    ) -> Connection[Activity]:
        """A page of activity."""
        return await activity_page(info, (where or ActivityFilter()).wanted(), first, after)

    @resolved(
        "All that the event log has of one campaign, progress too, oldest first, at most 500 a page; also of one that "
        "was deleted. `heliograph export --history` writes it to a file."
    )
    async def campaign_history(
        self,
        info: Info,
        campaign_id: Annotated[strawberry.ID, strawberry.argument(description="Which campaign.")],
        first: First = PAGE,
        after: After = strawberry.UNSET,
    ) -> CampaignHistoryConnection:
        """A page of a campaign's history."""
        wanted = HistoryFilter(required_id("campaignId", campaign_id, "Campaign"))
        ask = asked(first, after, ActivityOrderField.POSITION, OrderDirection.ASC)
        return await history_page(info, wanted, ask)
