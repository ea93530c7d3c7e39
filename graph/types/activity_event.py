"""The events of `activity`."""

import strawberry

from graph.types.campaign import Activity
from graph.types.stream import Happening, StreamEvent


@strawberry.type(
    description="The latest activity of this kind at `cursor`; what happens from then on follows."
)
class ActivitySnapshot(StreamEvent):
    """The latest activity."""

    activities: list[Activity] = strawberry.field(description="At most 50, newest first.")


@strawberry.type(description="Something happened.")
class ActivityAdded(Happening):
    """Something happened."""

    activity: Activity = strawberry.field(description="What happened.")
