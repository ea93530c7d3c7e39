"""Mutations of campaigns."""

from typing import Annotated, TypeVar
from uuid import UUID

import strawberry

from graph import node_ids
from graph.context import Info
from graph.errors import ConflictError, ForbiddenError, Missing, NotFoundError, ValidationError, about
from graph.fields import verb
from graph.inputs import given
from graph.inputs.campaign import (
    CancelCampaignInput,
    CreateCampaignInput,
    DeleteCampaignInput,
    DuplicateCampaignInput,
    PauseCampaignInput,
    ResumeCampaignInput,
    StartCampaignInput,
    UpdateCampaignInput,
)
from graph.mutations.arguments import TAKEN
from graph.scalars import Cursor
from graph.types.campaign import Campaign
from services.written import Written

P = TypeVar("P", bound="CampaignWritten")


@strawberry.type
class CampaignWritten:
    """What a verb on a campaign gives back."""

    campaign: Campaign = strawberry.field(description="The campaign as it is after the change.")
    cursor: Cursor = strawberry.field(
        description="The place of the change in the event log, by which you recognise its echo in a subscription."
    )


@strawberry.type(description="The campaign that was made.")
class CreateCampaignPayload(CampaignWritten):
    """The campaign that was made."""


@strawberry.type(description="The copy that was made, a draft.")
class DuplicateCampaignPayload(CampaignWritten):
    """The copy that was made, a draft."""


@strawberry.type(description="The campaign that was changed.")
class UpdateCampaignPayload(CampaignWritten):
    """The campaign that was changed."""


@strawberry.type(description="The campaign that was deleted.")
class DeleteCampaignPayload:
    """The campaign that was deleted."""

    deleted_id: strawberry.ID = strawberry.field(description="The id of what is gone.")
    cursor: Cursor = strawberry.field(
        description="The place of the change in the event log, by which you recognise its echo in a subscription."
    )


@strawberry.type(description="The campaign that was started.")
class StartCampaignPayload(CampaignWritten):
    """The campaign that was started."""


@strawberry.type(description="The campaign that was paused.")
class PauseCampaignPayload(CampaignWritten):
    """The campaign that was paused."""


@strawberry.type(description="The campaign that was resumed.")
class ResumeCampaignPayload(CampaignWritten):
    """The campaign that was resumed."""


@strawberry.type(description="The campaign that was cancelled.")
class CancelCampaignPayload(CampaignWritten):
    """The campaign that was cancelled."""


CreateCampaignResult = Annotated[
    CreateCampaignPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError,
    strawberry.union("CreateCampaignResult", description="The campaign that was made, or why not."),
]
DuplicateCampaignResult = Annotated[
    DuplicateCampaignPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError,
    strawberry.union("DuplicateCampaignResult", description="The copy that was made, or why not."),
]
UpdateCampaignResult = Annotated[
    UpdateCampaignPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError,
    strawberry.union("UpdateCampaignResult", description="The campaign that was changed, or why not."),
]
DeleteCampaignResult = Annotated[
    DeleteCampaignPayload | NotFoundError | ConflictError | ForbiddenError,
    strawberry.union("DeleteCampaignResult", description="The campaign that was deleted, or why not."),
]
StartCampaignResult = Annotated[
    StartCampaignPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError,
    strawberry.union("StartCampaignResult", description="The campaign that was started, or why not."),
]
PauseCampaignResult = Annotated[
    PauseCampaignPayload | NotFoundError | ConflictError | ForbiddenError,
    strawberry.union("PauseCampaignResult", description="The campaign that was paused, or why not."),
]
ResumeCampaignResult = Annotated[
    ResumeCampaignPayload | NotFoundError | ConflictError | ForbiddenError,
    strawberry.union("ResumeCampaignResult", description="The campaign that was resumed, or why not."),
]
CancelCampaignResult = Annotated[
    CancelCampaignPayload | NotFoundError | ConflictError | ForbiddenError,
    strawberry.union("CancelCampaignResult", description="The campaign that was cancelled, or why not."),
]


