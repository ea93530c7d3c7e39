"""What all subscribers of a crowd count together."""

from asyncio import Event
from dataclasses import dataclass, field

FAULTS_KEPT = 10
NOBODY_WAITS = 1 << 62


@dataclass
class Tally:
    """The counts.

    Attributes:
        delivered: events that were the next of their subscription.
        awaited: with how many of them `arrived` is set.
        faults: all else that a subscriber was told, or that became of its connection; `broken` is set with the first.
        texts: the first few of them in words.
        cursors: the cursor of each event by its number.
        connections: how many there are; `gone` is set when there are none any more.
        leaving: whether connections may end.
        returning: whether they come back, and may be refused; `refusals` counts how often.
    """

    delivered: int = 0
    awaited: int = NOBODY_WAITS
    arrived: Event = field(default_factory=Event)
    broken: Event = field(default_factory=Event)
    faults: int = 0
    texts: list[str] = field(default_factory=list)
    cursors: dict[int, str] = field(default_factory=dict)
    connections: int = 0
    gone: Event = field(default_factory=Event)
    leaving: bool = False
    returning: bool = False
    refusals: int = 0

    def connected(self) -> None:
        """There is a connection more."""
        self.connections += 1

    def disconnected(self, text: str, *, refused: bool) -> None:
        """There is one less; only the crowd ends any, but that a server may refuse one that comes back."""
        self.connections -= 1
        if not self.connections:
            self.gone.set()
        if refused and self.returning:
            self.refusals += 1
        elif not self.leaving:
            self.fault(text)

    def fault(self, text: str) -> None:
        """Something that must not be."""
        self.faults += 1
        self.broken.set()
        if len(self.texts) < FAULTS_KEPT:
            self.texts.append(text)
