"""Inputs of the verbs on many campaigns."""

import strawberry

from graph.inputs.keyed import KeyedInput
from services.bulk import MAX_IDS


@strawberry.input(description="Start many campaigns, or the next phase of those that wait.")
class BulkStartCampaignsInput(KeyedInput):
    """Start many campaigns, or the next phase of those that wait."""

    ids: list[strawberry.ID] = strawberry.field(
        description=f"Which campaigns, 1 to {MAX_IDS}; each is done once."
    )


@strawberry.input(description="Pause many campaigns.")
class BulkPauseCampaignsInput(KeyedInput):
    """Pause many campaigns."""

    ids: list[strawberry.ID] = strawberry.field(
        description=f"Which campaigns, 1 to {MAX_IDS}; each is done once."
    )


@strawberry.input(description="Resume many campaigns.")
class BulkResumeCampaignsInput(KeyedInput):
    """Resume many campaigns."""

    ids: list[strawberry.ID] = strawberry.field(
        description=f"Which campaigns, 1 to {MAX_IDS}; each is done once."
    )


@strawberry.input(description="Cancel many campaigns for good.")
class BulkCancelCampaignsInput(KeyedInput):
    """Cancel many campaigns for good."""

    ids: list[strawberry.ID] = strawberry.field(
        description=f"Which campaigns, 1 to {MAX_IDS}; each is done once."
    )


@strawberry.input(description="Archive many campaigns.")
class BulkArchiveCampaignsInput(KeyedInput):
    """Archive many campaigns."""

    ids: list[strawberry.ID] = strawberry.field(
        description=f"Which campaigns, 1 to {MAX_IDS}; each is done once."
    )


@strawberry.input(description="Delete many campaigns.")
class BulkDeleteCampaignsInput(KeyedInput):
    """Delete many campaigns."""

    ids: list[strawberry.ID] = strawberry.field(
        description=f"Which campaigns, 1 to {MAX_IDS}; each is done once."
    )
