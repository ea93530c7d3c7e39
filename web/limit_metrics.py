"""How often clients passed the limits of what one of them can take, for Prometheus."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
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


class CountsApart(Collector):
    """Whether this process counts by itself what all of them should count together."""

    def __init__(self, is_apart: Callable[[], bool]) -> None:
        self._is_apart = is_apart

    def __repr__(self) -> str:
        return f"<CountsApart {self._is_apart()}>"

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The series."""
        yield GaugeMetricFamily(
            "heliograph_quotas_apart",
            "1 while Redis does not answer, so that each process lets one principal have the whole of a quota; else 0.",
            int(self._is_apart()),
        )
