"""Scores: by hand, bounded, explained, monotone where they say so, and nothing for nothing."""

from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.scoring import normalised, score
from tests.unit.leads.making import CONFIGS, FEATURES, NOW, PARKED, SHARES, WEIGHTS, features
from vocabulary.leads import (
    Completeness,
    ComponentScore,
    ComponentStatus,
    KeywordMetrics,
    PageFeatures,
    ParkedVerdict,
    ScoreBreakdown,
    ScoreComponent,
    ScoringConfig,
    Weights,
)

DEFAULT = ScoringConfig()
CLEAR = ParkedVerdict(is_parked=False, confidence=0.0)


def part(breakdown: ScoreBreakdown, component: ScoreComponent) -> ComponentScore:
    (found,) = [one for one in breakdown.components if one.component is component]
    return found


def test_a_score_by_hand() -> None:
    found = features(
        bytes_read=25_000,
        keywords=KeywordMetrics(unique=3, hits=36, hits_per_kilobyte=1.5),
        title_has_keyword=True,
        last_modified=NOW - timedelta(days=3),
    )
    breakdown = score(found, ParkedVerdict(is_parked=False, confidence=0.1), DEFAULT, NOW)
    assert [round(one.contribution, 6) for one in breakdown.components] == [
        0.175,  # 0.35 · 1.5/3
        0.15,  # 0.25 · 3/5
        0.09,  # 0.10 · (1 - 0.1)
        0.05,  # 0.10 · 25,000/50,000
        0.10,
        0.07,  # 0.10 · 0.7
        0.0,
    ]
    assert breakdown.score == 0.635
    assert (breakdown.completeness, breakdown.factor, breakdown.factor_reason) == (
        Completeness.COMPLETE,
        1.0,
        None,
    )
    assert part(breakdown, ScoreComponent.KEYWORD_DENSITY).reason == "1.50 hits in a kilobyte; 3 are dense."


@pytest.mark.parametrize(
    ("has_keyword", "title", "value", "reason"),
    [
        (True, "Solar", 1.0, "The title has a keyword."),
        (False, "Shop", 0.0, "The title has no keyword."),
        (False, None, 0.0, "There is no title."),
    ],
)
def test_a_title_has_a_keyword_or_says_why_not(
    has_keyword: bool, title: str | None, value: float, reason: str
) -> None:
    breakdown = score(features(title_has_keyword=has_keyword, title=title), CLEAR, DEFAULT, NOW)
    found = part(breakdown, ScoreComponent.TITLE_KEYWORD)
    assert (found.value, found.reason) == (value, reason)


def test_term_frequency_by_hand() -> None:
    config = ScoringConfig(weights=Weights(0, 0, 0, 0, 0, 0, 1))
    found = features(keywords=KeywordMetrics(unique=4, hits=9, hits_per_kilobyte=2.5))
    # 2.5/5 · ln(5)/2.4.
    assert score(found, CLEAR, config, NOW).score == 0.335


@pytest.mark.parametrize(
    ("age", "value"),
    [
        (timedelta(0), 1.0),
        (timedelta(days=1), 1.0),
        (timedelta(days=2), 0.7),
        (timedelta(days=8), 0.4),
        (timedelta(days=31), 0.0),
        (timedelta(minutes=-9), 1.0),
    ],
    ids=["now", "a day", "two days", "eight days", "a month", "a clock that is a little wrong"],
)
def test_a_page_is_as_fresh_as_its_server_says(age: timedelta, value: float) -> None:
    breakdown = score(features(last_modified=NOW - age), CLEAR, DEFAULT, NOW)
    found = part(breakdown, ScoreComponent.FRESHNESS)
    assert (found.value, found.status) == (value, ComponentStatus.OK)
    assert found.weight == pytest.approx(0.1)


def test_what_is_not_known_is_no_gift_and_no_loss() -> None:
    found = features(last_modified=None)
    breakdown = score(found, CLEAR, DEFAULT, NOW)
    fresh = part(breakdown, ScoreComponent.FRESHNESS)
    assert (fresh.status, fresh.weight, fresh.contribution) == (ComponentStatus.UNAVAILABLE, 0.0, 0.0)
    assert breakdown.completeness is Completeness.PARTIAL
    # 0.35 of the 0.90 that are left.
    assert part(breakdown, ScoreComponent.KEYWORD_DENSITY).weight == pytest.approx(0.35 / 0.9)
    without = ScoringConfig(weights=msgspec.structs.replace(Weights(), freshness=0.0))
    assert score(found, CLEAR, without, NOW).score == breakdown.score
    assert score(found, CLEAR, without, NOW).completeness is Completeness.COMPLETE


def test_a_page_that_changes_after_it_was_fetched_is_not_believed() -> None:
    breakdown = score(features(last_modified=NOW + timedelta(days=1)), CLEAR, DEFAULT, NOW)
    fresh = part(breakdown, ScoreComponent.FRESHNESS)
    assert (fresh.status, fresh.contribution) == (ComponentStatus.ERROR, 0.0)
    assert breakdown.completeness is Completeness.DEGRADED
    assert "after it was fetched" in fresh.reason


def test_an_empty_page_scores_nothing() -> None:
    empty = features(bytes_read=0, text_length=0, keywords=KeywordMetrics(), title=None)
    breakdown = score(empty, CLEAR, DEFAULT, NOW)
    assert (breakdown.score, breakdown.completeness) == (0.0, Completeness.PARTIAL)


