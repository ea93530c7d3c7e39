"""What the process asks of its database, for Prometheus, read off those who count it when somebody looks."""

from collections.abc import Iterator

from prometheus_client.metrics_core import CounterMetricFamily
from prometheus_client.registry import Collector

from db.engine import Engines
from events.hub import Hub


class DatabaseUse(Collector):
    """Statements of all kinds, and pages of the log: in all, and for those whom the window could not serve."""

    def __init__(self, engines: Engines, hub: Hub) -> None:
        self._engines = engines
        self._hub = hub

    def __repr__(self) -> str:
        return f"<DatabaseUse {self._engines.statements} statements>"

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The series."""
        yield CounterMetricFamily(
            "heliograph_database_statements", "Statements sent to the database.", self._engines.statements
        )
        yield CounterMetricFamily(
            "heliograph_log_pages_read", "Pages of the log read from the database.", self._hub.pages_read
        )
        yield CounterMetricFamily(
            "heliograph_log_pages_read_behind",
            "Pages of the log read for subscribers that were behind what is kept in memory.",
            self._hub.pages_behind,
        )
