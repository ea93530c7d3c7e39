"""Our histogram against the one of prometheus_client, which takes one observation at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from web.latencies import Latencies

BOUNDS = (0.0005, 0.001, 0.5, 1.0, 30.0)
SECONDS = st.sampled_from((0.0, *BOUNDS, 0.0007, 2.5, 100.0))


def exposed(registry: CollectorRegistry) -> dict[tuple[str, str], float]:
    return {
        (sample.name, sample.labels.get("le", "")): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@given(st.lists(st.tuples(SECONDS, st.integers(min_value=0, max_value=4))))
def test_many_at_once_are_as_many_one_by_one(observed: list[tuple[float, int]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    latency = Latencies("waits", "How long.", BOUNDS, ours).of("ticks")
    histogram = Histogram("waits", "How long.", ["field"], buckets=BOUNDS, registry=theirs).labels("ticks")
    for seconds, times in observed:
        latency.observe(seconds, times)
        for _ in range(times):
            histogram.observe(seconds)
    assert exposed(ours) == pytest.approx(exposed(theirs))


def test_each_field_has_its_own() -> None:
    registry = CollectorRegistry()
    latencies = Latencies("waits", "How long.", BOUNDS, registry)
    latencies.of("ticks").observe(0.7, 3)
    latencies.of("tocks").observe(0.7)
    assert registry.get_sample_value("waits_count", {"field": "ticks"}) == 3
    assert registry.get_sample_value("waits_count", {"field": "tocks"}) == 1
    assert repr(latencies.of("ticks")) == "<Latency of 3, 2.1 s in all>"
