"""The one who asks."""

import strawberry

from graph.context import Info
from graph.fields import resolved
from graph.types.principal import Principal, owner_of
from graph.types.token import Token
from vocabulary.access import Role


@strawberry.type(description="The one who asks, as the token says.")
class Caller:
    """The one who asks."""

    role: Role = strawberry.field(
        description="What this token may do: the lesser of its own and the principal's role."
    )

    @resolved("Who they are.")
    async def principal(self, info: Info) -> Principal:
        """Who they are."""
        return await owner_of(info, info.context.caller.id)

    @resolved("The token that asks.")
    async def token(self, info: Info) -> Token | None:
        """The token that asks."""
        ident = info.context.caller.token_id
        row = None if ident is None else await info.context.loaders.token.load(ident)
        return None if row is None else Token.from_row(row)
