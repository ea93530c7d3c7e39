"""How often limits were passed, as Prometheus reads it."""

from collections import Counter

from prometheus_client import CollectorRegistry

from core.limits import Limit
from web.limit_metrics import LimitsPassed


def test_each_limit_has_a_series_and_counts() -> None:
    passed = Counter({Limit.MAX_DEPTH: 1})
    registry = CollectorRegistry()
    registry.register(LimitsPassed(passed))
    passed[Limit.MAX_DEPTH] += 1
    shown = {
        limit: registry.get_sample_value("heliograph_limits_passed_total", {"limit": limit.value})
        for limit in Limit
    }
    assert shown == {limit: 2.0 if limit is Limit.MAX_DEPTH else 0.0 for limit in Limit}
