"""Mutations of proxies."""

from typing import Annotated, TypeVar

import strawberry

from graph.context import Info
from graph.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    UnavailableError,
    ValidationError,
    about,
    still_seen,
)
from graph.fields import verb
from graph.inputs import given
from graph.inputs.proxy import (
    CreateProxyInput,
    DeleteProxyInput,
    SetProxyEnabledInput,
    TestProxyInput,
    UpdateProxyInput,
)
from graph.mutations.arguments import TAKEN
from graph.scalars import Cursor
from graph.types.proxy import Proxy
from services.proxies import ProxyPatch
from services.written import Written
from vocabulary.proxies import ProxyState

P = TypeVar("P", bound="ProxyWritten")


@strawberry.type
class ProxyWritten:
    """What a verb on a proxy gives back."""

    proxy: Proxy = strawberry.field(description="The proxy as it is after the change.")
    cursor: Cursor = strawberry.field(
        description="The place of the change in the event log, by which you recognise its echo in a subscription."
    )


@strawberry.type(description="The proxy that was added.")
class CreateProxyPayload(ProxyWritten):
    """The proxy that was added."""


@strawberry.type(description="The proxy that was changed.")
class UpdateProxyPayload(ProxyWritten):
    """The proxy that was changed."""


@strawberry.type(description="The proxy that was removed.")
class DeleteProxyPayload:
    """The proxy that was removed."""

    deleted_id: strawberry.ID = strawberry.field(description="The id of what is gone.")
    cursor: Cursor = strawberry.field(
        description="The place of the change in the event log, by which you recognise its echo in a subscription."
    )


@strawberry.type(description="The proxy that is being tested.")
class TestProxyPayload(ProxyWritten):
    """The proxy that is being tested."""


@strawberry.type(description="The proxy that was enabled or disabled.")
class SetProxyEnabledPayload(ProxyWritten):
    """The proxy that was enabled or disabled."""


CreateProxyResult = Annotated[
    CreateProxyPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union("CreateProxyResult", description="The proxy that was added, or why not."),
]
UpdateProxyResult = Annotated[
    UpdateProxyPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union("UpdateProxyResult", description="The proxy that was changed, or why not."),
]
SetProxyEnabledResult = Annotated[
    SetProxyEnabledPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("SetProxyEnabledResult", description="The proxy that was changed, or why not."),
]
DeleteProxyResult = Annotated[
    DeleteProxyPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union("DeleteProxyResult", description="The proxy that was removed, or why not."),
]
TestProxyResult = Annotated[
    TestProxyPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union("TestProxyResult", description="The proxy that is being tested, or why not."),
]


@strawberry.type
class ProxyMutations:
    """Mutations of proxies."""

    @verb("Add a proxy. If it is enabled a worker tests it at once.")
    async def create_proxy(self, info: Info, what: Annotated[CreateProxyInput, TAKEN]) -> CreateProxyResult:
        """Add a proxy. If it is enabled a worker tests it at once."""
        context = info.context
        written = await context.services.proxies.create(context.caller, what.draft(), what.idempotency_key)
        return await _payload(CreateProxyPayload, info, written)

    @verb("Change a proxy.")
    async def update_proxy(self, info: Info, what: Annotated[UpdateProxyInput, TAKEN]) -> UpdateProxyResult:
        """Change a proxy."""
        context = info.context
        with about(what.id):
            written = await context.services.proxies.update(
                context.caller,
                given.key(what.id, "Proxy"),
                what.patch(),
                what.expected_version,
                what.idempotency_key,
            )
        return await _payload(UpdateProxyPayload, info, written)

    @verb("Let campaigns use a proxy, or not. One that is enabled is tested at once.")
    async def set_proxy_enabled(
        self, info: Info, what: Annotated[SetProxyEnabledInput, TAKEN]
    ) -> SetProxyEnabledResult:
        """Let campaigns use a proxy, or not."""
        context = info.context
        patch = ProxyPatch(enabled=what.enabled)
        with about(what.id):
            written = await context.services.proxies.update(
                context.caller,
                given.key(what.id, "Proxy"),
                patch,
                what.expected_version,
                what.idempotency_key,
            )
        return await _payload(SetProxyEnabledPayload, info, written)

    @verb("Remove a proxy that no unfinished campaign uses.")
    async def delete_proxy(self, info: Info, what: Annotated[DeleteProxyInput, TAKEN]) -> DeleteProxyResult:
        """Remove a proxy that no unfinished campaign uses."""
        context = info.context
        with about(what.id):
            written = await context.services.proxies.delete(
                context.caller, given.key(what.id, "Proxy"), what.idempotency_key
            )
        await context.renew()
        return DeleteProxyPayload(deleted_id=what.id, cursor=await context.cursor_at(written.position))

    @verb("Have a worker test a proxy now; what it finds arrives as an event.")
    async def test_proxy(self, info: Info, what: Annotated[TestProxyInput, TAKEN]) -> TestProxyResult:
        """Have a worker test a proxy now; what it finds arrives as an event."""
        context = info.context
        with about(what.id):
            written = await context.services.proxies.test(
                context.caller, given.key(what.id, "Proxy"), what.idempotency_key
            )
        return await _payload(TestProxyPayload, info, written)


async def _payload(kind: type[P], info: Info, written: Written[ProxyState]) -> P:
    await info.context.renew()
    proxy = Proxy.from_state(written.value)
    still_seen(info.context.caller, written.value.owner_id, proxy.id)
    return kind(proxy=proxy, cursor=await info.context.cursor_at(written.position))
