"""Richness: the formula by hand, its bounds, and where more is not better."""

import math

import msgspec
import pytest
from hypothesis import given

from leads.keyword_metrics import measure
from leads.richness import richness
from tests.unit.leads.making import HITS, SIZES
from vocabulary.checks import KeywordHit, Zone
from vocabulary.leads import KeywordMetrics, Richness, ZoneHits

KB = 1024


def metrics(**zones: int) -> KeywordMetrics:
    """Metrics of many patterns with these hits, without any penalty."""
    found = tuple(ZoneHits(Zone(name), hits) for name, hits in zones.items())
    total = sum(one.hits for one in found)
    return KeywordMetrics(
        unique=6, hits=total, effective_unique=6, hits_per_kilobyte=3.0, max_share=0.2, zones=found
    )


def test_the_formula_by_hand() -> None:
    found = richness(metrics(TITLE=4, HEADING=4, BODY=8), 40 * KB)
    # Of four title hits two count: (2·10 + 4·6 + 8·2) / (10·16).
    prominence = 60 / 160
    # Shares ¼, ¼ and ½ have an entropy of 1.5 bits, of log2(3) at most.
    spread = 1.5 / math.log2(3)
    variety = 1 - math.exp(-0.5)
    base = 0.30 * variety + 0.25 * prominence + 0.15 * 0.5 + 0.15 * spread + 0.15 * 0.5
    expected = Richness(base, variety, prominence, 0.5, spread, 0.5, 0.0, 0.0)
    assert msgspec.structs.astuple(found) == pytest.approx(msgspec.structs.astuple(expected))
    assert found.score == pytest.approx(0.50375, abs=1e-5)


def test_extra_pages_gain_and_less_if_they_add_little() -> None:
    gained = msgspec.structs.replace(metrics(BODY=20), unique=10, gained=4)
    found = richness(gained, 40 * KB)
    # ½·4/(6+4) + ½·4/40.
    assert found.gain == pytest.approx(0.25)
    plain = richness(msgspec.structs.replace(gained, gained=0), 40 * KB)
    assert found.score == pytest.approx(plain.score * (1 + 0.25 * 0.25))
    # From 28 to 30 patterns is a growth of 1.07: 0.7 · (½·2/32 + ½·2/40).
    little = richness(msgspec.structs.replace(gained, unique=30, gained=2), 40 * KB)
    assert little.gain == pytest.approx(0.7 * 0.05625)


@pytest.mark.parametrize(
    ("max_share", "anchor_share", "penalty"),
    [(0.3, 0.55, 0.0), (0.34, 0.0, 0.02), (0.4, 0.0, 0.05 + 0.04), (1.0, 0.6, 0.15 + 0.04 + 0.03)],
)
def test_penalties(max_share: float, anchor_share: float, penalty: float) -> None:
    shares = msgspec.structs.replace(metrics(BODY=20), max_share=max_share, anchor_share=anchor_share)
    assert richness(shares, 40 * KB).penalty == pytest.approx(penalty)


@pytest.mark.parametrize(("kilobytes", "length"), [(8, 0.1), (80, 1.0), (81, 0.9), (160, 0.9), (161, 0.8)])
def test_a_page_may_be_too_long(kilobytes: int, length: float) -> None:
    assert richness(metrics(BODY=20), kilobytes * KB).length == pytest.approx(length)


def test_few_hits_in_a_low_place_are_not_held_against_the_page() -> None:
    # A tenth, drawn half of the way to 0.15; three hits stay where they are.
    assert richness(metrics(ANCHOR=2), KB).prominence == pytest.approx(0.125)
    assert richness(metrics(ANCHOR=3), KB).prominence == pytest.approx(0.1)


def test_one_zone_has_no_spread() -> None:
    assert richness(metrics(BODY=20), KB).spread == 0.0
    assert richness(metrics(BODY=20, META=20), KB).spread == 1.0


def test_nothing_is_rich_in_nothing() -> None:
    assert richness(KeywordMetrics(), 9000) == Richness()
    assert richness(metrics(BODY=20), 0) == Richness()


@given(HITS, SIZES)
def test_all_parts_are_shares(hits: list[KeywordHit], size: int) -> None:
    found = richness(measure(hits, size, gained=3), size)
    assert all(0 <= part <= 1 for part in msgspec.structs.astuple(found))
    assert found == richness(measure(hits, size, gained=3), size)
    assert (found.score == 0) or (hits and size)


@given(HITS, SIZES)
def test_another_keyword_adds_variety(hits: list[KeywordHit], size: int) -> None:
    more = [*hits, KeywordHit("new", Zone.BODY, 2)]
    before, after = richness(measure(hits, size), size), richness(measure(more, size), size)
    assert (after.variety > before.variety) or not size
    assert after.density >= before.density


def test_more_of_the_same_keyword_can_make_a_page_worth_less() -> None:
    others = [KeywordHit(name, Zone.TITLE, 2) for name in "abcd"]
    before = richness(measure([*others, KeywordHit("x", Zone.BODY, 2)], 2 * KB), 2 * KB)
    after = richness(measure([*others, KeywordHit("x", Zone.BODY, 40)], 2 * KB), 2 * KB)
    assert after.score < before.score
