"""The gate is total and exclusive: every domain that is done has exactly one reason, in the order of the gate."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.gate import decide
from leads.scoring import score
from tests.unit.leads.making import CONFIGS, FEATURES, NOW, PARKED, features
from vocabulary.checks import CheckStatus
from vocabulary.leads import (
    Completeness,
    KeywordMetrics,
    LeadStatus,
    LeadVerdict,
    PageFeatures,
    ParkedVerdict,
    Rejection,
    ScoreBreakdown,
    ScoringConfig,
)

OK, ERROR, TIMEOUT, PENDING = CheckStatus.OK, CheckStatus.ERROR, CheckStatus.TIMEOUT, CheckStatus.PENDING
DEFAULT = ScoringConfig()
CLEAR = ParkedVerdict(is_parked=False, confidence=0.1)
STATUSES = {
    Rejection.PENDING: LeadStatus.PENDING,
    Rejection.QUALIFIED: LeadStatus.MATCH,
    Rejection.LOW_SCORE: LeadStatus.NO_MATCH,
    Rejection.NO_KEYWORDS: LeadStatus.NO_MATCH,
    Rejection.PARKED: LeadStatus.NO_MATCH,
    Rejection.DNS_ERROR: LeadStatus.ERROR,
    Rejection.HTTP_ERROR: LeadStatus.ERROR,
    Rejection.DNS_TIMEOUT: LeadStatus.TIMEOUT,
    Rejection.HTTP_TIMEOUT: LeadStatus.TIMEOUT,
}


def scored(value: float) -> ScoreBreakdown:
    return ScoreBreakdown(value, Completeness.COMPLETE, ())


def decided(value: float, **more: object) -> LeadVerdict:
    return decide(OK, OK, features(**more), CLEAR, scored(value), DEFAULT)


@pytest.mark.parametrize(
    ("dns", "http", "rejection"),
    [
        (ERROR, PENDING, Rejection.DNS_ERROR),
        (TIMEOUT, PENDING, Rejection.DNS_TIMEOUT),
        (OK, ERROR, Rejection.HTTP_ERROR),
        (OK, TIMEOUT, Rejection.HTTP_TIMEOUT),
        (OK, PENDING, Rejection.PENDING),
        (PENDING, PENDING, Rejection.PENDING),
    ],
)
def test_failed_checks_come_first(dns: CheckStatus, http: CheckStatus, rejection: Rejection) -> None:
    assert decide(dns, http, features(), CLEAR, scored(1.0), DEFAULT).rejection is rejection


@pytest.mark.effect("scoring.match_score", "scoring.grace_score", "scoring.grace_min_bytes")
@pytest.mark.parametrize(
    ("value", "more", "rejection"),
    [
        (0.30, {}, Rejection.QUALIFIED),
        (0.30, {"match_score": 0.5, "grace_score": 0.4}, Rejection.LOW_SCORE),
        (0.22, {}, Rejection.LOW_SCORE),
        (0.22, {"grace_score": 0.2}, Rejection.QUALIFIED),
        (0.25, {}, Rejection.QUALIFIED),
        (0.25, {"grace_min_bytes": 4097}, Rejection.LOW_SCORE),
    ],
    ids=["match", "stricter match", "too low", "more grace", "grace", "grace for larger pages"],
)
def test_a_profile_says_what_qualifies(value: float, more: dict[str, float], rejection: Rejection) -> None:
    config = msgspec.structs.replace(DEFAULT, **more)
    assert decide(OK, OK, features(), CLEAR, scored(value), config).rejection is rejection


@pytest.mark.effect("scoring.parked_confidence")
def test_a_parked_page_is_no_lead_whatever_its_score() -> None:
    parked = ParkedVerdict(is_parked=True, confidence=0.45)
    assert decide(OK, OK, features(), parked, scored(1.0), DEFAULT) == LeadVerdict(
        LeadStatus.NO_MATCH, Rejection.PARKED, "The page is parked with a confidence of 0.45."
    )
    strict = ScoringConfig(parked_confidence=0.5)
    assert decide(OK, OK, features(), parked, scored(1.0), strict).rejection is Rejection.QUALIFIED


@pytest.mark.effect("scoring.requires_structure")
def test_what_a_page_must_have() -> None:
    assert decided(1.0, has_structure=False).reason == "The page has no headings, links or description."
    assert decided(1.0, keywords=KeywordMetrics()).reason == "None of the keywords is on the page."
    assert decided(1.0, keywords=KeywordMetrics(), has_structure=False).rejection is Rejection.NO_KEYWORDS
    for known in (features(), None):
        assert decide(OK, OK, known, CLEAR, None, DEFAULT).rejection is Rejection.NO_KEYWORDS
    loose = ScoringConfig(requires_structure=False)
    bare = features(has_structure=False)
    assert decide(OK, OK, bare, CLEAR, scored(1.0), loose).rejection is Rejection.QUALIFIED


@pytest.mark.parametrize(
    ("value", "size", "rejection", "reason"),
    [
        (0.27, 0, Rejection.QUALIFIED, "The score of 0.270 reaches 0.27."),
        (0.269, 1024, Rejection.QUALIFIED, "The score of 0.269 reaches 0.24, with grace for 1024 bytes."),
        (
            0.269,
            1023,
            Rejection.LOW_SCORE,
            "The score of 0.269 needs grace, and a page of 1023 bytes gets none.",
        ),
        (0.24, 1024, Rejection.QUALIFIED, "The score of 0.240 reaches 0.24, with grace for 1024 bytes."),
        (0.239, 9999, Rejection.LOW_SCORE, "The score of 0.239 is below 0.24."),
    ],
)
def test_the_score_decides_with_grace_for_pages_of_some_size(
    value: float, size: int, rejection: Rejection, reason: str
) -> None:
    verdict = decided(value, bytes_read=size)
    assert (verdict.rejection, verdict.reason) == (rejection, reason)


CHECKS = st.sampled_from(CheckStatus)


@given(CHECKS, CHECKS, st.none() | FEATURES, st.none() | PARKED, CONFIGS, st.booleans())
def test_every_domain_that_is_done_has_exactly_one_reason(
    dns: CheckStatus,
    http: CheckStatus,
    found: PageFeatures | None,
    parked: ParkedVerdict | None,
    config: ScoringConfig,
    is_scored: bool,
) -> None:
    breakdown = score(found, parked, config, NOW) if found is not None and is_scored else None
    verdict = decide(dns, http, found, parked, breakdown, config)
    assert verdict == decide(dns, http, found, parked, breakdown, config)
    assert STATUSES[verdict.rejection] is verdict.status
    assert verdict.reason.endswith(".")
    is_done = dns in {ERROR, TIMEOUT} or http is not PENDING
    assert (verdict.rejection is Rejection.PENDING) == (not is_done)


@given(FEATURES, PARKED, CONFIGS, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_never_loses_a_lead(
    found: PageFeatures, parked: ParkedVerdict, config: ScoringConfig, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    lower = decide(OK, OK, found, parked, scored(low), config)
    higher = decide(OK, OK, found, parked, scored(high), config)
    assert lower.status is not LeadStatus.MATCH or higher.status is LeadStatus.MATCH
