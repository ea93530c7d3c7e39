"""What all streams have in common: events with a cursor."""

from datetime import datetime

import strawberry

from graph.scalars import Cursor


@strawberry.interface(
    description="One frame of a stream. Subscribe again with its `cursor` as `after` and miss nothing."
)
class StreamEvent:
    """One frame of a stream."""

    cursor: Cursor = strawberry.field(
        description="The position of the event log that this frame brings the client to."
    )


@strawberry.interface(description="Something that happened.")
class Happening(StreamEvent):
    """Something that happened, with the moment of its commit."""

    at: datetime = strawberry.field(description="When it was committed.")
