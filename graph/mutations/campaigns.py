"""Mutations of campaigns."""

from typing import Annotated

import strawberry

from graph.context import Info
from graph.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    UnavailableError,
    ValidationError,
    about,
)
from graph.fields import verb
from graph.inputs import given
from graph.inputs.campaign import ConfigurePhaseInput, CreateCampaignInput, UpdateCampaignInput
from graph.inputs.campaign_control import (
    ArchiveCampaignInput,
    AssignScoringProfileInput,
    DeleteCampaignInput,
    DuplicateCampaignInput,
    SetCampaignModeInput,
)
from graph.mutations.arguments import TAKEN
from graph.mutations.campaign_payloads import CampaignWritten, payload
from graph.scalars import Cursor


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


@strawberry.type(description="The campaign whose phase was configured.")
class ConfigurePhasePayload(CampaignWritten):
    """The campaign whose phase was configured."""


@strawberry.type(description="The campaign that scores by it from now on.")
class AssignScoringProfilePayload(CampaignWritten):
    """The campaign that scores by it from now on."""


@strawberry.type(description="The campaign that was switched.")
class SetCampaignModePayload(CampaignWritten):
    """The campaign that was switched."""


@strawberry.type(description="The campaign that was archived.")
class ArchiveCampaignPayload(CampaignWritten):
    """The campaign that was archived."""


CreateCampaignResult = Annotated[
    CreateCampaignPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("CreateCampaignResult", description="The campaign that was made, or why not."),
]
DuplicateCampaignResult = Annotated[
    DuplicateCampaignPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("DuplicateCampaignResult", description="The copy that was made, or why not."),
]
UpdateCampaignResult = Annotated[
    UpdateCampaignPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("UpdateCampaignResult", description="The campaign that was changed, or why not."),
]
DeleteCampaignResult = Annotated[
    DeleteCampaignPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("DeleteCampaignResult", description="The campaign that was deleted, or why not."),
]
ConfigurePhaseResult = Annotated[
    ConfigurePhasePayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union(
        "ConfigurePhaseResult", description="The campaign whose phase was configured, or why not."
    ),
]
AssignScoringProfileResult = Annotated[
    AssignScoringProfilePayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union(
        "AssignScoringProfileResult", description="The campaign that scores by it from now on, or why not."
    ),
]
SetCampaignModeResult = Annotated[
    SetCampaignModePayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("SetCampaignModeResult", description="The campaign that was switched, or why not."),
]
ArchiveCampaignResult = Annotated[
    ArchiveCampaignPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("ArchiveCampaignResult", description="The campaign that was archived, or why not."),
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
        written = await context.services.campaigns.create(context.caller, what.draft(), what.idempotency_key)
        return await payload(CreateCampaignPayload, info, written)

    @verb("Make a draft of your own with the configuration of a campaign, whatever that is doing.")
    async def duplicate_campaign(
        self, info: Info, what: Annotated[DuplicateCampaignInput, TAKEN]
    ) -> DuplicateCampaignResult:
        """Make a draft with the configuration of a campaign."""
        context = info.context
        with about(what.id):
            written = await context.services.campaigns.duplicate(
                context.caller, given.key(what.id, "Campaign"), what.name, what.idempotency_key
            )
        return await payload(DuplicateCampaignPayload, info, written)

    @verb(
        "Change the name of a campaign, or the configuration of phases that have not started. It can use what its "
        "owner sees."
    )
    async def update_campaign(
        self, info: Info, what: Annotated[UpdateCampaignInput, TAKEN]
    ) -> UpdateCampaignResult:
        """Change the name of a campaign, or the configuration of phases that have not started."""
        context = info.context
        with about(what.id):
            written = await context.services.campaigns.update(
                context.caller,
                given.key(what.id, "Campaign"),
                what.patch(),
                what.expected_version,
                what.idempotency_key,
            )
        return await payload(UpdateCampaignPayload, info, written)

    @verb("Delete a campaign that is not running or paused, with its domains; its offsets stay used.")
    async def delete_campaign(
        self, info: Info, what: Annotated[DeleteCampaignInput, TAKEN]
    ) -> DeleteCampaignResult:
        """Delete a campaign that is not running or paused, with its domains; its offsets stay used."""
        context = info.context
        with about(what.id):
            written = await context.services.campaigns.delete(
                context.caller, given.key(what.id, "Campaign"), what.idempotency_key
            )
        await context.renew()
        return DeleteCampaignPayload(deleted_id=what.id, cursor=await context.cursor_at(written.position))

    @verb("Configure a phase that has not started; one that lacked its configuration can be started then.")
    async def configure_phase(
        self, info: Info, what: Annotated[ConfigurePhaseInput, TAKEN]
    ) -> ConfigurePhaseResult:
        """Configure a phase that has not started."""
        context = info.context
        with about(what.id):
            written = await context.services.campaigns.update(
                context.caller,
                given.key(what.id, "Campaign"),
                what.patch(),
                what.expected_version,
                what.idempotency_key,
            )
        return await payload(ConfigurePhasePayload, info, written)

    @verb(
        "Say by which profile a campaign shall score that was not analysed yet; `rescoreCampaign` is for the others."
    )
    async def assign_scoring_profile(
        self, info: Info, what: Annotated[AssignScoringProfileInput, TAKEN]
    ) -> AssignScoringProfileResult:
        """Say by which profile a campaign shall score that was not analysed yet."""
        context = info.context
        with about(what.id):
            written = await context.services.campaigns.update(
                context.caller,
                given.key(what.id, "Campaign"),
                what.patch(),
                what.expected_version,
                what.idempotency_key,
            )
        return await payload(AssignScoringProfilePayload, info, written)

    @verb("Say how the phases of a campaign shall follow one another from now on.")
    async def set_campaign_mode(
        self, info: Info, what: Annotated[SetCampaignModeInput, TAKEN]
    ) -> SetCampaignModeResult:
        """Say how the phases of a campaign shall follow one another from now on."""
        context = info.context
        with about(what.id):
            written = await context.services.campaigns.set_mode(
                context.caller, given.key(what.id, "Campaign"), what.mode, what.control()
            )
        return await payload(SetCampaignModePayload, info, written)

    @verb("Put a campaign away that has ended, or never began. Archiving an archived one changes nothing.")
    async def archive_campaign(
        self, info: Info, what: Annotated[ArchiveCampaignInput, TAKEN]
    ) -> ArchiveCampaignResult:
        """Put a campaign away that has ended, or never began."""
        context = info.context
        with about(what.id):
            written = await context.services.campaigns.archive(
                context.caller, given.key(what.id, "Campaign"), what.control()
            )
        return await payload(ArchiveCampaignPayload, info, written)