@strawberry.type
class CampaignMutations:
    """Mutations of campaigns."""

    @verb("Make a campaign, as a draft.")
    async def create_campaign(
        self, info: Info, what: Annotated[CreateCampaignInput, TAKEN]
    ) -> CreateCampaignResult:
        """Make a campaign, as a draft."""
        context = info.context
        written = await context.services.campaigns.create(context.caller, what.draft())
        return await _payload(CreateCampaignPayload, info, written)

    @verb("Make a draft of your own with the configuration of a campaign, whatever that is doing.")
    async def duplicate_campaign(
        self, info: Info, what: Annotated[DuplicateCampaignInput, TAKEN]
    ) -> DuplicateCampaignResult:
        """Make a draft with the configuration of a campaign."""
        context = info.context
        with about(what.id):
            written = await context.services.campaigns.duplicate(
                context.caller, given.key(what.id, "Campaign"), what.name
            )
        return await _payload(DuplicateCampaignPayload, info, written)

    @verb("Change the name of a campaign, or the configuration of a draft.")
    async def update_campaign(
        self, info: Info, what: Annotated[UpdateCampaignInput, TAKEN]
    ) -> UpdateCampaignResult:
        """Change the name of a campaign, or the configuration of a draft."""
        context = info.context
        with about(what.id):
            written = await context.services.campaigns.update(
                context.caller, given.key(what.id, "Campaign"), what.patch()
            )
        return await _payload(UpdateCampaignPayload, info, written)

    @verb("Delete a campaign that is not running or paused, with its domains; its offsets stay used.")
    async def delete_campaign(
        self, info: Info, what: Annotated[DeleteCampaignInput, TAKEN]
    ) -> DeleteCampaignResult:
        """Delete a campaign that is not running or paused, with its domains; its offsets stay used."""
        context = info.context
        with about(what.id):
            written = await context.services.campaigns.delete(context.caller, given.key(what.id, "Campaign"))
        await context.renew()
        return DeleteCampaignPayload(deleted_id=what.id, cursor=await context.cursor_at(written.position))

    @verb("Run a draft: its phases follow one another. Starting a running campaign changes nothing.")
    async def start_campaign(
        self, info: Info, what: Annotated[StartCampaignInput, TAKEN]
    ) -> StartCampaignResult:
        """Run a draft: its phases follow one another. Starting a running campaign changes nothing."""
        context = info.context
        with about(what.id):
            written = await context.services.campaigns.start(context.caller, given.key(what.id, "Campaign"))
        return await _payload(StartCampaignPayload, info, written)

    @verb("Pause a running campaign. Pausing a paused one changes nothing.")
    async def pause_campaign(
        self, info: Info, what: Annotated[PauseCampaignInput, TAKEN]
    ) -> PauseCampaignResult:
        """Pause a running campaign. Pausing a paused one changes nothing."""
        context = info.context
        with about(what.id):
            written = await context.services.campaigns.pause(context.caller, given.key(what.id, "Campaign"))
        return await _payload(PauseCampaignPayload, info, written)

    @verb("Let a paused campaign go on. Resuming a running one changes nothing.")
    async def resume_campaign(
        self, info: Info, what: Annotated[ResumeCampaignInput, TAKEN]
    ) -> ResumeCampaignResult:
        """Let a paused campaign go on. Resuming a running one changes nothing."""
        context = info.context
        with about(what.id):
            written = await context.services.campaigns.resume(context.caller, given.key(what.id, "Campaign"))
        return await _payload(ResumeCampaignPayload, info, written)

    @verb("End a campaign for good; its results so far stay. Cancelling a cancelled one changes nothing.")
    async def cancel_campaign(
        self, info: Info, what: Annotated[CancelCampaignInput, TAKEN]
    ) -> CancelCampaignResult:
        """End a campaign for good; its results so far stay. Cancelling a cancelled one changes nothing."""
        context = info.context
        with about(what.id):
            written = await context.services.campaigns.cancel(context.caller, given.key(what.id, "Campaign"))
        return await _payload(CancelCampaignPayload, info, written)


async def _payload(kind: type[P], info: Info, written: Written[UUID]) -> P:
    """What was committed, read in a fresh snapshot.

    Raises:
        Missing: somebody deleted it in the meantime.
    """
    await info.context.renew()
    row = await info.context.loaders.campaign.load(written.value)
    if row is None:
        raise Missing(node_ids.encode("Campaign", written.value), "It was deleted in the meantime.")
    cursor = await info.context.cursor_at(written.position)
    return kind(campaign=Campaign.from_row(row), cursor=cursor)
