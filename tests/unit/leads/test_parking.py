"""Parked pages: what is enough, what is not, and that every verdict says why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.extraction import extract
from leads.parking import PRIOR, WEIGHTS, judge
from tests.unit.leads.making import FEATURES, features, page
from vocabulary.leads import PageFeatures, ParkedEvidence, ParkedSignal, ParkedVerdict
from vocabulary.pages import Link

PROSE = "We sell lamps and everything that belongs to them, and send them within two days. " * 40


def judged(found: PageFeatures, shared_by: int = 0, cnames: tuple[str, ...] = ()) -> ParkedVerdict:
    return judge(found, shared_by=shared_by, cnames=cnames)


def signals(verdict: ParkedVerdict) -> list[ParkedSignal]:
    return [one.signal for one in verdict.evidence]


def test_a_page_that_offers_its_domain_is_parked_and_says_why() -> None:
    text = "This domain may be for sale. Buy this domain today."
    verdict = judged(extract(page(text, title="a.test"), ()))
    # -3.5 + 2.5 + 0.75 + 0.75 = 0.5.
    assert verdict == ParkedVerdict(
        is_parked=True,
        confidence=0.6225,
        evidence=(
            ParkedEvidence(
                ParkedSignal.FOR_SALE_TEXT,
                3.25,
                "the text of 51 characters says “domain may be for sale”, “buy this domain”",
            ),
            ParkedEvidence(ParkedSignal.TINY_PAGE, 0.75, "only 51 characters of visible text"),
        ),
    )


def test_without_any_sign_a_page_is_nearly_surely_not() -> None:
    assert judged(features()) == ParkedVerdict(is_parked=False, confidence=0.0293)


def test_a_title_that_offers_the_domain_is_enough_on_a_short_page_only() -> None:
    assert judged(extract(page("Hello", title="a.test: this domain is for sale"), ())).is_parked
    assert not judged(extract(page(PROSE, title="How to buy the domain that you like"), ())).is_parked


def test_naming_or_linking_a_market_place_is_not_enough() -> None:
    found = extract(page("I sold it on sedo.", title="sedo", links=(Link("sedo.com", 3),)), ())
    assert judged(found).confidence < 0.2
    assert signals(judged(found)) == [ParkedSignal.PARKING_HOST, ParkedSignal.TINY_PAGE]


def test_a_shop_that_says_coming_soon_is_not_parked() -> None:
    verdict = judged(extract(page("A new lamp is coming soon. " + PROSE, internal_links=20), ()))
    assert verdict == ParkedVerdict(is_parked=False, confidence=0.0293)
    small = judged(extract(page("Our shop. Coming soon!"), ()))
    assert not small.is_parked
    assert signals(small) == [ParkedSignal.COMING_SOON, ParkedSignal.TINY_PAGE]


def test_a_guide_about_buying_domains_is_not_parked() -> None:
    assert not judged(extract(page("Interested in this domain? Buy this domain. " + PROSE), ())).is_parked


def test_a_redirect_to_a_market_place_is_enough() -> None:
    found = extract(page(PROSE, final_url="https://www.hugedomains.com/x"), ())
    assert judged(found).is_parked
    assert judged(found).evidence[0].detail == "it leads to the market place hugedomains.com"


@pytest.mark.parametrize("name", ["a.parkingcrew.net", "BODIS.com."])
def test_an_alias_into_a_parking_network_is_enough(name: str) -> None:
    verdict = judged(features(), cnames=("www.a.test", name))
    assert (verdict.is_parked, signals(verdict)) == (True, [ParkedSignal.PARKING_NETWORK])
    assert not judged(features(), cnames=("www.a.test", "cdn.test")).is_parked


def test_a_redirect_into_a_parking_network_is_enough() -> None:
    assert judged(features(final_host="x.bodis.com")).is_parked


@pytest.mark.parametrize(
    ("shared_by", "is_parked"), [(0, False), (1, False), (10, False), (30, True), (5000, True)]
)
def test_the_same_page_under_many_names_is_enough(shared_by: int, is_parked: bool) -> None:
    assert judged(features(), shared_by=shared_by).is_parked is is_parked


@pytest.mark.parametrize(
    ("shared_by", "weight"), [(1, 0.8), (3, 1.6), (7, 2.4), (31, 4.0), (63, 4.5), (5000, 4.5)]
)
def test_each_doubling_of_the_names_weighs_the_same_up_to_a_limit(shared_by: int, weight: float) -> None:
    (shared,) = judged(features(), shared_by=shared_by).evidence
    assert shared.weight == weight


@pytest.mark.parametrize(
    ("length", "title", "text"),
    [(299, 3.75, 2.5), (1000, 3.75, 2.5), (2000, 2.81, 1.56), (3000, 1.88, 0.62), (60_000, 1.88, 0.62)],
)
def test_words_weigh_less_in_a_longer_page(length: int, title: float, text: float) -> None:
    found = features(
        text_length=length, for_sale_title=("buy this domain",), for_sale_phrases=("buy this domain",)
    )
    weights = {one.signal: one.weight for one in judged(found).evidence}
    assert (weights[ParkedSignal.FOR_SALE_TITLE], weights[ParkedSignal.FOR_SALE_TEXT]) == (title, text)
    assert (ParkedSignal.TINY_PAGE in weights) == (length < 300)


@pytest.mark.parametrize(("length", "is_sign"), [(999, True), (1000, False)])
def test_coming_soon_is_a_sign_on_short_pages(length: int, is_sign: bool) -> None:
    found = features(text_length=length, coming_soon=("coming soon",))
    assert (signals(judged(found)) == [ParkedSignal.COMING_SOON]) is is_sign


def test_an_empty_page_is_no_shared_page() -> None:
    assert not judged(features(bytes_read=0, text_length=0), shared_by=5000).is_parked


def test_a_short_page_of_links_that_lead_away_is_a_sign() -> None:
    found = features(text_length=400, external_links=12, internal_links=3)
    assert signals(judged(found)) == [ParkedSignal.LINK_FARM]
    assert signals(judged(features(text_length=400, external_links=12, internal_links=4))) == []
    assert signals(judged(features(text_length=1000, external_links=12))) == []
    assert signals(judged(features(text_length=400, external_links=10))) == [ParkedSignal.LINK_FARM]
    assert signals(judged(features(text_length=400, external_links=9))) == []


def test_the_caller_says_from_which_confidence_on_a_page_is_parked() -> None:
    found = extract(page("Buy this domain today. And more of it."), ())
    assert judge(found, shared_by=0, cnames=(), parked_from=0.4).is_parked
    assert not judge(found, shared_by=0, cnames=(), parked_from=0.5).is_parked


def test_every_signal_has_a_weight() -> None:
    assert set(WEIGHTS) == set(ParkedSignal)
    assert all(0 < weight < -2 * PRIOR for weight in WEIGHTS.values())


CNAMES = st.lists(st.sampled_from(["x.bodis.com", "cdn.test"]), max_size=2)


@given(FEATURES, st.integers(0, 10**6), CNAMES)
def test_a_verdict_follows_from_its_evidence(found: PageFeatures, shared_by: int, cnames: list[str]) -> None:
    verdict = judge(found, shared_by=shared_by, cnames=cnames)
    assert verdict == judge(found, shared_by=shared_by, cnames=cnames)
    assert 0 <= verdict.confidence <= 1
    assert verdict.is_parked == (verdict.confidence >= 0.45)
    odds = round(sum(one.weight for one in verdict.evidence), 2)
    assert (verdict.confidence > 0.5) == (odds > -PRIOR)
    assert len(set(signals(verdict))) == len(verdict.evidence)
    assert all(one.weight > 0 and one.detail for one in verdict.evidence)


@given(FEATURES, st.integers(0, 1000), st.integers(0, 1000))
def test_sharing_with_more_never_makes_it_less_sure(found: PageFeatures, few: int, more: int) -> None:
    less, most = sorted((few, few + more))
    assert judged(found, less).confidence <= judged(found, most).confidence
