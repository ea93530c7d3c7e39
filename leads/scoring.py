"""The score of a page, 0 to 1, and how it came about (DOMAIN 6.7, with its oddities put right).

A part that cannot be worked out is UNAVAILABLE (or an ERROR, if what it is made of contradicts itself), and its weight
is shared among the others in proportion, so that nothing is given for nothing: a page is fresh if its server says when
it changed, and not because we have just fetched it; an empty page is not praised for not being parked; and a page
without length has no density. The score rises with hits and with their patterns, as long as the bytes stay the same.
"""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from vocabulary.leads import (
    Completeness,
    ComponentScore,
    ComponentStatus,
    PageFeatures,
    ParkedVerdict,
    ScoreBreakdown,
    ScoreComponent,
    ScoringConfig,
    Weights,
)

DENSE_HITS_PER_KILOBYTE = 3
FULL_COVERAGE = 5
FULL_LENGTH = 50_000
# Servers' clocks go wrong by minutes; one that is a day ahead says nothing of the page.
CLOCK_SLACK = timedelta(minutes=10)

_FRESHNESS = ((timedelta(days=1), 1.0), (timedelta(days=7), 0.7), (timedelta(days=30), 0.4))


class _Part(NamedTuple):
    value: float
    reason: str
    status: ComponentStatus = ComponentStatus.OK


class _Case(NamedTuple):
    features: PageFeatures
    parked: ParkedVerdict | None
    fetched_at: datetime


def score(
    features: PageFeatures, parked: ParkedVerdict | None, config: ScoringConfig, fetched_at: datetime
) -> ScoreBreakdown:
    """Score a page that was fetched at `fetched_at` (aware). The contributions sum to the score before its factor."""
    case = _Case(features, parked, fetched_at)
    parts = {component: work_out(case) for component, work_out in _PARTS.items()}
    weights = normalised(
        config.weights, {component for component, part in parts.items() if part.status is ComponentStatus.OK}
    )
    components = tuple(_component(component, part, weights[component]) for component, part in parts.items())
    factor, factor_reason = _factor(parked, config)
    total = sum(component.contribution for component in components)
    return ScoreBreakdown(
        score=round(min(max(total * factor, 0.0), 1.0), 3),
        completeness=_completeness(components, config.weights),
        components=components,
        factor=factor,
        factor_reason=factor_reason,
    )


def normalised(weights: Weights, available: set[ScoreComponent]) -> dict[ScoreComponent, float]:
    """The weight of each component: 0 of what is not available, 1 of all others together (0 if they weigh nothing)."""
    raw = {
        component: weight_of(weights, component) if component in available else 0.0
        for component in ScoreComponent
    }
    total = sum(raw.values())
    return {component: weight / total if total > 0 else 0.0 for component, weight in raw.items()}


def weight_of(weights: Weights, component: ScoreComponent) -> float:
    """The weight as the profile has it; the fields are named as the components are."""
    value: float = getattr(weights, component.value.lower())
    return value


def _component(component: ScoreComponent, part: _Part, weight: float) -> ComponentScore:
    return ComponentScore(component, part.status, part.value, weight, part.value * weight, part.reason)


def _completeness(components: tuple[ComponentScore, ...], weights: Weights) -> Completeness:
    """What is missing counts only if the profile asked for it."""
    statuses = {part.status for part in components if weight_of(weights, part.component) > 0}
    if ComponentStatus.ERROR in statuses:
        return Completeness.DEGRADED
    return Completeness.PARTIAL if ComponentStatus.UNAVAILABLE in statuses else Completeness.COMPLETE


def _factor(parked: ParkedVerdict | None, config: ScoringConfig) -> tuple[float, str | None]:
    """What the score is multiplied by: 1 below `parked_confidence`, then less, down to `parked_factor` at certainty."""
    if parked is None or parked.confidence < config.parked_confidence:
        return 1.0, None
    factor = 1.0 - (1.0 - config.parked_factor) * parked.confidence
    return factor, f"The page is parked with a confidence of {parked.confidence:.2f}."


def _density(case: _Case) -> _Part:
    per_kilobyte = case.features.keywords.hits_per_kilobyte
    reason = f"{per_kilobyte:.2f} hits in a kilobyte; {DENSE_HITS_PER_KILOBYTE} are dense."
    return _Part(min(per_kilobyte / DENSE_HITS_PER_KILOBYTE, 1.0), reason)


def _coverage(case: _Case) -> _Part:
    unique = case.features.keywords.unique
    return _Part(min(unique / FULL_COVERAGE, 1.0), f"{unique} different keywords; {FULL_COVERAGE} are all.")


def _not_parked(case: _Case) -> _Part:
    if case.parked is None:
        return _Part(0.0, "Whether the page is parked was not judged.", ComponentStatus.UNAVAILABLE)
    if case.features.text_length == 0:
        reason = "Without text there is nothing that could be parked or not."
        return _Part(0.0, reason, ComponentStatus.UNAVAILABLE)
    confidence = case.parked.confidence
    return _Part(1.0 - confidence, f"The page is parked with a confidence of {confidence:.2f}.")


def _content_length(case: _Case) -> _Part:
    size = case.features.bytes_read
    return _Part(min(size / FULL_LENGTH, 1.0), f"{size} bytes; {FULL_LENGTH} are a full page.")


def _title_keyword(case: _Case) -> _Part:
    if case.features.title_has_keyword:
        return _Part(1.0, "The title has a keyword.")
    return _Part(0.0, "The title has no keyword." if case.features.title else "There is no title.")


def _freshness(case: _Case) -> _Part:
    modified = case.features.last_modified
    if modified is None:
        return _Part(0.0, "The server does not say when the page changed.", ComponentStatus.UNAVAILABLE)
    age = case.fetched_at - modified
    if age < -CLOCK_SLACK:
        reason = f"The server says that the page changed at {modified:%Y-%m-%d %H:%M}, after it was fetched."
        return _Part(0.0, reason, ComponentStatus.ERROR)
    value = next((fresh for limit, fresh in _FRESHNESS if age <= limit), 0.0)
    return _Part(value, f"The page changed {max(age.days, 0)} days before it was fetched.")


def _term_frequency(case: _Case) -> _Part:
    metrics = case.features.keywords
    value = min(metrics.hits_per_kilobyte / 5, 1.0) * min(math.log1p(metrics.unique) / 2.4, 1.0)
    return _Part(
        value, f"{metrics.unique} different keywords with {metrics.hits_per_kilobyte:.2f} hits in a kilobyte."
    )


_PARTS: dict[ScoreComponent, Callable[[_Case], _Part]] = {
    ScoreComponent.KEYWORD_DENSITY: _density,
    ScoreComponent.KEYWORD_COVERAGE: _coverage,
    ScoreComponent.NOT_PARKED: _not_parked,
    ScoreComponent.CONTENT_LENGTH: _content_length,
    ScoreComponent.TITLE_KEYWORD: _title_keyword,
    ScoreComponent.FRESHNESS: _freshness,
    ScoreComponent.TERM_FREQUENCY: _term_frequency,
}
