"""Mutations of many personas and keyword sets in the background."""

from typing import Annotated

import strawberry

from graph.context import Info
from graph.errors import ConflictError, ForbiddenError, UnavailableError, ValidationError
from graph.fields import verb
from graph.inputs.bulk import (
    BulkDeleteKeywordSetsInput,
    BulkDeletePersonasInput,
    BulkSetKeywordSetsEnabledInput,
    BulkSetPersonasEnabledInput,
)
from graph.mutations.arguments import TAKEN
from graph.mutations.bulk_payloads import BulkWritten, begun, enabling
from vocabulary.bulk import BulkKind


@strawberry.type(description="The bulk operation that was accepted.")
class BulkSetPersonasEnabledPayload(BulkWritten):
    """The bulk operation that was accepted."""


@strawberry.type(description="The bulk operation that was accepted.")
class BulkDeletePersonasPayload(BulkWritten):
    """The bulk operation that was accepted."""


@strawberry.type(description="The bulk operation that was accepted.")
class BulkSetKeywordSetsEnabledPayload(BulkWritten):
    """The bulk operation that was accepted."""


@strawberry.type(description="The bulk operation that was accepted.")
class BulkDeleteKeywordSetsPayload(BulkWritten):
    """The bulk operation that was accepted."""


BulkSetPersonasEnabledResult = Annotated[
    BulkSetPersonasEnabledPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union(
        "BulkSetPersonasEnabledResult", description="The bulk operation that was accepted, or why not."
    ),
]
BulkDeletePersonasResult = Annotated[
    BulkDeletePersonasPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union(
        "BulkDeletePersonasResult", description="The bulk operation that was accepted, or why not."
    ),
]
BulkSetKeywordSetsEnabledResult = Annotated[
    BulkSetKeywordSetsEnabledPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union(
        "BulkSetKeywordSetsEnabledResult", description="The bulk operation that was accepted, or why not."
    ),
]
BulkDeleteKeywordSetsResult = Annotated[
    BulkDeleteKeywordSetsPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union(
        "BulkDeleteKeywordSetsResult", description="The bulk operation that was accepted, or why not."
    ),
]


@strawberry.type
class BulkResourceMutations:
    """Mutations of many personas and keyword sets in the background."""

    @verb(
        "Let campaigns use many personas, or use them no more; it is accepted at once and done in the background."
    )
    async def bulk_set_personas_enabled(
        self, info: Info, what: Annotated[BulkSetPersonasEnabledInput, TAKEN]
    ) -> BulkSetPersonasEnabledResult:
        """Let campaigns use many personas, or use them no more."""
        kind = enabling(BulkKind.PERSONA_ENABLE, BulkKind.PERSONA_DISABLE, enabled=what.enabled)
        return await begun(BulkSetPersonasEnabledPayload, info, kind, what, "Persona")

    @verb(
        "Delete many personas that no unfinished campaign uses; it is accepted at once and done in the background."
    )
    async def bulk_delete_personas(
        self, info: Info, what: Annotated[BulkDeletePersonasInput, TAKEN]
    ) -> BulkDeletePersonasResult:
        """Delete many personas that no unfinished campaign uses."""
        return await begun(BulkDeletePersonasPayload, info, BulkKind.PERSONA_DELETE, what, "Persona")

    @verb(
        "Let campaigns use many keyword sets, or use them no more; it is accepted at once and done in the background."
    )
    async def bulk_set_keyword_sets_enabled(
        self, info: Info, what: Annotated[BulkSetKeywordSetsEnabledInput, TAKEN]
    ) -> BulkSetKeywordSetsEnabledResult:
        """Let campaigns use many keyword sets, or use them no more."""
        kind = enabling(BulkKind.KEYWORD_SET_ENABLE, BulkKind.KEYWORD_SET_DISABLE, enabled=what.enabled)
        return await begun(BulkSetKeywordSetsEnabledPayload, info, kind, what, "KeywordSet")

    @verb(
        "Delete many keyword sets that no unfinished campaign uses; it is accepted at once and done in the background."
    )
    async def bulk_delete_keyword_sets(
        self, info: Info, what: Annotated[BulkDeleteKeywordSetsInput, TAKEN]
    ) -> BulkDeleteKeywordSetsResult:
        """Delete many keyword sets that no unfinished campaign uses."""
        return await begun(
            BulkDeleteKeywordSetsPayload, info, BulkKind.KEYWORD_SET_DELETE, what, "KeywordSet"
        )
