"""Mutations of personas."""

from typing import Annotated, TypeVar
from uuid import UUID

import strawberry

from graph import node_ids
from graph.context import Info
from graph.errors import ConflictError, ForbiddenError, Missing, NotFoundError, ValidationError, about
from graph.fields import verb
from graph.inputs import given
from graph.inputs.persona import CreatePersonaInput, DeletePersonaInput, UpdatePersonaInput
from graph.mutations.arguments import TAKEN
from graph.scalars import Cursor
from graph.types.persona import Persona
from services.written import Written

P = TypeVar("P", bound="PersonaWritten")


@strawberry.type
class PersonaWritten:
    """What a verb on a persona gives back."""

    persona: Persona = strawberry.field(description="The persona as it is after the change.")
    cursor: Cursor = strawberry.field(
        description="The place of the change in the event log, by which you recognise its echo in a subscription."
    )


@strawberry.type(description="The persona that was made.")
class CreatePersonaPayload(PersonaWritten):
    """The persona that was made."""


@strawberry.type(description="The persona that was changed.")
class UpdatePersonaPayload(PersonaWritten):
    """The persona that was changed."""


@strawberry.type(description="The persona that was deleted.")
class DeletePersonaPayload:
    """The persona that was deleted."""

    deleted_id: strawberry.ID = strawberry.field(description="The id of what is gone.")
    cursor: Cursor = strawberry.field(
        description="The place of the change in the event log, by which you recognise its echo in a subscription."
    )


CreatePersonaResult = Annotated[
    CreatePersonaPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError,
    strawberry.union("CreatePersonaResult", description="The persona that was made, or why not."),
]
UpdatePersonaResult = Annotated[
    UpdatePersonaPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError,
    strawberry.union("UpdatePersonaResult", description="The persona that was changed, or why not."),
]
DeletePersonaResult = Annotated[
    DeletePersonaPayload | NotFoundError | ConflictError | ForbiddenError,
    strawberry.union("DeletePersonaResult", description="The persona that was deleted, or why not."),
]


@strawberry.type
class PersonaMutations:
    """Mutations of personas."""

    @verb("Make a persona.")
    async def create_persona(
        self, info: Info, what: Annotated[CreatePersonaInput, TAKEN]
    ) -> CreatePersonaResult:
        """Make a persona."""
        context = info.context
        written = await context.services.personas.create(context.caller, what.draft())
        return await _payload(CreatePersonaPayload, info, written)

    @verb("Change a persona; its type stays.")
    async def update_persona(
        self, info: Info, what: Annotated[UpdatePersonaInput, TAKEN]
    ) -> UpdatePersonaResult:
        """Change a persona; its type stays."""
        context = info.context
        with about(what.id):
            written = await context.services.personas.update(
                context.caller, given.key(what.id, "Persona"), what.patch()
            )
        return await _payload(UpdatePersonaPayload, info, written)

    @verb("Delete a persona that no unfinished campaign uses.")
    async def delete_persona(
        self, info: Info, what: Annotated[DeletePersonaInput, TAKEN]
    ) -> DeletePersonaResult:
        """Delete a persona that no unfinished campaign uses."""
        context = info.context
        with about(what.id):
            written = await context.services.personas.delete(context.caller, given.key(what.id, "Persona"))
        await context.renew()
        return DeletePersonaPayload(deleted_id=what.id, cursor=await context.cursor_at(written.position))


async def _payload(kind: type[P], info: Info, written: Written[UUID]) -> P:
    """What was committed, read in a fresh snapshot.

    Raises:
        Missing: somebody deleted it in the meantime.
    """
    await info.context.renew()
    row = await info.context.loaders.persona.load(written.value)
    if row is None:
        raise Missing(node_ids.encode("Persona", written.value), "It was deleted in the meantime.")
    cursor = await info.context.cursor_at(written.position)
    return kind(persona=Persona.from_row(row), cursor=cursor)
