"""The root `Query`."""

import asyncio
from typing import Annotated

import strawberry

from graph import nodes
from graph.connections import PAGE_MOST
from graph.context import Info
from graph.errors import Refused
from graph.fields import resolved
from graph.queries.access import AccessQueries
from graph.queries.activity import ActivityQueries
from graph.queries.administration import AdministrationQueries
from graph.queries.arguments import NodeId
from graph.queries.bulk import BulkQueries
from graph.queries.campaigns import CampaignQueries
from graph.queries.dashboard import DashboardQueries
from graph.queries.keyword_tests import KeywordTestQueries
from graph.queries.resources import ResourceQueries
from graph.queries.scoring_profiles import ScoringQueries
from graph.queries.settings import SettingQueries
from graph.scalars import Cursor
from graph.types.caller import Caller
from graph.types.node import Node


@strawberry.type(description="What you may look at. One query reads one snapshot, exact at `cursor`.")
class Query(
    CampaignQueries,
    ResourceQueries,
    KeywordTestQueries,
    ActivityQueries,
    AccessQueries,
    SettingQueries,
    AdministrationQueries,
    DashboardQueries,
    ScoringQueries,
    BulkQueries,
):
    """What clients may look at."""

    @resolved(
        "The position of the event log that this response is exact at: subscribe after it and miss nothing."
    )
    async def cursor(self, info: Info) -> Cursor:
        """The position of the event log that this whole response is exact at."""
        return await info.context.cursor()

    @resolved("Who is asking.")
    async def me(self, info: Info) -> Caller:
        """Who is asking."""
        return Caller(role=info.context.caller.role)

    @resolved("Anything that has an id; null if there is nothing that you may see.")
    async def node(self, info: Info, ident: NodeId) -> Node | None:
        """Anything that has an id."""
        return await nodes.resolve(info, ident)

    @resolved(
        "Things by their ids, at most 100, in their order; null where there is nothing that you may see."
    )
    async def nodes(
        self, info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="Which ones.")]
    ) -> list[Node | None]:
        """Many things by their ids."""
        if len(ids) > PAGE_MOST:
            raise Refused("LIMIT_EXCEEDED", f"`ids` takes {PAGE_MOST} ids at most.", limit=PAGE_MOST)
        info.context.spend(len(ids))
        return await asyncio.gather(*(nodes.resolve(info, ident) for ident in ids))
