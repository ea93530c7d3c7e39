"""Mutations of scoring profiles."""

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
from graph.inputs.scoring_profile import (
    CreateScoringProfileInput,
    DeleteScoringProfileInput,
    UpdateScoringProfileInput,
)
from graph.mutations.arguments import TAKEN
from graph.scalars import Cursor
from graph.types.scoring_profile import ScoringProfile
from services.written import Written

P = TypeVar("P", bound="ScoringProfileWritten")

_CURSOR = "The place of the change in the event log, by which you recognise its echo in a subscription."


@strawberry.type
class ScoringProfileWritten:
    """What a verb on a scoring profile gives back."""

    scoring_profile: ScoringProfile = strawberry.field(description="The profile as it is after the change.")
    cursor: Cursor = strawberry.field(description=_CURSOR)


@strawberry.type(description="The scoring profile that was made.")
class CreateScoringProfilePayload(ScoringProfileWritten):
    """The scoring profile that was made."""


@strawberry.type(description="The scoring profile that was changed.")
class UpdateScoringProfilePayload(ScoringProfileWritten):
    """The scoring profile that was changed."""


@strawberry.type(description="The scoring profile that was deleted.")
class DeleteScoringProfilePayload:
    """The scoring profile that was deleted."""

    deleted_id: strawberry.ID = strawberry.field(description="The id of what is gone.")
    cursor: Cursor = strawberry.field(description=_CURSOR)


CreateScoringProfileResult = Annotated[
    CreateScoringProfilePayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union("CreateScoringProfileResult", description="The profile that was made, or why not."),
]
UpdateScoringProfileResult = Annotated[
    UpdateScoringProfilePayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("UpdateScoringProfileResult", description="The profile that was changed, or why not."),
]
DeleteScoringProfileResult = Annotated[
    DeleteScoringProfilePayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("DeleteScoringProfileResult", description="The profile that was deleted, or why not."),
]


@strawberry.type
class ScoringProfileMutations:
    """Mutations of scoring profiles."""

    @verb("Make a scoring profile.")
    async def create_scoring_profile(
        self, info: Info, what: Annotated[CreateScoringProfileInput, TAKEN]
    ) -> CreateScoringProfileResult:
        """Make a scoring profile."""
        context = info.context
        written = await context.services.scoring_profiles.create(
            context.caller, what.draft(), what.idempotency_key
        )
        return await _payload(CreateScoringProfilePayload, info, written)

    @verb("Change a scoring profile: it gets a new version, which campaigns take when they are scored next.")
    async def update_scoring_profile(
        self, info: Info, what: Annotated[UpdateScoringProfileInput, TAKEN]
    ) -> UpdateScoringProfileResult:
        """Change a scoring profile."""
        context = info.context
        with about(what.id):
            written = await context.services.scoring_profiles.update(
                context.caller,
                given.key(what.id, "ScoringProfile"),
                what.patch(),
                what.expected_version,
                what.idempotency_key,
            )
        return await _payload(UpdateScoringProfilePayload, info, written)

    @verb("Delete a scoring profile that no campaign needs any more; scores keep what they were made by.")
    async def delete_scoring_profile(
        self, info: Info, what: Annotated[DeleteScoringProfileInput, TAKEN]
    ) -> DeleteScoringProfileResult:
        """Delete a scoring profile that no campaign needs any more."""
        context = info.context
        with about(what.id):
            written = await context.services.scoring_profiles.delete(
                context.caller, given.key(what.id, "ScoringProfile"), what.idempotency_key
            )
        await context.renew()
        cursor = await context.cursor_at(written.position)
        return DeleteScoringProfilePayload(deleted_id=what.id, cursor=cursor)


async def _payload(kind: type[P], info: Info, written: Written[UUID]) -> P:
    """What was committed, read in a fresh snapshot.

    Raises:
        Missing: somebody deleted it in the meantime.
    """
    await info.context.renew()
    row = await info.context.loaders.scoring_profile.load(written.value)
    if row is None:
        raise Missing(node_ids.encode("ScoringProfile", written.value), "It was deleted in the meantime.")
    cursor = await info.context.cursor_at(written.position)
    return kind(scoring_profile=ScoringProfile.from_row(row), cursor=cursor)
