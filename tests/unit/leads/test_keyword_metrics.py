"""The numbers of a page's keywords: each hit counts once, wherever it is listed."""

import pytest
from hypothesis import given

from leads.keyword_metrics import ANCHOR_SHARE, REPETITION_SHARE, STUFFING_SHARE, measure, warnings_of
from tests.unit.leads.making import HITS, SIZES
from vocabulary.checks import KeywordHit, Zone
from vocabulary.leads import KeywordMetrics, PageWarning, ZoneHits


def test_the_numbers_of_a_page() -> None:
    hits = [
        KeywordHit("solar", Zone.TITLE, 1),
        KeywordHit("solar", Zone.HEADING, 2),
        KeywordHit("solar", Zone.ANCHOR, 1),
        # Three of these are the ones in headings and links.
        KeywordHit("solar", Zone.BODY, 5),
        KeywordHit("panel", Zone.BODY, 1),
        KeywordHit("roof", Zone.META, 1),
    ]
    metrics = measure(hits, 4096, gained=1)
    assert metrics == KeywordMetrics(
        unique=3,
        hits=8,
        effective_unique=1,
        hits_per_kilobyte=2.0,
        max_share=6 / 8,
        anchor_share=1 / 8,
        zones=(
            ZoneHits(Zone.TITLE, 1),
            ZoneHits(Zone.META, 1),
            ZoneHits(Zone.HEADING, 2),
            ZoneHits(Zone.ANCHOR, 1),
            ZoneHits(Zone.BODY, 3),
        ),
        gained=1,
    )


def test_a_heading_that_is_a_link_is_one_hit_in_a_heading() -> None:
    hits = [KeywordHit("solar", zone, 1) for zone in (Zone.HEADING, Zone.ANCHOR, Zone.BODY)]
    metrics = measure(hits, 1024)
    assert (metrics.hits, metrics.zones) == (1, (ZoneHits(Zone.HEADING, 1),))


def test_a_phrase_over_two_links_may_be_in_no_body() -> None:
    assert measure([KeywordHit("one two", Zone.ANCHOR, 3)], 1024).zones == (ZoneHits(Zone.ANCHOR, 3),)


def test_without_hits_or_bytes_there_is_no_density() -> None:
    assert measure([], 1024, gained=3) == KeywordMetrics()
    assert measure([KeywordHit("a", Zone.BODY, 0)], 1024) == KeywordMetrics()
    assert measure([KeywordHit("a", Zone.BODY, 2)], 0).hits_per_kilobyte == 0.0


@given(HITS, SIZES)
def test_the_numbers_agree_with_each_other(hits: list[KeywordHit], size: int) -> None:
    metrics = measure(hits, size, gained=5)
    assert sum(found.hits for found in metrics.zones) == metrics.hits
    assert all(found.hits > 0 for found in metrics.zones)
    assert metrics.effective_unique <= metrics.unique <= metrics.hits
    assert metrics.unique == len({hit.pattern for hit in hits})
    assert metrics.gained <= metrics.unique
    assert 0 <= metrics.anchor_share <= 1
    assert (1 / metrics.unique <= metrics.max_share <= 1) if hits else metrics.max_share == 0
    assert measure(list(reversed(hits)), size, gained=5) == metrics


@given(HITS, SIZES)
def test_one_hit_more_is_one_hit_more(hits: list[KeywordHit], size: int) -> None:
    before = measure(hits, size)
    after = measure([*hits, KeywordHit("new", Zone.BODY, 1)], size)
    assert (after.hits, after.unique) == (before.hits + 1, before.unique + 1)
    assert after.hits_per_kilobyte >= before.hits_per_kilobyte


@pytest.mark.parametrize(
    ("metrics", "warnings"),
    [
        (KeywordMetrics(hits=100, max_share=STUFFING_SHARE, anchor_share=ANCHOR_SHARE), ()),
        (KeywordMetrics(hits=100, max_share=0.31), (PageWarning.STUFFING,)),
        (KeywordMetrics(hits=100, max_share=REPETITION_SHARE), (PageWarning.STUFFING,)),
        (KeywordMetrics(hits=100, max_share=0.36), (PageWarning.STUFFING, PageWarning.REPETITION)),
        (KeywordMetrics(hits=5, anchor_share=0.56), (PageWarning.ANCHORS,)),
        (KeywordMetrics(hits=4, max_share=1.0, anchor_share=1.0), ()),
    ],
    ids=["at the limits", "stuffed", "stuffed still", "repeated", "in links", "few hits"],
)
def test_warnings_begin_above_their_limits(
    metrics: KeywordMetrics, warnings: tuple[PageWarning, ...]
) -> None:
    assert warnings_of(metrics) == warnings
