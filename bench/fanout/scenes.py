"""What is measured: how many subscribers there are, and how many events come at once."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from bench.fanout.audience import Audience
from bench.fanout.contestants import Running
from bench.fanout.processor import at_rest, cpu_seconds

WARM_EVENTS = 3
LEAST_EVENTS = 5
REST_SECONDS = 10.0


@dataclass(frozen=True)
class Scene:
    """So many connections with so many subscriptions each; so many events are published at once, when all had the last.

    Events that are published at once are one transaction of ours, and one call after the other with the peers.
    """

    name: str
    connections: int
    subscriptions: int = 1
    burst: int = 1

    def __str__(self) -> str:
        how = "one event outstanding" if self.burst == 1 else f"{self.burst} events at once"
        return f"{self.connections:,} × {self.subscriptions}, {how}"


@dataclass(frozen=True)
class Slice:
    """What one server did in one scene for a while.

    Attributes:
        events: how many were published.
        deliveries: each of them checked.
        cpu: seconds of processor time of the server.
        wall: seconds from the first publication to the last delivery.
    """

    events: int
    deliveries: int
    cpu: float
    wall: float

    @property
    def micros(self) -> float:
        """Microseconds of processor time for a delivery."""
        return self.cpu / self.deliveries * 1e6


async def played(server: Running, scene: Scene, seconds: float) -> Slice:
    """Play a scene for a while.

    Raises:
        Unsound: something was lost, repeated or reordered, or a connection has ended.
    """
    audience = Audience(server.place, scene.connections, scene.subscriptions)
    async with audience.present():
        await audience.begin(server.numbers, server.publish)
        for _ in range(WARM_EVENTS):
            await _publish(server, audience, scene.burst)
        await at_rest(server.pids, REST_SECONDS)
        cpu, began, events = cpu_seconds(server.pids), time.monotonic(), 0
        while time.monotonic() < began + seconds or events < LEAST_EVENTS * scene.burst:
            await _publish(server, audience, scene.burst)
            events += scene.burst
        found = Slice(
            events, events * audience.size, cpu_seconds(server.pids) - cpu, time.monotonic() - began
        )
        # One more shows what came twice of those that count.
        await _publish(server, audience, 1)
    await at_rest(server.pids, REST_SECONDS)
    return found


async def _publish(server: Running, audience: Audience, count: int) -> None:
    numbers: Sequence[int] = list(islice(server.numbers, count))
    async with audience.expecting(numbers[-1]):
        await server.publish(numbers[0], count)
