"""Mutations of many proxies in the background."""

from typing import Annotated

import strawberry

from graph.context import Info
from graph.errors import ConflictError, ForbiddenError, UnavailableError, ValidationError
from graph.fields import verb
from graph.inputs.bulk_proxies import (
    BulkDeleteProxiesInput,
    BulkImportProxiesInput,
    BulkSetProxiesEnabledInput,
    BulkTestProxiesInput,
)
from graph.mutations.arguments import TAKEN
from graph.mutations.bulk_payloads import BulkWritten, begun_on_proxies, enabling, payload
from services.bulk import MAX_ITEMS
from vocabulary.bulk import BulkKind


@strawberry.type(description="The bulk operation that was accepted.")
class BulkSetProxiesEnabledPayload(BulkWritten):
    """The bulk operation that was accepted."""


@strawberry.type(description="The bulk operation that was accepted.")
class BulkTestProxiesPayload(BulkWritten):
    """The bulk operation that was accepted."""


@strawberry.type(description="The bulk operation that was accepted.")
class BulkDeleteProxiesPayload(BulkWritten):
    """The bulk operation that was accepted."""


@strawberry.type(description="The bulk operation that was accepted.")
class BulkImportProxiesPayload(BulkWritten):
    """The bulk operation that was accepted."""


BulkSetProxiesEnabledResult = Annotated[
    BulkSetProxiesEnabledPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union(
        "BulkSetProxiesEnabledResult", description="The bulk operation that was accepted, or why not."
    ),
]
BulkTestProxiesResult = Annotated[
    BulkTestProxiesPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union(
        "BulkTestProxiesResult", description="The bulk operation that was accepted, or why not."
    ),
]
BulkDeleteProxiesResult = Annotated[
    BulkDeleteProxiesPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union(
        "BulkDeleteProxiesResult", description="The bulk operation that was accepted, or why not."
    ),
]
BulkImportProxiesResult = Annotated[
    BulkImportProxiesPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union(
        "BulkImportProxiesResult", description="The bulk operation that was accepted, or why not."
    ),
]


@strawberry.type
class BulkProxyMutations:
    """Mutations of many proxies in the background."""

    @verb(
        "Let campaigns use many proxies, or use them no more; it is accepted at once and done in the background."
    )
    async def bulk_set_proxies_enabled(
        self, info: Info, what: Annotated[BulkSetProxiesEnabledInput, TAKEN]
    ) -> BulkSetProxiesEnabledResult:
        """Let campaigns use many proxies, or use them no more."""
        kind = enabling(BulkKind.PROXY_ENABLE, BulkKind.PROXY_DISABLE, enabled=what.enabled)
        return await begun_on_proxies(BulkSetProxiesEnabledPayload, info, kind, what)

    @verb("Test many proxies, each once; it is accepted at once and done in the background.")
    async def bulk_test_proxies(
        self, info: Info, what: Annotated[BulkTestProxiesInput, TAKEN]
    ) -> BulkTestProxiesResult:
        """Test many proxies, each once."""
        return await begun_on_proxies(BulkTestProxiesPayload, info, BulkKind.PROXY_TEST, what)

    @verb(
        "Delete many proxies that no unfinished campaign uses; it is accepted at once and done in the background."
    )
    async def bulk_delete_proxies(
        self, info: Info, what: Annotated[BulkDeleteProxiesInput, TAKEN]
    ) -> BulkDeleteProxiesResult:
        """Delete many proxies that no unfinished campaign uses."""
        return await begun_on_proxies(BulkDeleteProxiesPayload, info, BulkKind.PROXY_DELETE, what)

    @verb(
        "Add the proxies of a long list that you do not have yet; it is accepted at once and done in the background."
    )
    async def bulk_import_proxies(
        self, info: Info, what: Annotated[BulkImportProxiesInput, TAKEN]
    ) -> BulkImportProxiesResult:
        """Add the proxies of a long list that you do not have yet."""
        context = info.context
        context.spend(MAX_ITEMS)
        written = await context.services.bulk.import_proxies(
            context.caller, what.text, what.protocol, what.idempotency_key
        )
        return await payload(BulkImportProxiesPayload, info, written)
