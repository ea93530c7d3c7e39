"""The events of `campaignList`."""

import strawberry

from graph.scalars import BigInt
from graph.types.campaign import Campaign
from graph.types.stream import Happening, StreamEvent


@strawberry.type(
    description="The campaigns that the filter lets through, newest first, as they are at `cursor`."
)
class CampaignListSnapshot(StreamEvent):
    """The campaigns that the filter lets through."""

    campaigns: list[Campaign] = strawberry.field(description="The newest ones, at most 500.")
    omitted: BigInt = strawberry.field(description="How many more there are.")


@strawberry.type(
    description="A campaign is in the list from now on: put it there, or in place of what you have of it."
)
class CampaignAdded(Happening):
    """A campaign is in the list from now on."""

    campaign: Campaign = strawberry.field(description="The campaign, as it was when this was sent or later.")


@strawberry.type(
    description="A campaign of the list has changed, or is further: put it in place of what you have of it."
)
class CampaignChanged(Happening):
    """A campaign of the list has changed."""

    campaign: Campaign = strawberry.field(description="The campaign, as it was when this was sent or later.")

    skipped: int = strawberry.field(
        default=0,
        description="How many updates of its progress were left out since the one before, because of `maxRate`; 0 "
        "without it.",
    )


@strawberry.type(
    description="A campaign is not in the list any more: it was deleted, or the filter keeps it out."
)
class CampaignRemoved(Happening):
    """A campaign is not in the list any more."""

    campaign_id: strawberry.ID = strawberry.field(description="Which campaign.")
