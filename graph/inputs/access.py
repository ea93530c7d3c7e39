"""Inputs of the verbs on principals and tokens, and what their lists may be narrowed to."""

from datetime import datetime
from uuid import UUID

import strawberry

from db.queries import principals
from graph.filters import id_of, or_none, searched, values
from graph.inputs import given
from graph.inputs.keyed import KeyedInput
from services.access import TokenDraft
from services.principals import MAX_LIFETIME
from vocabulary.access import Role


@strawberry.input(
    description="Which principals. What is not given does not matter; what is given must all hold."
)
class PrincipalFilter:
    """Which principals."""

    role: list[Role] | None = strawberry.field(
        default=strawberry.UNSET, description="With one of these roles."
    )
    active: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether they may ask, which is until they are deactivated."
    )
    search: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="With this text in the name; the case of A to Z does not matter.",
    )

    def wanted(self) -> principals.PrincipalFilter:
        """The same for the database."""
        return principals.PrincipalFilter(
            role=values("role", self.role),
            active=or_none(self.active),
            search=searched("search", self.search),
        )


@strawberry.input(description="Which tokens. What is not given does not matter; what is given must all hold.")
class TokenFilter:
    """Which tokens."""

    principal_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="Of this principal; of use to admins, who see the tokens of all.",
    )
    active: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether they are neither revoked nor over."
    )

    def wanted(self, now: datetime) -> principals.TokenFilter:
        """The same for the database."""
        return principals.TokenFilter(
            now=now,
            principal_id=id_of("principalId", self.principal_id, "Principal"),
            active=or_none(self.active),
        )


@strawberry.input(description="Somebody, or some program, who shall be able to ask.")
class CreatePrincipalInput(KeyedInput):
    """Somebody who shall be able to ask."""

    name: str = strawberry.field(description="1 to 255 characters, unique.")
    role: Role = strawberry.field(description="What they may do.")


@strawberry.input(description="What somebody may do from now on.")
class SetPrincipalRoleInput(KeyedInput):
    """What somebody may do from now on."""

    id: strawberry.ID = strawberry.field(description="Whose role; not your own.")
    role: Role = strawberry.field(description="What they may do.")


@strawberry.input(description="Who shall ask no more.")
class DeactivatePrincipalInput(KeyedInput):
    """Who shall ask no more."""

    id: strawberry.ID = strawberry.field(description="Who; not yourself.")


@strawberry.input(description="Who shall ask again.")
class ReactivatePrincipalInput(KeyedInput):
    """Who shall ask again."""

    id: strawberry.ID = strawberry.field(description="Who; not yourself.")


@strawberry.input(description="A token to be made.")
class CreateTokenInput(KeyedInput):
    """A token to be made."""

    name: str = strawberry.field(description="What it is for, 1 to 255 characters.")
    role: Role = strawberry.field(
        description="What it may do: at most what its principal and the token that asks may."
    )
    principal_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Whose it is; yours unless told. Of use to admins."
    )
    expires_at: datetime | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"When it ends, at most {MAX_LIFETIME.days} days ahead; without this it does not. Who is no admin "
        "and asks with a token that ends must give this: no later than that one ends.",
    )

    def draft(self) -> TokenDraft:
        """The same for the service."""
        ident = or_none(self.principal_id)
        return TokenDraft(
            name=self.name,
            role=self.role,
            principal_id=None if ident is None else given.key(ident, "Principal"),
            expires_at=or_none(self.expires_at),
        )


@strawberry.input(description="Which token shall end at another moment.")
class RenewTokenInput(KeyedInput):
    """Which token shall end at another moment."""

    expires_at: datetime = strawberry.field(
        description=f"When it shall end, at most {MAX_LIFETIME.days} days ahead."
    )
    id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Which one; the one that asks unless told."
    )

    @property
    def token_id(self) -> UUID | None:
        """Its key; None is that of the token that asks."""
        ident = or_none(self.id)
        return None if ident is None else given.key(ident, "Token")


@strawberry.input(description="Which token shall end.")
class RevokeTokenInput(KeyedInput):
    """Which token shall end."""

    id: strawberry.ID = strawberry.field(description="Which one.")
