"""Queries for proxies, personas and keyword sets."""

from typing import Annotated

import strawberry

from db.queries import proxies
from db.queries.keyword_sets import KEYWORD_SETS
from db.queries.personas import PERSONAS
from db.queries.pools import POOLS
from db.queries.proxies import PROXIES
from graph import nodes
from graph.connections import PAGE, Connection, Source, connect
from graph.context import Info
from graph.fields import resolved
from graph.filters import After, First, KeywordSetFilter, NamedOrder, PersonaFilter, ProxyFilter, asked
from graph.proxy_filters import ProxyOrder, ProxyPoolFilter
from graph.queries.arguments import ByName, NodeId
from graph.types.keyword_set import KeywordSet
from graph.types.persona import Persona
from graph.types.proxy import Proxy, ProxyPool
from graph.types.proxy_stats import ProxyStats
from vocabulary.proxies import StatsWindow


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
        order_by: Annotated[
            NamedOrder | None,
            strawberry.argument(
                description="Their order; by name unless told.",
                deprecation_reason="`sortBy` has these orders and more.",
            ),
        ] = strawberry.UNSET,
        sort_by: Annotated[
            ProxyOrder | None,
            strawberry.argument(description="Their order; by name unless told. It stands above `orderBy`."),
        ] = strawberry.UNSET,
    ) -> Connection[Proxy]:
        """A page of proxies."""
        order = sort_by or order_by or NamedOrder()
        source = Source("proxies", PROXIES, (where or ProxyFilter()).wanted(), Proxy.from_row)
        return await connect(info, source, asked(first, after, order.field, order.direction))

    @resolved("One proxy; null if there is none that you may see.")
    async def proxy(self, info: Info, ident: NodeId) -> Proxy | None:
        """One proxy."""
        found = await nodes.resolve(info, ident)
        return found if isinstance(found, Proxy) else None

    @resolved("How many proxies you have, how they are now, and how they did in some time.")
    async def proxy_stats(
        self,
        info: Info,
        window: Annotated[
            StatsWindow,
            strawberry.argument(description="In which time their uses are counted; ever unless told."),
        ] = StatsWindow.ALL_TIME,
    ) -> ProxyStats:
        """Counts of proxies."""
        context = info.context
        start = proxies.since(window, context.services.clock.now())
        return ProxyStats.from_stats(await context.reading.run(proxies.stats, context.caller.scope, start))

    @resolved("Your pools of proxies, or those of all if you are an admin; at most 100 a page.")
    async def proxy_pools(
        self,
        info: Info,
        first: First = PAGE,
        after: After = strawberry.UNSET,
        where: Annotated[
            ProxyPoolFilter | None,
            strawberry.argument(name="filter", description="Which of them; all unless told."),
        ] = strawberry.UNSET,
        order_by: ByName = strawberry.UNSET,
    ) -> Connection[ProxyPool]:
        """A page of pools."""
        order = order_by or NamedOrder()
        source = Source("pools", POOLS, (where or ProxyPoolFilter()).wanted(), ProxyPool.from_row)
        return await connect(info, source, asked(first, after, order.field, order.direction))

    @resolved("One pool of proxies; null if there is none that you may see.")
    async def proxy_pool(self, info: Info, ident: NodeId) -> ProxyPool | None:
        """One pool of proxies."""
        found = await nodes.resolve(info, ident)
        return found if isinstance(found, ProxyPool) else None

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

    @resolved("One persona; null if there is none that you may see.")
    async def persona(self, info: Info, ident: NodeId) -> Persona | None:
        """One persona."""
        found = await nodes.resolve(info, ident)
        return found if isinstance(found, Persona) else None

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

    @resolved("One keyword set; null if there is none that you may see.")
    async def keyword_set(self, info: Info, ident: NodeId) -> KeywordSet | None:
        """One keyword set."""
        found = await nodes.resolve(info, ident)
        return found if isinstance(found, KeywordSet) else None
