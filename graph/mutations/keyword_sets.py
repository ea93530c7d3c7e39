"""Mutations of keyword sets."""

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
from graph.inputs.keyword_set import CreateKeywordSetInput, DeleteKeywordSetInput, UpdateKeywordSetInput
from graph.mutations.arguments import TAKEN
from graph.scalars import Cursor
from graph.types.keyword_set import KeywordSet
from services.written import Written

P = TypeVar("P", bound="KeywordSetWritten")


@strawberry.type
class KeywordSetWritten:
    """What a verb on a keyword set gives back."""

    keyword_set: KeywordSet = strawberry.field(description="The keyword set as it is after the change.")
    cursor: Cursor = strawberry.field(
        description="The place of the change in the event log, by which you recognise its echo in a subscription."
    )


@strawberry.type(description="The keyword set that was made.")
class CreateKeywordSetPayload(KeywordSetWritten):
    """The keyword set that was made."""


@strawberry.type(description="The keyword set that was changed.")
class UpdateKeywordSetPayload(KeywordSetWritten):
    """The keyword set that was changed."""


@strawberry.type(description="The keyword set that was deleted.")
class DeleteKeywordSetPayload:
    """The keyword set that was deleted."""

    deleted_id: strawberry.ID = strawberry.field(description="The id of what is gone.")
    cursor: Cursor = strawberry.field(
        description="The place of the change in the event log, by which you recognise its echo in a subscription."
    )


CreateKeywordSetResult = Annotated[
    CreateKeywordSetPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("CreateKeywordSetResult", description="The keyword set that was made, or why not."),
]
UpdateKeywordSetResult = Annotated[
    UpdateKeywordSetPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("UpdateKeywordSetResult", description="The keyword set that was changed, or why not."),
]
DeleteKeywordSetResult = Annotated[
    DeleteKeywordSetPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("DeleteKeywordSetResult", description="The keyword set that was deleted, or why not."),
]


@strawberry.type
class KeywordSetMutations:
    """Mutations of keyword sets."""

    @verb("Make a keyword set.")
    async def create_keyword_set(
        self, info: Info, what: Annotated[CreateKeywordSetInput, TAKEN]
    ) -> CreateKeywordSetResult:
        """Make a keyword set."""
        context = info.context
        written = await context.services.keyword_sets.create(
            context.caller, what.draft(), what.idempotency_key
        )
        return await _payload(CreateKeywordSetPayload, info, written)

    @verb("Change a keyword set.")
    async def update_keyword_set(
        self, info: Info, what: Annotated[UpdateKeywordSetInput, TAKEN]
    ) -> UpdateKeywordSetResult:
        """Change a keyword set."""
        context = info.context
        with about(what.id):
            written = await context.services.keyword_sets.update(
                context.caller,
                given.key(what.id, "KeywordSet"),
                what.patch(),
                what.expected_version,
                what.idempotency_key,
            )
        return await _payload(UpdateKeywordSetPayload, info, written)

    @verb("Delete a keyword set that no unfinished campaign uses.")
    async def delete_keyword_set(
        self, info: Info, what: Annotated[DeleteKeywordSetInput, TAKEN]
    ) -> DeleteKeywordSetResult:
        """Delete a keyword set that no unfinished campaign uses."""
        context = info.context
        with about(what.id):
            written = await context.services.keyword_sets.delete(
                context.caller, given.key(what.id, "KeywordSet"), what.idempotency_key
            )
        await context.renew()
        return DeleteKeywordSetPayload(deleted_id=what.id, cursor=await context.cursor_at(written.position))


async def _payload(kind: type[P], info: Info, written: Written[UUID]) -> P:
    """What was committed, read in a fresh snapshot.

    Raises:
        Missing: somebody deleted it in the meantime.
    """
    await info.context.renew()
    row = await info.context.loaders.keyword_set.load(written.value)
    if row is None:
        raise Missing(node_ids.encode("KeywordSet", written.value), "It was deleted in the meantime.")
    cursor = await info.context.cursor_at(written.position)
    return kind(keyword_set=KeywordSet.from_row(row), cursor=cursor)
