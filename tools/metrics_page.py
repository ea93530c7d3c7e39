"""The tables of Prometheus series in docs/operations.md: from the collectors themselves, each of which is used once."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry

from db.engine import Engines
from events.hub import Hub
from events.log import Log
from graph.core_execution import CORE_SCHEMA
from graph.plans import Plans
from probes.addresses import AddressPolicy
from tools.markdown import table
from web.database_metrics import DatabaseUse
from web.lag_metrics import SlowestMembers
from web.limit_metrics import CountsApart, LimitsPassed
from web.metrics import Metrics
from web.peers import Dropped
from web.plan_metrics import PlanUse
from web.refusal_metrics import RefusedConnections

# A label of each bucket of a histogram, which is none of ours.
BUCKET = "le"
UNITS = {"counter": "_total"}


def series() -> str:
    """Every series of our own."""
    return table(("Series", "Type", "Labels", "Meaning"), sorted(_rows()))


def reasons() -> str:
    """Why a connection is ended from this side."""
    return table(("`reason`", "Meaning"), [(f"`{each.value}`", each.meaning) for each in Dropped])


def _rows() -> Iterator[tuple[str, ...]]:
    for family in _used().collect():
        name = f"`{family.name}{UNITS.get(family.type, '')}`"
        labels = ", ".join(f"`{label}`" for label in family.samples[0].labels if label != BUCKET)
        yield name, family.type, labels, family.documentation


def _used() -> CollectorRegistry:
    registry = CollectorRegistry()
    # It connects to nothing before somebody asks it for something.
    engines = Engines("sqlite+aiosqlite:///nowhere.db")
    registry.register(DatabaseUse(engines, Hub(Log(engines), window_events=1)))
    registry.register(PlanUse(Plans(CORE_SCHEMA)))
    policy = AddressPolicy()
    policy.refused["port"] = 1
    registry.register(RefusedConnections(policy))
    registry.register(SlowestMembers(lambda: {"activity": 0}))
    registry.register(LimitsPassed({}))
    registry.register(CountsApart(lambda: False))
    metrics = Metrics(registry)
    metrics.subscribed("activity")
    metrics.count_drop(Dropped.DEAD)
    metrics.requests.labels("/graphql", "POST", "200")
    return registry
