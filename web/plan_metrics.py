"""How well parsed documents are kept, for Prometheus, read off the plans when somebody looks."""

from collections.abc import Iterator
from typing import Protocol

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector


class KeptPlans(Protocol):
    """What is counted of plans: made anew, found again, and how many characters of documents are kept."""

    made: int
    found: int
    kept_characters: int


class PlanUse(Collector):
    """Plans of documents: a document that is sent again should be found again."""

    def __init__(self, plans: KeptPlans) -> None:
        self._plans = plans

    def __repr__(self) -> str:
        return f"<PlanUse of {self._plans!r}>"

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """The series."""
        yield CounterMetricFamily(
            "heliograph_plans_made", "Operations parsed, validated and measured.", self._plans.made
        )
        yield CounterMetricFamily(
            "heliograph_plans_found", "Operations for which that was not done again.", self._plans.found
        )
        yield GaugeMetricFamily(
            "heliograph_plans_kept_characters",
            "Characters of the documents whose plans are kept.",
            self._plans.kept_characters,
        )
