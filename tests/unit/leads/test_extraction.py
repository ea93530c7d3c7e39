"""Extraction: what is read off a page, phrases of many languages, known hosts, structure."""

import msgspec
import pytest
from hypothesis import given

from leads.extraction import extract
from leads.known_hosts import MARKETPLACES, PARKING_NETWORKS, known
from leads.phrases import COMING_SOON, FOR_SALE, fold, said
from tests.unit.leads.making import HITS, NOW, PAGES, page
from vocabulary.checks import KeywordHit, Zone
from vocabulary.leads import PageFeatures, PageWarning
from vocabulary.pages import Link, PageSnapshot


def test_the_features_of_a_shop() -> None:
    shop = page(
        "We sell panels.",
        bytes_read=1024,
        extra_bytes=1024,
        gained=1,
        final_url="https://www.A.test:8443/start",
        title="Solar shop",
        internal_links=3,
        external_links=2,
        links=(Link("b.test", 1), Link("www.sedo.com", 1)),
        last_modified=NOW,
    )
    found = extract(shop, [KeywordHit("solar", Zone.TITLE, 1), KeywordHit("panel", Zone.BODY, 5)])
    assert (found.bytes_read, found.text_length, found.title, found.final_host) == (
        2048,
        15,
        "Solar shop",
        "www.a.test",
    )
    assert (found.keywords.hits, found.keywords.hits_per_kilobyte, found.keywords.gained) == (6, 3.0, 1)
    assert (found.internal_links, found.external_links, found.last_modified) == (3, 2, NOW)
    assert found.title_has_keyword
    assert (found.parking_hosts, found.marketplace) == (("www.sedo.com",), None)
    assert (found.for_sale_phrases, found.for_sale_title, found.coming_soon) == ((), (), ())
    assert found.warnings == (PageWarning.STUFFING, PageWarning.REPETITION)
    assert found.richness.gain > 0


def test_a_page_without_anything() -> None:
    found = extract(page("", bytes_read=0, final_url="", title=None), ())
    assert (found.richness.score, found.keywords.hits, found.has_structure, found.final_host) == (
        0,
        0,
        False,
        None,
    )


@pytest.mark.parametrize("part", ["headings", "internal_links", "external_links"])
def test_any_of_these_is_structure(part: str) -> None:
    assert not extract(page(), ()).has_structure
    assert extract(msgspec.structs.replace(page(), **{part: 1}), ()).has_structure
    assert extract(page(description="A shop"), ()).has_structure


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("This DOMAIN  is for sale!", ("domain is for sale",)),
        ("Diese Domain steht zum Verkauf.", ("domain steht zum verkauf",)),
        ("Ce nom de domaine est à vendre", ("domaine est à vendre",)),
        ("Este dominio está en venta", ("dominio está en venta",)),
        ("Deze domeinnaam is te koop", ("domeinnaam is te koop",)),
        ("Этот домен продаётся", ("домен продаётся",)),
        ("本域名出售中", ("域名出售",)),
        ("이 도메인을 구매하세요", ("이 도메인을 구매",)),
        ("هذا النطاق للبيع", ("النطاق للبيع",)),
        ("My domain for sales people; subdomain for sale", ()),
        ("Shoes for sale. Our domain is wine.", ()),
    ],
    ids=["en", "de", "fr", "es", "nl", "ru", "zh", "ko", "ar", "parts of words", "a shop"],
)
def test_phrases_that_offer_the_domain(text: str, phrases: tuple[str, ...]) -> None:
    assert extract(page(text), ()).for_sale_phrases == phrases
    assert extract(page(title=text), ()).for_sale_title == phrases


def test_a_decomposed_letter_is_the_same_letter() -> None:
    assert extract(page("domaine a\u0300 vendre"), ()).for_sale_phrases == ("domaine à vendre",)


def test_a_phrase_inside_another_is_not_said_twice() -> None:
    assert said(("domain is parked", "is parked"), "the domain is parked") == ("domain is parked",)


@pytest.mark.parametrize("text", ["Coming soon", "Site en construction", "即将上线"], ids=["en", "fr", "zh"])
def test_unfinished_sites(text: str) -> None:
    assert extract(page(text), ()).coming_soon == (fold(text),)


def test_the_tables_are_folded_and_lists_are_apart() -> None:
    assert all(fold(phrase) == phrase and phrase for phrase in (*FOR_SALE, *COMING_SOON))
    assert not set(FOR_SALE) & set(COMING_SOON)
    assert not PARKING_NETWORKS & MARKETPLACES
    assert all(host == host.lower() and "." in host for host in PARKING_NETWORKS | MARKETPLACES)


@pytest.mark.parametrize(
    ("host", "entry"),
    [
        ("sedo.com", "sedo.com"),
        ("www.SEDO.com.", "sedo.com"),
        ("notsedo.com", None),
        ("sedo.com.evil.test", None),
        ("com", None),
        ("", None),
    ],
)
def test_hosts_are_known_by_whole_labels(host: str, entry: str | None) -> None:
    assert known(host, MARKETPLACES) == entry


def test_the_final_host_may_be_a_market_place() -> None:
    assert extract(page(final_url="https://www.dan.com/buy/a.test"), ()).marketplace == "dan.com"


@given(PAGES, HITS)
def test_any_page_has_features_and_always_the_same(snapshot: PageSnapshot, hits: list[KeywordHit]) -> None:
    found = extract(snapshot, hits)
    assert isinstance(found, PageFeatures)
    assert found == extract(snapshot, hits)
    assert found.bytes_read == snapshot.bytes_read + snapshot.extra_bytes
    assert found.title_has_keyword == any(hit.zone is Zone.TITLE for hit in hits)
