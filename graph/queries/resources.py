"""Queries for proxies, personas and keyword sets."""

from typing import Annotated

import strawberry

from db.queries import proxies
from db.queries.keyword_sets import KEYWORD_SETS
from db.queries.personas import PERSONAS
from db.queries.proxies import PROXIES
from graph.connections import PAGE, Connection, Source, connect
from graph.context import Info
from graph.fields import resolved
from graph.filters import After, First, KeywordSetFilter, NamedOrder, PersonaFilter, ProxyFilter, asked
from graph.queries.arguments import ByName
from graph.types.keyword_set import KeywordSet
from graph.types.persona import Persona
from graph.types.proxy import Proxy, ProxyStats


@strawberry.type
class ResourceQueries:
    """Queries for proxies, personas and keyword sets."""

    @resolved("Your proxies, or those of all if you are an admin; at most 100 a page.")
    async def proxies(
        self,
        info: Info,
        first: First = PAGE,
        after: After = strawberry.UNSET,
        where: Annotated[
            ProxyFilter | None,
            strawberry.argument(name="filter", description="Which of them; all unless told."),
        ] = strawberry.UNSET,
        order_by: ByName = strawberry.UNSET,
    ) -> Connection[Proxy]:
        """A page of proxies."""
        order = order_by or NamedOrder()
        source = Source("proxies", PROXIES, (where or ProxyFilter()).wanted(), Proxy.from_row)
        return await connect(info, source, asked(first, after, order.field, order.direction))

    @resolved("How many proxies you have, and how they are.")
    async def proxy_stats(self, info: Info) -> ProxyStats:
        """Counts of proxies."""
        return ProxyStats.from_stats(await info.context.reading.run(proxies.stats, info.context.caller.scope))

    @resolved("Your personas, or those of all if you are an admin; at most 100 a page.")
    async def personas(
        self,
        info: Info,
        first: First = PAGE,
        after: After = strawberry.UNSET,
        where: Annotated[
            PersonaFilter | None,
            strawberry.argument(name="filter", description="Which of them; all unless told."),
        ] = strawberry.UNSET,
        order_by: ByName = strawberry.UNSET,
    ) -> Connection[Persona]:
        """A page of personas."""
        order = order_by or NamedOrder()
        source = Source("personas", PERSONAS, (where or PersonaFilter()).wanted(), Persona.from_row)
        return await connect(info, source, asked(first, after, order.field, order.direction))

    @resolved("Your keyword sets, or those of all if you are an admin; at most 100 a page.")
    async def keyword_sets(
        self,
        info: Info,
        first: First = PAGE,
        after: After = strawberry.UNSET,
        where: Annotated[
            KeywordSetFilter | None,
            strawberry.argument(name="filter", description="Which of them; all unless told."),
        ] = strawberry.UNSET,
        order_by: ByName = strawberry.UNSET,
    ) -> Connection[KeywordSet]:
        """A page of keyword sets."""
        order = order_by or NamedOrder()
        wanted = (where or KeywordSetFilter()).wanted()
        source = Source("keyword sets", KEYWORD_SETS, wanted, KeywordSet.from_row)
        return await connect(info, source, asked(first, after, order.field, order.direction))
