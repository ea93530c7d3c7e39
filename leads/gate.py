"""The lead gate: whether a domain is a lead, and if not, the one reason why (DOMAIN 6.7)."""

from collections.abc import Iterator

from vocabulary.checks import CheckStatus
from vocabulary.leads import (
    LeadStatus,
    LeadVerdict,
    PageFeatures,
    ParkedVerdict,
    Rejection,
    ScoreBreakdown,
    ScoringConfig,
)

_NO_MATCH = LeadStatus.NO_MATCH
_PENDING = LeadVerdict(LeadStatus.PENDING, Rejection.PENDING, "The domain was not checked to the end yet.")
_DNS = {
    CheckStatus.TIMEOUT: LeadVerdict(
        LeadStatus.TIMEOUT, Rejection.DNS_TIMEOUT, "No resolver answered in time."
    ),
    CheckStatus.ERROR: LeadVerdict(LeadStatus.ERROR, Rejection.DNS_ERROR, "The name does not resolve."),
}
_HTTP = {
    CheckStatus.TIMEOUT: LeadVerdict(
        LeadStatus.TIMEOUT, Rejection.HTTP_TIMEOUT, "The page did not come in time."
    ),
    CheckStatus.ERROR: LeadVerdict(LeadStatus.ERROR, Rejection.HTTP_ERROR, "There is no accepted page."),
}


def decide(
    dns: CheckStatus,
    http: CheckStatus,
    features: PageFeatures | None,
    parked: ParkedVerdict | None,
    breakdown: ScoreBreakdown | None,
    config: ScoringConfig,
) -> LeadVerdict:
    """Decide on a domain; the first of these that is true is the verdict.

    A lookup or a fetch failed or timed out; the fetch is not done yet (PENDING, and only then); the page is parked;
    nothing of a page is known, or it has no structure where the profile asks for it, or no hits, or no score
    (NO_KEYWORDS); the score is high enough; it is too low; the page is too small for grace; or else it has grace.
    """
    early = _DNS.get(dns) or _HTTP.get(http) or (_PENDING if http is CheckStatus.PENDING else None)
    if early is not None:
        return early
    if parked is not None and parked.confidence >= config.parked_confidence:
        reason = f"The page is parked with a confidence of {parked.confidence:.2f}."
        return LeadVerdict(_NO_MATCH, Rejection.PARKED, reason)
    lack = next(_lacks(features, breakdown, config), None)
    if lack is not None or features is None or breakdown is None:
        return LeadVerdict(_NO_MATCH, Rejection.NO_KEYWORDS, lack or "The page was not scored.")
    return _by_score(breakdown.score, features.bytes_read, config)


def _lacks(
    features: PageFeatures | None, breakdown: ScoreBreakdown | None, config: ScoringConfig
) -> Iterator[str]:
    if features is None:
        yield "Nothing of the page was kept."
    elif config.requires_structure and not features.has_structure:
        yield "The page has no headings, links or description."
    elif features.keywords.hits == 0:
        yield "None of the keywords is on the page."
    elif breakdown is None:
        yield "The page was not scored."


def _by_score(score: float, size: int, config: ScoringConfig) -> LeadVerdict:
    if score >= config.match_score:
        reason = f"The score of {score:.3f} reaches {config.match_score:g}."
        return LeadVerdict(LeadStatus.MATCH, Rejection.QUALIFIED, reason)
    if score < config.grace_score:
        reason = f"The score of {score:.3f} is below {config.grace_score:g}."
        return LeadVerdict(_NO_MATCH, Rejection.LOW_SCORE, reason)
    if size < config.grace_min_bytes:
        reason = f"The score of {score:.3f} needs grace, and a page of {size} bytes gets none."
        return LeadVerdict(_NO_MATCH, Rejection.LOW_SCORE, reason)
    reason = f"The score of {score:.3f} reaches {config.grace_score:g}, with grace for {size} bytes."
    return LeadVerdict(LeadStatus.MATCH, Rejection.QUALIFIED, reason)
