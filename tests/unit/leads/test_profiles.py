"""Scoring profiles: what is out of its limits is refused by name, nothing is bent."""

import math

import pytest
from hypothesis import given

from leads.profiles import check_scoring
from tests.unit.leads.making import CONFIGS
from vocabulary.leads import ScoringConfig, Weights

PATH = ("input", "config")


def broken(**more: object) -> list[tuple[str, str | None]]:
    found = check_scoring(ScoringConfig(**more), PATH)  # type: ignore[arg-type]
    assert all(one.path[:2] == PATH for one in found)
    return [(".".join(one.path[2:]), one.limit) for one in found]


def test_the_built_in_profile_breaks_nothing() -> None:
    assert broken() == []


@pytest.mark.parametrize(
    ("field", "value", "limit"),
    [
        ("parked_factor", 1.1, "0..1"),
        ("parked_confidence", -0.1, "0..1"),
        ("match_score", 0.96, "0.05..0.95"),
        ("grace_score", -0.01, "0..0.6"),
        ("grace_min_bytes", 255, "256..2097152"),
        ("grace_min_bytes", 2**21 + 1, "256..2097152"),
        ("match_score", math.nan, "0.05..0.95"),
        ("parked_factor", math.inf, "0..1"),
    ],
)
def test_a_number_stays_in_its_limits(field: str, value: float, limit: str) -> None:
    assert broken(**{field: value}) == [(field, limit)]


@pytest.mark.parametrize(
    ("field", "value"),
    [("match_score", 0.24), ("match_score", 0.95), ("grace_score", 0.0), ("grace_min_bytes", 2**21)],
)
def test_the_limits_themselves_are_allowed(field: str, value: float) -> None:
    assert broken(**{field: value}) == []


def test_grace_is_not_above_match() -> None:
    assert broken(match_score=0.3, grace_score=0.4) == [("grace_score", "<= 0.3")]
    assert broken(match_score=0.9, grace_score=0.7) == [("grace_score", "0..0.6")]


def test_messages_are_in_the_words_of_clients() -> None:
    (found,) = check_scoring(ScoringConfig(match_score=0.3, grace_score=0.4), PATH)
    assert found.message == "must not be above matchScore, or it would never be asked for"


def test_weights() -> None:
    assert broken(weights=Weights(keyword_density=1.5, freshness=math.nan)) == [
        ("weights.keyword_density", "0..1"),
        ("weights.freshness", "0..1"),
    ]
    assert broken(weights=Weights(0, 0, 0, 0, 0, 0, 0)) == [("weights", "> 0")]
    assert broken(weights=Weights(0, 0, 0, 0, 0, 0, 0.01)) == []


@given(CONFIGS)
def test_what_is_inside_its_limits_passes(config: ScoringConfig) -> None:
    assert check_scoring(config, ()) == []
