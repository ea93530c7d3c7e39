"""What a process counts of the streams that it serves, for those who look after it."""

import msgspec


class FieldCounts(msgspec.Struct, frozen=True):
    """One subscription field: how many follow it now, and what was done for them since the process began."""

    field: str
    subscriptions: int = 0
    groups: int = 0
    delivered: int = 0
    delivered_bytes: int = 0
    replayed: int = 0
    resets: int = 0


class StreamCounts(msgspec.Struct, frozen=True):
    """One process: `clients` are open WebSockets, `published` events of the log that reached it, up to `position`."""

    clients: int = 0
    published: int = 0
    position: int = 0
    fields: tuple[FieldCounts, ...] = ()
