"""A histogram that takes many equal observations at once: one frame reaches thousands of sockets in one moment.

The one of prometheus_client takes them one by one, which would cost more than sending the frames does.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from math import inf

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector


class Latency:
    """What was observed under one label; `bounds` are the upper ends of its buckets, in seconds, ascending."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def __repr__(self) -> str:
        return f"<Latency of {sum(self._counts)}, {self._sum:g} s in all>"

    def observe(self, seconds: float, times: int = 1) -> None:
        """So many of them waited so long."""
        self._counts[bisect_left(self._bounds, seconds)] += times
        self._sum += seconds * times

    def add_to(self, family: HistogramMetricFamily, label: str) -> None:
        """Tell of it as Prometheus counts: each bucket with all below it."""
        reached, buckets = 0, []
        for bound, count in zip((*self._bounds, inf), self._counts, strict=True):
            reached += count
            buckets.append(("+Inf" if bound == inf else str(float(bound)), float(reached)))
        family.add_metric([label], buckets, self._sum)


class Latencies(Collector):
    """One series for each subscription field."""

    def __init__(self, name: str, text: str, bounds: Sequence[float], registry: CollectorRegistry) -> None:
        self._name = name
        self._text = text
        self._bounds = tuple(bounds)
        self._fields: dict[str, Latency] = {}
        registry.register(self)

    def __repr__(self) -> str:
        return f"<Latencies {self._name} of {len(self._fields)} fields>"

    def of(self, field: str) -> Latency:
        """The one of this field."""
        return self._fields.setdefault(field, Latency(self._bounds))

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """What there is now, for the registry."""
        family = HistogramMetricFamily(self._name, self._text, labels=["field"])
        for field, latency in self._fields.items():
            latency.add_to(family, field)
        yield family
