"""Mutations of many campaigns in the background."""

from typing import Annotated

import strawberry

from graph.context import Info
from graph.errors import ConflictError, ForbiddenError, UnavailableError, ValidationError
from graph.fields import verb
from graph.inputs.bulk_campaigns import (
    BulkArchiveCampaignsInput,
    BulkCancelCampaignsInput,
    BulkDeleteCampaignsInput,
    BulkPauseCampaignsInput,
    BulkResumeCampaignsInput,
    BulkStartCampaignsInput,
)
from graph.mutations.arguments import TAKEN
from graph.mutations.bulk_payloads import BulkWritten, begun
from vocabulary.bulk import BulkKind


@strawberry.type(description="The bulk operation that was accepted.")
class BulkStartCampaignsPayload(BulkWritten):
    """The bulk operation that was accepted."""


@strawberry.type(description="The bulk operation that was accepted.")
class BulkPauseCampaignsPayload(BulkWritten):
    """The bulk operation that was accepted."""


@strawberry.type(description="The bulk operation that was accepted.")
class BulkResumeCampaignsPayload(BulkWritten):
    """The bulk operation that was accepted."""


@strawberry.type(description="The bulk operation that was accepted.")
class BulkCancelCampaignsPayload(BulkWritten):
    """The bulk operation that was accepted."""


@strawberry.type(description="The bulk operation that was accepted.")
class BulkArchiveCampaignsPayload(BulkWritten):
    """The bulk operation that was accepted."""


@strawberry.type(description="The bulk operation that was accepted.")
class BulkDeleteCampaignsPayload(BulkWritten):
    """The bulk operation that was accepted."""


BulkStartCampaignsResult = Annotated[
    BulkStartCampaignsPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union(
        "BulkStartCampaignsResult", description="The bulk operation that was accepted, or why not."
    ),
]
BulkPauseCampaignsResult = Annotated[
    BulkPauseCampaignsPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union(
        "BulkPauseCampaignsResult", description="The bulk operation that was accepted, or why not."
    ),
]
BulkResumeCampaignsResult = Annotated[
    BulkResumeCampaignsPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union(
        "BulkResumeCampaignsResult", description="The bulk operation that was accepted, or why not."
    ),
]
BulkCancelCampaignsResult = Annotated[
    BulkCancelCampaignsPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union(
        "BulkCancelCampaignsResult", description="The bulk operation that was accepted, or why not."
    ),
]
BulkArchiveCampaignsResult = Annotated[
    BulkArchiveCampaignsPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union(
        "BulkArchiveCampaignsResult", description="The bulk operation that was accepted, or why not."
    ),
]
BulkDeleteCampaignsResult = Annotated[
    BulkDeleteCampaignsPayload | ValidationError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union(
        "BulkDeleteCampaignsResult", description="The bulk operation that was accepted, or why not."
    ),
]


@strawberry.type
class BulkCampaignMutations:
    """Mutations of many campaigns in the background."""

    @verb(
        "Start many campaigns, or the next phase of those that wait; it is accepted at once and done in the background."
    )
    async def bulk_start_campaigns(
        self, info: Info, what: Annotated[BulkStartCampaignsInput, TAKEN]
    ) -> BulkStartCampaignsResult:
        """Start many campaigns, or the next phase of those that wait."""
        return await begun(BulkStartCampaignsPayload, info, BulkKind.CAMPAIGN_START, what, "Campaign")

    @verb("Pause many campaigns; it is accepted at once and done in the background.")
    async def bulk_pause_campaigns(
        self, info: Info, what: Annotated[BulkPauseCampaignsInput, TAKEN]
    ) -> BulkPauseCampaignsResult:
        """Pause many campaigns."""
        return await begun(BulkPauseCampaignsPayload, info, BulkKind.CAMPAIGN_PAUSE, what, "Campaign")

    @verb("Resume many campaigns; it is accepted at once and done in the background.")
    async def bulk_resume_campaigns(
        self, info: Info, what: Annotated[BulkResumeCampaignsInput, TAKEN]
    ) -> BulkResumeCampaignsResult:
        """Resume many campaigns."""
        return await begun(BulkResumeCampaignsPayload, info, BulkKind.CAMPAIGN_RESUME, what, "Campaign")

    @verb("Cancel many campaigns for good; it is accepted at once and done in the background.")
    async def bulk_cancel_campaigns(
        self, info: Info, what: Annotated[BulkCancelCampaignsInput, TAKEN]
    ) -> BulkCancelCampaignsResult:
        """Cancel many campaigns for good."""
        return await begun(BulkCancelCampaignsPayload, info, BulkKind.CAMPAIGN_CANCEL, what, "Campaign")

    @verb("Archive many campaigns; it is accepted at once and done in the background.")
    async def bulk_archive_campaigns(
        self, info: Info, what: Annotated[BulkArchiveCampaignsInput, TAKEN]
    ) -> BulkArchiveCampaignsResult:
        """Archive many campaigns."""
        return await begun(BulkArchiveCampaignsPayload, info, BulkKind.CAMPAIGN_ARCHIVE, what, "Campaign")

    @verb("Delete many campaigns; it is accepted at once and done in the background.")
    async def bulk_delete_campaigns(
        self, info: Info, what: Annotated[BulkDeleteCampaignsInput, TAKEN]
    ) -> BulkDeleteCampaignsResult:
        """Delete many campaigns."""
        return await begun(BulkDeleteCampaignsPayload, info, BulkKind.CAMPAIGN_DELETE, what, "Campaign")
