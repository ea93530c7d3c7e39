"""Movers between two scores: who moved most each way, and a histogram that counts every domain once."""

from hypothesis import given
from hypothesis import strategies as st

from leads.momentum import EDGES, momentum
from tests.unit.leads.making import SHARES
from vocabulary.leads import HistogramBin, Mover

# A campaign has each name once.
SCORES = st.lists(
    st.tuples(st.text("ab", min_size=1, max_size=4), SHARES, SHARES),
    max_size=30,
    unique_by=lambda one: one[0],
)


def test_who_moved() -> None:
    found = momentum(
        [
            ("up.test", 0.2, 0.5),
            ("same.test", 0.4, 0.4),
            ("b.test", 0.5, 0.4),
            ("a.test", 0.5, 0.4),
            ("down.test", 1.0, 0.0),
            ("top.test", 0.0, 1.0),
            ("little.test", 0.5, 0.51),
        ],
        limit=2,
    )
    assert found.up == (Mover("top.test", 0.0, 1.0, 1.0), Mover("up.test", 0.2, 0.5, 0.3))
    assert found.down == (Mover("down.test", 1.0, 0.0, -1.0), Mover("a.test", 0.5, 0.4, -0.1))
    assert found.histogram == (
        HistogramBin(-1.0, -0.20, 1),
        HistogramBin(-0.20, -0.02, 2),
        HistogramBin(-0.02, 0.02, 2),
        HistogramBin(0.02, 0.20, 0),
        HistogramBin(0.20, 1.0, 2),
    )


def test_nobody_moved() -> None:
    found = momentum([])
    assert (found.up, found.down, [one.count for one in found.histogram]) == ((), (), [0] * 5)


@given(SCORES, st.integers(0, 40))
def test_all_are_counted_and_lists_are_ordered(scores: list[tuple[str, float, float]], limit: int) -> None:
    found = momentum(scores, limit)
    assert sum(one.count for one in found.histogram) == len(scores)
    assert [found.histogram[0].lower, *(one.upper for one in found.histogram)] == list(EDGES)
    assert found == momentum(reversed(scores), limit)
    assert len(found.up) <= limit
    assert len(found.down) <= limit
    assert [one.delta for one in found.up] == sorted((one.delta for one in found.up), reverse=True)
    assert [one.delta for one in found.down] == sorted(one.delta for one in found.down)
    assert all(one.delta < 0 for one in found.down)
    assert all(one.delta > 0 for one in found.up)


@given(SCORES)
def test_looking_back_swaps_the_lists(scores: list[tuple[str, float, float]]) -> None:
    there = momentum(scores, 100)
    back = momentum([(name, after, before) for name, before, after in scores], 100)
    assert sorted(-one.delta for one in back.down) == sorted(one.delta for one in there.up)
