"""What the verbs on a campaign give back."""

from typing import TypeVar
from uuid import UUID

import strawberry

from graph import node_ids
from graph.context import Info
from graph.errors import Missing
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


async def payload(kind: type[P], info: Info, written: Written[UUID]) -> P:
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
