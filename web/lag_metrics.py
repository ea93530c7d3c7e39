"""How far the slowest subscribers are behind, for Prometheus, looked at when somebody asks."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector


class SlowestMembers(Collector):
    """One series for each subscription field that somebody follows; `lags` finds them (`live/lag.py`)."""

    def __init__(self, lags: Callable[[], Mapping[str, int]]) -> None:
        self._lags = lags

    def __repr__(self) -> str:
        return f"<SlowestMembers {dict(self._lags())}>"

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The series."""
        family = GaugeMetricFamily(
            "heliograph_slowest_member_lag_events",
            "Events of the log from the oldest on that the slowest subscriber has not been handed; 0 if it lacks none.",
            labels=["field"],
        )
        for field, lag in self._lags().items():
            family.add_metric([field], lag)
        yield family
