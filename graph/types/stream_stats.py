"""What a process counts of the streams that it serves."""

from typing import Self

import strawberry

from graph.scalars import BigInt
from vocabulary.streams import FieldCounts, StreamCounts


@strawberry.type(description="What a process counts of one subscription field.")
class FieldStats:
    """What a process counts of one subscription field."""

    field: str = strawberry.field(description="The field of `Subscription`.")
    subscriptions: int = strawberry.field(description="How many follow it now.")
    groups: int = strawberry.field(
        description="Into how many groups of equal ones they fall; each is executed and encoded once."
    )
    delivered: BigInt = strawberry.field(description="Frames that were handed to clients.")
    delivered_bytes: BigInt = strawberry.field(description="Bytes of them.")
    replayed: BigInt = strawberry.field(
        description="Frames that were rendered out of the log for whoever was behind."
    )
    resets: BigInt = strawberry.field(
        description="Snapshots for clients, one or many, that began anew: the log could not be continued for them."
    )

    @classmethod
    def from_counts(cls, counts: FieldCounts) -> Self:
        """The counts of the process."""
        return cls(
            field=counts.field,
            subscriptions=counts.subscriptions,
            groups=counts.groups,
            delivered=BigInt(counts.delivered),
            delivered_bytes=BigInt(counts.delivered_bytes),
            replayed=BigInt(counts.replayed),
            resets=BigInt(counts.resets),
        )


@strawberry.type(
    description="The streams of the process that answers, since it began. Nothing is ever dropped: whoever is slow "
    "lags, and catches up from the log, or is told by a reset that the log does not reach so far."
)
class StreamStats:
    """The streams of the process that answers."""

    clients: int = strawberry.field(description="WebSockets that are open.")
    subscriptions: int = strawberry.field(description="Subscriptions over all fields and transports.")
    groups: int = strawberry.field(description="Groups of equal subscriptions over all fields.")
    published: BigInt = strawberry.field(description="Events of the log that have reached this process.")
    delivered: BigInt = strawberry.field(description="Frames that were handed to clients.")
    replayed: BigInt = strawberry.field(
        description="Frames that were rendered out of the log for whoever was behind."
    )
    resets: BigInt = strawberry.field(
        description="Snapshots for clients, one or many, that began anew: the log could not be continued for them."
    )
    position: BigInt = strawberry.field(description="The newest event that has reached this process.")
    lag: BigInt = strawberry.field(
        description="How many events the log has that this process has not read yet."
    )
    fields: list[FieldStats] = strawberry.field(
        description="The same for each field that anybody has followed, by name."
    )

    @classmethod
    def from_counts(cls, counts: StreamCounts, head: int) -> Self:
        """The counts of the process, where the log ends at `head`."""
        fields = counts.fields
        return cls(
            clients=counts.clients,
            subscriptions=sum(one.subscriptions for one in fields),
            groups=sum(one.groups for one in fields),
            published=BigInt(counts.published),
            delivered=BigInt(sum(one.delivered for one in fields)),
            replayed=BigInt(sum(one.replayed for one in fields)),
            resets=BigInt(sum(one.resets for one in fields)),
            position=BigInt(counts.position),
            lag=BigInt(max(head - counts.position, 0)),
            fields=[FieldStats.from_counts(one) for one in sorted(fields, key=lambda one: one.field)],
        )
