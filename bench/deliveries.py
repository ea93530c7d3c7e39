"""How long events take from their commit to a client: one machine, so one clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.history import Logged, Received, position_of


@dataclass(frozen=True)
class Delivery:
    """One frame at one client: when its event was committed and when it was received, in seconds since 1970."""

    position: int
    at: float
    received: float
    is_event: bool = True

    @property
    def seconds(self) -> float:
        """From the commit to the client."""
        return self.received - self.at


def deliveries(log: Sequence[Logged], *clients: Sequence[Received]) -> Iterator[Delivery]:
    """Every frame of the clients whose position is in the log; a snapshot has one, too, and is no event."""
    times = {row.position: row.at for row in log}
    for frames in clients:
        for frame in frames:
            place = position_of(frame.cursor)
            if place in times:
                yield Delivery(place, times[place], frame.at, not frame.type.endswith("Snapshot"))