def test_a_page_without_length_has_no_density_of_its_coverage() -> None:
    found = features(bytes_read=0, keywords=KeywordMetrics(unique=5, hits=5))
    assert part(score(found, CLEAR, DEFAULT, NOW), ScoreComponent.KEYWORD_DENSITY).contribution == 0.0


def test_the_surer_a_page_is_parked_the_more_it_loses() -> None:
    found = features(keywords=KeywordMetrics(unique=5, hits=50, hits_per_kilobyte=5))

    def at(confidence: float) -> ScoreBreakdown:
        return score(found, ParkedVerdict(is_parked=True, confidence=confidence), DEFAULT, NOW)

    assert [at(confidence).factor for confidence in (0.44, 0.45, 0.8, 1.0)] == [1.0, 0.775, 0.6, 0.5]
    assert at(0.44).factor_reason is None
    assert at(0.8).factor_reason == "The page is parked with a confidence of 0.80."
    assert at(1.0).score < at(0.95).score < at(0.8).score


@pytest.mark.effect("scoring.parked_factor", "scoring.parked_confidence")
@pytest.mark.parametrize(
    ("more", "factor"),
    [({}, 0.6), ({"parked_factor": 0.9}, 0.92), ({"parked_confidence": 0.81}, 1.0)],
    ids=["built in", "milder", "surer"],
)
def test_a_profile_says_what_a_parked_page_loses(more: dict[str, float], factor: float) -> None:
    config = msgspec.structs.replace(DEFAULT, **more)
    parked = ParkedVerdict(is_parked=True, confidence=0.8)
    assert score(features(), parked, config, NOW).factor == pytest.approx(factor)


@pytest.mark.effect(
    "weights.keyword_density",
    "weights.keyword_coverage",
    "weights.not_parked",
    "weights.content_length",
    "weights.title_keyword",
    "weights.freshness",
    "weights.term_frequency",
)
@pytest.mark.parametrize("component", ScoreComponent)
def test_each_weight_pulls_the_score_to_its_part(component: ScoreComponent) -> None:
    found = features(title_has_keyword=True, last_modified=NOW - timedelta(days=8))
    parked = ParkedVerdict(is_parked=False, confidence=0.25)
    alone = Weights(**{name: float(name == component.value.lower()) for name in Weights.__struct_fields__})
    breakdown = score(found, parked, ScoringConfig(weights=alone), NOW)
    assert breakdown.score == round(part(breakdown, component).value, 3) > 0
    assert breakdown.score != score(found, parked, DEFAULT, NOW).score


MOMENTS = st.timedeltas(timedelta(days=-400), timedelta(days=400)).map(NOW.__add__)


@given(FEATURES, st.none() | PARKED, CONFIGS, MOMENTS)
def test_a_breakdown_explains_its_score(
    found: PageFeatures, parked: ParkedVerdict | None, config: ScoringConfig, moment: datetime
) -> None:
    breakdown = score(found, parked, config, moment)
    assert breakdown == score(found, parked, config, moment)
    assert 0 <= breakdown.score <= 1
    assert [one.component for one in breakdown.components] == list(ScoreComponent)
    total = sum(one.contribution for one in breakdown.components)
    assert breakdown.score == pytest.approx(total * breakdown.factor, abs=0.00051)
    for one in breakdown.components:
        assert 0 <= one.value <= 1
        assert one.contribution == one.value * one.weight
        assert one.reason[0].isupper() or one.reason[0].isdigit()
        assert one.reason.endswith(".")
        if one.status is not ComponentStatus.OK:
            assert one.weight == 0
    assert sum(one.weight for one in breakdown.components) == pytest.approx(1) or total == 0
    assert 0 <= breakdown.factor <= 1
    assert (breakdown.factor_reason is None) == (
        parked is None or parked.confidence < config.parked_confidence
    )


@given(WEIGHTS, st.sets(st.sampled_from(ScoreComponent)))
def test_weights_are_brought_to_one(weights: Weights, available: set[ScoreComponent]) -> None:
    found = normalised(weights, available)
    assert list(found) == list(ScoreComponent)
    assert all(found[component] == 0 for component in set(ScoreComponent) - available)
    assert sum(found.values()) == pytest.approx(1) or set(found.values()) == {0.0}


@given(FEATURES, st.none() | PARKED, CONFIGS, st.integers(0, 500), st.integers(0, 20))
def test_more_hits_never_score_less(
    found: PageFeatures, parked: ParkedVerdict | None, config: ScoringConfig, hits: int, patterns: int
) -> None:
    more = msgspec.structs.replace(
        found.keywords,
        hits=found.keywords.hits + hits,
        hits_per_kilobyte=found.keywords.hits_per_kilobyte + hits * 1024 / max(found.bytes_read, 1),
        unique=found.keywords.unique + patterns,
    )
    after = score(msgspec.structs.replace(found, keywords=more), parked, config, NOW)
    assert after.score >= score(found, parked, config, NOW).score


@given(FEATURES, CONFIGS, SHARES, SHARES)
def test_a_surer_verdict_never_scores_more(
    found: PageFeatures, config: ScoringConfig, one: float, other: float
) -> None:
    less, more = sorted((one, other))
    scores = [
        score(found, ParkedVerdict(is_parked=False, confidence=confidence), config, NOW).score
        for confidence in (less, more)
    ]
    assert scores[1] <= scores[0]
