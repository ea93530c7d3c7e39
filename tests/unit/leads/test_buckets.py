"""Buckets partition: every domain is in exactly one, by rules of which the first that fits is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.buckets import bucket_of
from tests.unit.leads.making import FEATURES, PARKED, REJECTIONS, SHARES, features
from vocabulary.leads import Bucket, PageFeatures, PageWarning, ParkedVerdict, Rejection

CLEAR = ParkedVerdict(is_parked=False, confidence=0.03)
DOUBTFUL = ParkedVerdict(is_parked=False, confidence=0.2)
PLAIN = features()
WARNED = features(warnings=(PageWarning.ANCHORS,))
QUALIFIED, LOW = Rejection.QUALIFIED, Rejection.LOW_SCORE


@pytest.mark.parametrize(
    ("score", "found", "parked", "rejection", "bucket"),
    [
        (0.8, WARNED, DOUBTFUL, QUALIFIED, Bucket.HIGH_POTENTIAL),
        (0.8, PLAIN, CLEAR, LOW, Bucket.HIGH_POTENTIAL),
        (0.79, WARNED, CLEAR, QUALIFIED, Bucket.AT_RISK),
        (0.3, PLAIN, DOUBTFUL, QUALIFIED, Bucket.AT_RISK),
        (0.5, PLAIN, CLEAR, QUALIFIED, Bucket.EMERGING),
        (0.49, PLAIN, None, QUALIFIED, Bucket.LEAD_CANDIDATE),
        (0.2, WARNED, CLEAR, LOW, Bucket.LOW_VALUE),
        (0.9, PLAIN, CLEAR, Rejection.PARKED, Bucket.LOW_VALUE),
        (0.9, PLAIN, CLEAR, Rejection.NO_KEYWORDS, Bucket.LOW_VALUE),
        (None, PLAIN, CLEAR, QUALIFIED, Bucket.OTHER),
        (0.9, None, None, QUALIFIED, Bucket.OTHER),
        (0.9, PLAIN, CLEAR, Rejection.PENDING, Bucket.OTHER),
        (0.9, PLAIN, CLEAR, Rejection.HTTP_ERROR, Bucket.OTHER),
    ],
    ids=[str(number) for number in range(13)],
)
def test_the_rules_in_their_order(
    score: float | None,
    found: PageFeatures | None,
    parked: ParkedVerdict | None,
    rejection: Rejection,
    bucket: Bucket,
) -> None:
    assert bucket_of(score, found, parked, rejection) is bucket


ARGUMENTS = (st.none() | SHARES, st.none() | FEATURES, st.none() | PARKED, REJECTIONS)


@given(*ARGUMENTS)
def test_every_domain_is_in_one_bucket_that_fits_its_rejection(
    score: float | None, found: PageFeatures | None, parked: ParkedVerdict | None, rejection: Rejection
) -> None:
    bucket = bucket_of(score, found, parked, rejection)
    assert bucket is bucket_of(score, found, parked, rejection)
    if bucket in {Bucket.AT_RISK, Bucket.EMERGING, Bucket.LEAD_CANDIDATE}:
        assert rejection is QUALIFIED
    if rejection is QUALIFIED:
        assert bucket is not Bucket.LOW_VALUE
    if bucket is not Bucket.OTHER:
        assert rejection in {QUALIFIED, LOW, Rejection.NO_KEYWORDS, Rejection.PARKED}
        assert (bucket is Bucket.HIGH_POTENTIAL) == (
            score is not None and score >= 0.8 and rejection in {QUALIFIED, LOW}
        )
