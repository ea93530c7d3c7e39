"""Sorts analysed domains into buckets. The rules are tried in their order, so every domain is in exactly one."""

from vocabulary.leads import Bucket, PageFeatures, ParkedVerdict, Rejection

HIGH_POTENTIAL_SCORE = 0.80
EMERGING_SCORE = 0.50
# Below this a page is nearly surely somebody's own: it takes a sign or two to get there.
DOUBTFUL_CONFIDENCE = 0.20

_SCORED = frozenset({Rejection.QUALIFIED, Rejection.LOW_SCORE})
_ANALYSED = _SCORED | {Rejection.NO_KEYWORDS, Rejection.PARKED}


def bucket_of(
    score: float | None, features: PageFeatures | None, parked: ParkedVerdict | None, rejection: Rejection
) -> Bucket:
    """The bucket of a domain.

    OTHER: it has no page that was scored and decided on. Then LOW_VALUE: the page is parked or has no keywords.
    HIGH_POTENTIAL: the score is 0.80 or more. LOW_VALUE, too: the score is too low for a lead. AT_RISK: a lead with
    warnings, or with doubt whether it is parked. EMERGING: a lead with 0.50 or more. LEAD_CANDIDATE: any other lead.
    """
    if score is None or features is None or rejection not in _ANALYSED:
        return Bucket.OTHER
    if rejection in _SCORED and score >= HIGH_POTENTIAL_SCORE:
        return Bucket.HIGH_POTENTIAL
    if rejection is not Rejection.QUALIFIED:
        return Bucket.LOW_VALUE
    if features.warnings or (parked is not None and parked.confidence >= DOUBTFUL_CONFIDENCE):
        return Bucket.AT_RISK
    return Bucket.EMERGING if score >= EMERGING_SCORE else Bucket.LEAD_CANDIDATE
