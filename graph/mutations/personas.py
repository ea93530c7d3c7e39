"""Mutations of personas."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, TypeVar
from uuid import UUID

import strawberry

from core.errors import NotFound
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
from graph.inputs.persona import CreatePersonaInput, DeletePersonaInput, UpdatePersonaInput
from graph.inputs.persona_test import DuplicatePersonaInput, TestPersonaInput
from graph.mutations.arguments import TAKEN
from graph.scalars import Cursor
from graph.types.persona import Persona
from graph.types.persona_test import PersonaTestReport, report
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


@strawberry.type(description="The copy that was made.")
class DuplicatePersonaPayload(PersonaWritten):
    """The copy that was made."""


@strawberry.type(description="What a test of a persona saw; nothing of the persona was changed.")
class TestPersonaPayload(PersonaWritten):
    """What a test of a persona saw."""

    report: PersonaTestReport = strawberry.field(description="What it did and saw.")


@strawberry.type(description="The persona that was deleted.")
class DeletePersonaPayload:
    """The persona that was deleted."""

    deleted_id: strawberry.ID = strawberry.field(description="The id of what is gone.")
    cursor: Cursor = strawberry.field(
        description="The place of the change in the event log, by which you recognise its echo in a subscription."
    )


CreatePersonaResult = Annotated[
    CreatePersonaPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("CreatePersonaResult", description="The persona that was made, or why not."),
]
UpdatePersonaResult = Annotated[
    UpdatePersonaPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("UpdatePersonaResult", description="The persona that was changed, or why not."),
]
DeletePersonaResult = Annotated[
    DeletePersonaPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("DeletePersonaResult", description="The persona that was deleted, or why not."),
]

DuplicatePersonaResult = Annotated[
    DuplicatePersonaPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("DuplicatePersonaResult", description="The copy that was made, or why not."),
]
TestPersonaResult = Annotated[
    TestPersonaPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union("TestPersonaResult", description="What the test saw, or why none was made."),
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
        written = await context.services.personas.create(context.caller, what.draft(), what.idempotency_key)
        return await _payload(CreatePersonaPayload, info, written)

    @verb("Change a persona; its type stays.")
    async def update_persona(
        self, info: Info, what: Annotated[UpdatePersonaInput, TAKEN]
    ) -> UpdatePersonaResult:
        """Change a persona; its type stays."""
        context = info.context
        with about(what.id):
            written = await context.services.personas.update(
                context.caller,
                given.key(what.id, "Persona"),
                what.patch(),
                what.expected_version,
                what.idempotency_key,
            )
        return await _payload(UpdatePersonaPayload, info, written)

    @verb("Make a persona that is configured like another one.")
    async def duplicate_persona(
        self, info: Info, what: Annotated[DuplicatePersonaInput, TAKEN]
    ) -> DuplicatePersonaResult:
        """Make a persona that is configured like another one."""
        context = info.context
        with about(what.id):
            written = await context.services.personas.duplicate(
                context.caller, given.key(what.id, "Persona"), what.name, what.idempotency_key
            )
        return await _payload(DuplicatePersonaPayload, info, written)

    @verb(
        "Really look a name up, or fetch a page, as a persona does, and see what it did. Nothing is kept of it but, "
        "with an `idempotencyKey`, the report: it is the answer to whoever asks again."
    )
    async def test_persona(self, info: Info, what: Annotated[TestPersonaInput, TAKEN]) -> TestPersonaResult:
        """Try a persona out."""
        context, trial = info.context, what.trial()
        try:
            written = await context.services.personas.tests.run(context.caller, trial, what.idempotency_key)
        except NotFound as error:
            is_other = error.ident != str(trial.persona_id) and what.dns_persona_id is not None
            field, ident = ("dnsPersonaId", what.dns_persona_id or "") if is_other else ("id", what.id)
            raise Missing(ident, str(error), field) from error
        of_it = Written(trial.persona_id, written.position)
        return await _payload(partial(TestPersonaPayload, report=report(written.value)), info, of_it)

    @verb("Delete a persona that no unfinished campaign uses.")
    async def delete_persona(
        self, info: Info, what: Annotated[DeletePersonaInput, TAKEN]
    ) -> DeletePersonaResult:
        """Delete a persona that no unfinished campaign uses."""
        context = info.context
        with about(what.id):
            written = await context.services.personas.delete(
                context.caller, given.key(what.id, "Persona"), what.idempotency_key
            )
        await context.renew()
        return DeletePersonaPayload(deleted_id=what.id, cursor=await context.cursor_at(written.position))


async def _payload(kind: Callable[..., P], info: Info, written: Written[UUID]) -> P:
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
