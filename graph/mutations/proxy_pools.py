"""Mutations of pools of proxies."""

from typing import Annotated, TypeVar
from uuid import UUID

import strawberry

from graph import node_ids
from graph.context import Info
from graph.errors import (
    ConflictError,
    ForbiddenError,
    Missing,
    NotFoundError,
    UnavailableError,
    ValidationError,
    about,
)
from graph.fields import verb
from graph.inputs import given
from graph.inputs.proxy_pool import (
    AddProxiesToPoolInput,
    CreateProxyPoolInput,
    DeleteProxyPoolInput,
    RemoveProxiesFromPoolInput,
    SetProxyPoolMemberInput,
    UpdateProxyPoolInput,
)
from graph.mutations.arguments import TAKEN
from graph.scalars import Cursor
from graph.types.proxy import ProxyPool
from services.written import Written

P = TypeVar("P", bound="ProxyPoolWritten")

CURSOR = "The place of the change in the event log, by which you recognise its echo in a subscription."


@strawberry.type
class ProxyPoolWritten:
    """What a verb on a pool gives back."""

    pool: ProxyPool = strawberry.field(description="The pool as it is after the change.")
    cursor: Cursor = strawberry.field(description=CURSOR)


@strawberry.type(description="The pool that was made.")
class CreateProxyPoolPayload(ProxyPoolWritten):
    """The pool that was made."""


@strawberry.type(description="The pool that was changed.")
class UpdateProxyPoolPayload(ProxyPoolWritten):
    """The pool that was changed."""


@strawberry.type(description="The pool that proxies were added to.")
class AddProxiesToPoolPayload(ProxyPoolWritten):
    """The pool that proxies were added to."""


@strawberry.type(description="The pool that proxies were removed from.")
class RemoveProxiesFromPoolPayload(ProxyPoolWritten):
    """The pool that proxies were removed from."""


@strawberry.type(description="The pool of which a member was changed.")
class SetProxyPoolMemberPayload(ProxyPoolWritten):
    """The pool of which a member was changed."""


@strawberry.type(description="The pool that was deleted.")
class DeleteProxyPoolPayload:
    """The pool that was deleted."""

    deleted_id: strawberry.ID = strawberry.field(description="The id of what is gone.")
    cursor: Cursor = strawberry.field(description=CURSOR)


CreateProxyPoolResult = Annotated[
    CreateProxyPoolPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("CreateProxyPoolResult", description="The pool that was made, or why not."),
]
UpdateProxyPoolResult = Annotated[
    UpdateProxyPoolPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("UpdateProxyPoolResult", description="The pool that was changed, or why not."),
]
DeleteProxyPoolResult = Annotated[
    DeleteProxyPoolPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("DeleteProxyPoolResult", description="The pool that was deleted, or why not."),
]
AddProxiesToPoolResult = Annotated[
    AddProxiesToPoolPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("AddProxiesToPoolResult", description="The pool with the proxies, or why not."),
]
RemoveProxiesFromPoolResult = Annotated[
    RemoveProxiesFromPoolPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("RemoveProxiesFromPoolResult", description="The pool without the proxies, or why not."),
]
SetProxyPoolMemberResult = Annotated[
    SetProxyPoolMemberPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("SetProxyPoolMemberResult", description="The pool with the changed member, or why not."),
]


@strawberry.type
class ProxyPoolMutations:
    """Mutations of pools of proxies."""

    @verb("Make a pool of proxies.")
    async def create_proxy_pool(
        self, info: Info, what: Annotated[CreateProxyPoolInput, TAKEN]
    ) -> CreateProxyPoolResult:
        """Make a pool of proxies."""
        context = info.context
        written = await context.services.pools.create(context.caller, what.draft(), what.idempotency_key)
        return await _payload(CreateProxyPoolPayload, info, written)

    @verb("Change a pool. Campaigns follow it with the next part of their work, health checks at once.")
    async def update_proxy_pool(
        self, info: Info, what: Annotated[UpdateProxyPoolInput, TAKEN]
    ) -> UpdateProxyPoolResult:
        """Change a pool."""
        context = info.context
        with about(what.id):
            written = await context.services.pools.update(
                context.caller,
                given.key(what.id, "ProxyPool"),
                what.patch(),
                what.expected_version,
                what.idempotency_key,
            )
        return await _payload(UpdateProxyPoolPayload, info, written)

    @verb("Delete a pool that no unfinished campaign uses; its proxies stay.")
    async def delete_proxy_pool(
        self, info: Info, what: Annotated[DeleteProxyPoolInput, TAKEN]
    ) -> DeleteProxyPoolResult:
        """Delete a pool that no unfinished campaign uses."""
        context = info.context
        with about(what.id):
            written = await context.services.pools.delete(
                context.caller, given.key(what.id, "ProxyPool"), what.idempotency_key
            )
        await context.renew()
        return DeleteProxyPoolPayload(deleted_id=what.id, cursor=await context.cursor_at(written.position))

    @verb("Put proxies into a pool.")
    async def add_proxies_to_pool(
        self, info: Info, what: Annotated[AddProxiesToPoolInput, TAKEN]
    ) -> AddProxiesToPoolResult:
        """Put proxies into a pool."""
        context = info.context
        pool_id, proxy_ids = given.key(what.id, "ProxyPool"), given.keys(what.proxy_ids, "Proxy")
        with about(what.id):
            written = await context.services.pools.add_proxies(
                context.caller, pool_id, proxy_ids, what.weight, what.expected_version, what.idempotency_key
            )
        return await _payload(AddProxiesToPoolPayload, info, written)

    @verb("Take proxies out of a pool.")
    async def remove_proxies_from_pool(
        self, info: Info, what: Annotated[RemoveProxiesFromPoolInput, TAKEN]
    ) -> RemoveProxiesFromPoolResult:
        """Take proxies out of a pool."""
        context = info.context
        pool_id, proxy_ids = given.key(what.id, "ProxyPool"), given.keys(what.proxy_ids, "Proxy")
        with about(what.id):
            written = await context.services.pools.remove_proxies(
                context.caller, pool_id, proxy_ids, what.expected_version, what.idempotency_key
            )
        return await _payload(RemoveProxiesFromPoolPayload, info, written)

    @verb("Change how a pool takes one of its proxies.")
    async def set_proxy_pool_member(
        self, info: Info, what: Annotated[SetProxyPoolMemberInput, TAKEN]
    ) -> SetProxyPoolMemberResult:
        """Change how a pool takes one of its proxies."""
        context = info.context
        pool_id = given.key(what.id, "ProxyPool")
        with about(what.id):
            written = await context.services.pools.set_member(
                context.caller,
                pool_id,
                what.proxy_key(),
                what.patch(),
                what.expected_version,
                what.idempotency_key,
            )
        return await _payload(SetProxyPoolMemberPayload, info, written)


async def _payload(kind: type[P], info: Info, written: Written[UUID]) -> P:
    """What was committed, read in a fresh snapshot.

    Raises:
        Missing: somebody deleted it in the meantime.
    """
    await info.context.renew()
    row = await info.context.loaders.proxy_pool.load(written.value)
    if row is None:
        raise Missing(node_ids.encode("ProxyPool", written.value), "It was deleted in the meantime.")
    cursor = await info.context.cursor_at(written.position)
    return kind(pool=ProxyPool.from_row(row), cursor=cursor)
