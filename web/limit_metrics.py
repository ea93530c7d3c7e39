"""How often clients passed the limits of what one of them can take, for Prometheus."""

from collections.abc import Iterator, Mapping

from prometheus_client.metrics_core import CounterMetricFamily
from prometheus_client.registry import Collector

from core.limits import Limit


class LimitsPassed(Collector):
    """One series for each limit, whether anybody passed it or not."""

    def __init__(self, passed: Mapping[Limit, int]) -> None:
        self._passed = passed

    def __repr__(self) -> str:
        return f"<LimitsPassed {dict(self._passed)}>"

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The series."""
        family = CounterMetricFamily(
            "heliograph_limits_passed",
            "Requests, messages and connections refused, and operations cancelled, for a limit of what one client can "
            "take: its name, as the error tells it.",
            labels=["limit"],
        )
        for limit in Limit:
            family.add_metric([limit.value], self._passed.get(limit, 0))
        yield family
