"""Connections that workers, or a trial, did not make because of where they lead, for Prometheus."""

from collections.abc import Iterator

from prometheus_client.metrics_core import CounterMetricFamily
from prometheus_client.registry import Collector

from probes.addresses import AddressPolicy


class RefusedConnections(Collector):
    """One series for each reason that there was."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy

    def __repr__(self) -> str:
        return f"<RefusedConnections {dict(self._policy.refused)}>"

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The series."""
        family = CounterMetricFamily(
            "heliograph_connections_refused",
            "Connections that the process did not make: the kind of address that they lead to, or `port`.",
            labels=["reason"],
        )
        for reason, count in sorted(self._policy.refused.items()):
            family.add_metric([reason], count)
        yield family
