"""Mutations of principals and tokens."""

from typing import Annotated, TypeVar
from uuid import UUID

import strawberry

from graph import node_ids
from graph.context import Info
from graph.enums import ErrorCode
from graph.errors import (
    ConflictError,
    ForbiddenError,
    Missing,
    NotFoundError,
    UnavailableError,
    UserError,
    ValidationError,
    about,
)
from graph.fields import verb
from graph.inputs import given
from graph.inputs.access import (
    CreatePrincipalInput,
    CreateTokenInput,
    DeactivatePrincipalInput,
    ReactivatePrincipalInput,
    RenewTokenInput,
    RevokeTokenInput,
    SetPrincipalRoleInput,
)
from graph.mutations.arguments import TAKEN
from graph.scalars import Cursor
from graph.types.principal import Principal
from graph.types.token import Token
from services.access import SecretShown
from services.written import Written

P = TypeVar("P", bound="PrincipalWritten")

CURSOR = "The place of the change in the event log, by which you recognise its echo in a subscription."


@strawberry.type
class PrincipalWritten:
    """What a verb on a principal gives back."""

    principal: Principal = strawberry.field(description="The principal after the change.")
    cursor: Cursor = strawberry.field(description=CURSOR)


@strawberry.type
class TokenWritten:
    """What a verb on a token gives back."""

    token: Token = strawberry.field(description="The token after the change.")
    cursor: Cursor = strawberry.field(description=CURSOR)


@strawberry.type(description="The principal that was made.")
class CreatePrincipalPayload(PrincipalWritten):
    """The principal that was made."""


@strawberry.type(description="The principal whose role was set.")
class SetPrincipalRolePayload(PrincipalWritten):
    """The principal whose role was set."""


@strawberry.type(description="The principal who asks no more.")
class DeactivatePrincipalPayload(PrincipalWritten):
    """The principal who asks no more."""


@strawberry.type(description="The principal who may ask again.")
class ReactivatePrincipalPayload(PrincipalWritten):
    """The principal who may ask again."""


@strawberry.type(description="The token that was made.")
class CreateTokenPayload(TokenWritten):
    """The token that was made."""

    secret: str = strawberry.field(
        description="What `Authorization: Bearer` takes. It is shown only now: only its digest is kept."
    )


@strawberry.type(
    description="The token was made when this `idempotencyKey` was first sent, and its secret went with that answer. "
    "If that never came, revoke the token, and make another one with another key."
)
class SecretShownError(UserError):
    """The token was made before, and its secret is not shown again."""

    token: Token = strawberry.field(description="The token that was made then.")
    cursor: Cursor = strawberry.field(description=CURSOR)


@strawberry.type(description="The token that was renewed.")
class RenewTokenPayload(TokenWritten):
    """The token that was renewed."""


@strawberry.type(description="The token that was revoked.")
class RevokeTokenPayload(TokenWritten):
    """The token that was revoked."""


CreatePrincipalResult = Annotated[
    CreatePrincipalPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union("CreatePrincipalResult", description="The principal that was made, or why not."),
]
SetPrincipalRoleResult = Annotated[
    SetPrincipalRolePayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("SetPrincipalRoleResult", description="The principal with the role, or why not."),
]
DeactivatePrincipalResult = Annotated[
    DeactivatePrincipalPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union(
        "DeactivatePrincipalResult", description="The principal who was deactivated, or why not."
    ),
]
ReactivatePrincipalResult = Annotated[
    ReactivatePrincipalPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union(
        "ReactivatePrincipalResult", description="The principal who was reactivated, or why not."
    ),
]
CreateTokenResult = Annotated[
    CreateTokenPayload
    | SecretShownError
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("CreateTokenResult", description="The token that was made, or why not."),
]
RenewTokenResult = Annotated[
    RenewTokenPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union("RenewTokenResult", description="The token with its new end, or why not."),
]
RevokeTokenResult = Annotated[
    RevokeTokenPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union("RevokeTokenResult", description="The token that was revoked, or why not."),
]


