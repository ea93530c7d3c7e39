"""Queries for principals and tokens."""

from typing import Annotated

import strawberry

from db.queries.named import NamedOrderField
from db.queries.principals import PRINCIPALS, TOKENS
from graph.connections import PAGE, Connection, Source, connect
from graph.context import Info
from graph.enums import OrderDirection
from graph.errors import only_for
from graph.fields import resolved
from graph.filters import After, First, NamedOrder, asked
from graph.inputs.access import PrincipalFilter, TokenFilter
from graph.queries.arguments import ByName
from graph.types.principal import Principal
from graph.types.token import Token
from vocabulary.access import Role


@strawberry.type
class AccessQueries:
    """Queries for principals and tokens."""

    @resolved("Everybody who may ask, or once could; at most 100 a page. For admins.")
    async def principals(
        self,
        info: Info,
        first: First = PAGE,
        after: After = strawberry.UNSET,
        where: Annotated[
            PrincipalFilter | None,
            strawberry.argument(name="filter", description="Which of them; all unless told."),
        ] = strawberry.UNSET,
        order_by: ByName = strawberry.UNSET,
    ) -> Connection[Principal]:
        """A page of principals."""
        only_for(info.context.caller, Role.ADMIN)
        order = order_by or NamedOrder()
        source = Source("principals", PRINCIPALS, (where or PrincipalFilter()).wanted(), Principal.from_row)
        return await connect(info, source, asked(first, after, order.field, order.direction))

    @resolved("Your tokens, or those of all if you are an admin, without what opens; at most 100 a page.")
    async def tokens(
        self,
        info: Info,
        first: First = PAGE,
        after: After = strawberry.UNSET,
        where: Annotated[
            TokenFilter | None,
            strawberry.argument(name="filter", description="Which of them; all unless told."),
        ] = strawberry.UNSET,
        order_by: Annotated[
            NamedOrder | None, strawberry.argument(description="Their order; newest first unless told.")
        ] = strawberry.UNSET,
    ) -> Connection[Token]:
        """A page of tokens."""
        order = order_by or NamedOrder(field=NamedOrderField.CREATED_AT, direction=OrderDirection.DESC)
        wanted = (where or TokenFilter()).wanted(info.context.services.access.now)
        source = Source("tokens", TOKENS, wanted, Token.from_row)
        return await connect(info, source, asked(first, after, order.field, order.direction))
