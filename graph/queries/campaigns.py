"""Queries for campaigns and domains."""

from typing import Annotated

import strawberry

from db.queries.campaigns import CAMPAIGNS
from graph import nodes
from graph.connections import PAGE, Connection, Source, connect
from graph.context import Info
from graph.fields import resolved
from graph.filters import After, CampaignFilter, CampaignOrder, First, asked
from graph.queries.arguments import NodeId
from graph.types.campaign import Campaign
from graph.types.domain import Domain


@strawberry.type
class CampaignQueries:
    """Queries for campaigns and domains."""

    @resolved("Your campaigns, or those of all if you are an admin; at most 100 a page.")
    async def campaigns(
        self,
        info: Info,
        first: First = PAGE,
        after: After = strawberry.UNSET,
        where: Annotated[
            CampaignFilter | None,
            strawberry.argument(name="filter", description="Which of them; all unless told."),
        ] = strawberry.UNSET,
        order_by: Annotated[
            CampaignOrder | None, strawberry.argument(description="Their order; newest first unless told.")
        ] = strawberry.UNSET,
    ) -> Connection[Campaign]:
        """A page of campaigns."""
        order = order_by or CampaignOrder()
        source = Source(
            name="campaigns",
            listing=CAMPAIGNS,
            filter=(where or CampaignFilter()).wanted(),
            node=Campaign.from_row,
        )
        return await connect(info, source, asked(first, after, order.field, order.direction))

    @resolved("One campaign; null if there is none with this id that you may see.")
    async def campaign(self, info: Info, ident: NodeId) -> Campaign | None:
        """One campaign."""
        found = await nodes.resolve(info, ident)
        return found if isinstance(found, Campaign) else None

    @resolved("One domain; null if there is none with this id that you may see.")
    async def domain(self, info: Info, ident: NodeId) -> Domain | None:
        """One domain."""
        found = await nodes.resolve(info, ident)
        return found if isinstance(found, Domain) else None
