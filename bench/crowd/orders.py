"""What a crowd's process is told to do, a line of JSON each, and what it answers."""

from collections.abc import Sequence
from typing import Any

import msgspec

Payload = dict[str, Any]


class Join(msgspec.Struct, frozen=True, tag=True):
    """Open connections until there are so many, and subscribe on each of the new ones.

    Attributes:
        connections: how many there are to be.
        streams: the payloads of one connection's `subscribe` messages; connections take them in turn.
        first: the number of the next event of each.
    """

    connections: int
    streams: Sequence[Sequence[Payload]]
    first: int


class Follow(msgspec.Struct, frozen=True, tag=True):
    """Subscribe to so many streams more on each connection that is there."""

    streams: Sequence[Payload]
    first: int


class Until(msgspec.Struct, frozen=True, tag=True):
    """Wait until each subscription has the event of this number."""

    number: int


class Leave(msgspec.Struct, frozen=True, tag=True):
    """Wait for the server's end, and forget the last events: the so-manieth client the so many of `spread` in turn."""

    spread: int


class Resume(msgspec.Struct, frozen=True, tag=True):
    """Come back, all at once, each with the cursor of the last event that it has."""

    url: str
    streams: Sequence[Sequence[Payload]]


Order = Join | Follow | Until | Leave | Resume


class Heard(msgspec.Struct, frozen=True):
    """What all subscribers of a crowd have heard until now.

    Attributes:
        delivered: events, each the next of its subscription.
        faults: what else they were told, or became of their connections.
        texts: the first few of them in words.
        refusals: how often the server has not let one in that came back.
        at: when the last event that was awaited came, on the monotonic clock of the machine.
    """

    delivered: int
    faults: int
    texts: Sequence[str]
    refusals: int
    at: float
