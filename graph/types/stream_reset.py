"""What a stream says when it cannot go on from where the client was."""

from typing import Annotated

import strawberry

from graph.enums import ResetReason
from graph.types.activity_event import ActivitySnapshot
from graph.types.bulk_event import BulkOperationSnapshot
from graph.types.campaign_event import CampaignSnapshot
from graph.types.campaign_list_event import CampaignListSnapshot
from graph.types.domain_event import DomainSnapshot
from graph.types.proxy_event import ProxySnapshot
from graph.types.resource_event import ResourceSnapshot
from graph.types.stream import StreamEvent

Snapshot = (
    CampaignSnapshot
    | ProxySnapshot
    | ActivitySnapshot
    | CampaignListSnapshot
    | DomainSnapshot
    | BulkOperationSnapshot
    | ResourceSnapshot
)

StreamSnapshot = Annotated[
    Snapshot,
    strawberry.union("StreamSnapshot", description="The present state of what a stream is about."),
]


@strawberry.type(
    description="The stream cannot go on from the cursor that was given. Begin anew with `snapshot`."
)
class StreamReset(StreamEvent):
    """The stream cannot go on from the cursor that was given."""

    reason: ResetReason = strawberry.field(description="Why.")
    snapshot: StreamSnapshot = strawberry.field(
        description="The state at `cursor`; what follows it follows this frame."
    )