@strawberry.type
class AccessMutations:
    """Mutations of principals and tokens."""

    @verb("Let somebody new ask; they need a token then. For admins.")
    async def create_principal(
        self, info: Info, what: Annotated[CreatePrincipalInput, TAKEN]
    ) -> CreatePrincipalResult:
        """Let somebody new ask."""
        access, caller = info.context.services.access, info.context.caller
        written = await access.create_principal(caller, what.name, what.role, what.idempotency_key)
        return await _principal(CreatePrincipalPayload, info, written)

    @verb(
        "Say what somebody else may do; it holds for the tokens that they have, too, and at once. Where it makes a "
        "difference to what they see, their WebSockets and event streams are ended, to be opened anew. Their campaigns "
        "go on, but use nothing any more that they do not see. For admins."
    )
    async def set_principal_role(
        self, info: Info, what: Annotated[SetPrincipalRoleInput, TAKEN]
    ) -> SetPrincipalRoleResult:
        """Say what somebody else may do."""
        access, caller = info.context.services.access, info.context.caller
        with about(what.id):
            written = await access.set_role(
                caller, given.key(what.id, "Principal"), what.role, what.idempotency_key
            )
        return await _principal(SetPrincipalRolePayload, info, written)

    @verb(
        "Let somebody else ask no more: no request of theirs is answered any more, and every WebSocket and event "
        "stream of theirs is ended, on all processes. Their bulk operations end, too; their campaigns go on: pause "
        "them if they shall not. For admins."
    )
    async def deactivate_principal(
        self, info: Info, what: Annotated[DeactivatePrincipalInput, TAKEN]
    ) -> DeactivatePrincipalResult:
        """Let somebody else ask no more."""
        access, caller = info.context.services.access, info.context.caller
        with about(what.id):
            written = await access.deactivate(caller, given.key(what.id, "Principal"), what.idempotency_key)
        return await _principal(DeactivatePrincipalPayload, info, written)

    @verb("Let somebody else ask again, with the tokens of theirs that are still good. For admins.")
    async def reactivate_principal(
        self, info: Info, what: Annotated[ReactivatePrincipalInput, TAKEN]
    ) -> ReactivatePrincipalResult:
        """Let somebody else ask again."""
        access, caller = info.context.services.access, info.context.caller
        with about(what.id):
            written = await access.reactivate(caller, given.key(what.id, "Principal"), what.idempotency_key)
        return await _principal(ReactivatePrincipalPayload, info, written)

    @verb(
        "Make a token of yours, or of anybody's if you are an admin. Keep its secret: it is shown once, and whoever "
        "sends the same again with its `idempotencyKey` is told by a `SecretShownError` which token was made."
    )
    async def create_token(self, info: Info, what: Annotated[CreateTokenInput, TAKEN]) -> CreateTokenResult:
        """Make a token."""
        context = info.context
        try:
            with about(what.principal_id or "", "principalId"):
                written = await context.services.access.create_token(
                    context.caller, what.draft(), what.idempotency_key
                )
        except SecretShown as shown:
            return await _secret_shown(info, shown)
        made = written.value
        token = await _token(info, made.id)
        cursor = await context.cursor_at(written.position)
        return CreateTokenPayload(token=token, secret=made.secret, cursor=cursor)

    @verb(
        "Let a token end at another moment, the one that asks or another one of yours, or anybody's if you are an "
        "admin. It is the same token, so whatever is connected with it goes on, on all processes."
    )
    async def renew_token(self, info: Info, what: Annotated[RenewTokenInput, TAKEN]) -> RenewTokenResult:
        """Let a token end at another moment."""
        context = info.context
        with about(what.id or ""):
            written = await context.services.access.renew_token(
                context.caller, what.token_id, what.expires_at, what.idempotency_key
            )
        token = await _token(info, written.value)
        return RenewTokenPayload(token=token, cursor=await context.cursor_at(written.position))

    @verb(
        "End a token, one of yours that may do no more than the one that asks, or anybody's if you are an admin: no "
        "request with it is answered any more, and every WebSocket and event stream that was opened with it is ended, "
        "on all processes."
    )
    async def revoke_token(self, info: Info, what: Annotated[RevokeTokenInput, TAKEN]) -> RevokeTokenResult:
        """End a token."""
        context = info.context
        with about(what.id):
            written = await context.services.access.revoke_token(
                context.caller, given.key(what.id, "Token"), what.idempotency_key
            )
        token = await _token(info, written.value)
        return RevokeTokenPayload(token=token, cursor=await context.cursor_at(written.position))


async def _secret_shown(info: Info, shown: SecretShown) -> SecretShownError:
    return SecretShownError(
        code=ErrorCode.SECRET_SHOWN,
        message=str(shown),
        path=["idempotencyKey"],
        token=await _token(info, shown.token_id),
        cursor=await info.context.cursor_at(shown.position),
    )


async def _principal(kind: type[P], info: Info, written: Written[UUID]) -> P:
    await info.context.renew()
    row = await info.context.loaders.principal.load(written.value)
    if row is None:
        raise Missing(node_ids.encode("Principal", written.value), "It was deleted in the meantime.")
    cursor = await info.context.cursor_at(written.position)
    return kind(principal=Principal.from_row(row), cursor=cursor)


async def _token(info: Info, ident: UUID) -> Token:
    await info.context.renew()
    row = await info.context.loaders.token.load(ident)
    if row is None:
        raise Missing(node_ids.encode("Token", ident), "It was deleted in the meantime.")
    return Token.from_row(row)
