"""Latencies are told by their percentiles, and ours held against that of a server without GraphQL."""

import pytest

from bench.fanout.contestants import AIOHTTP, OURS
from bench.latency import Load, Slice, figures

LOAD = Load(500, 20, 10)


def test_a_slice_knows_what_a_share_of_it_stays_below() -> None:
    found = Slice([float(number) for number in range(1, 101)], 0.1)
    assert (found.below(0), found.below(0.5), found.below(0.99), found.below(1)) == (1, 50, 99, 100)


@pytest.mark.parametrize(("p99", "met"), [(13.0, True), (13.1, False)])
def test_the_median_of_the_slices_counts(p99: float, met: bool) -> None:
    ours = [Slice([1.0, worst, worst], 0.25) for worst in (1.0, p99, 99.0)]
    found = list(figures({OURS: ours, AIOHTTP: [Slice([2.0, 10.0, 10.0], 0.1)]}, LOAD))
    assert found[0].what == "500 subscribers × 20 events/s: heliograph"
    assert found[0].value.startswith(
        f"p50 {p99:.1f} ms, p99 {p99:.1f} ms (1.0 to 99.0); 25% of a core; 9 deliveries"
    )
    assert found[-1].what == (
        "500 subscribers × 20 events/s: p99 from the commit to the client, ours by raw-aiohttp in the same run"
    )
    assert found[-1].value == f"{p99 / 10:.2f} ({p99:.1f} by 10.0 ms)"
    assert found[-1].met is met
