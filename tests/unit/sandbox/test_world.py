"""The table is whole: every name has one behaviour, and the counts are what the demo promises."""

from collections import Counter

import pytest
import re2
from selectolax.lexbor import LexborHTMLParser

from sandbox.behaviours import OUTCOMES, Dns, Web
from sandbox.keywords import AD_HOC_KEYWORD, KEYWORD_SETS
from sandbox.pages import Pages, Ports, Request
from sandbox.world import CHARACTERS, LISTENED, MARKETPLACE, PARKING_HOST, WORLD, Site, rejections
from vocabulary.checks import CheckStatus, DnsReason, HttpReason, Zone
from vocabulary.keywords import KeywordRule, RuleType
from vocabulary.leads import LeadStatus, Rejection

RULES = [rule for keyword_set in KEYWORD_SETS for rule in keyword_set.rules] + [KeywordRule(AD_HOC_KEYWORD)]


def test_the_names_are_all_of_the_space_in_order() -> None:
    names = [site.name for site in WORLD.sites]
    assert len(names) == len(set(names)) == 400
    assert names[:3] == ["aabeacon.test", "abbeacon.test", "acbeacon.test"]
    assert names[20] == "babeacon.test"
    assert names[-1] == "ttbeacon.test"
    assert {name[0] for name in names} == set(CHARACTERS)


def test_the_totals_are_exact() -> None:
    totals = WORLD.totals()
    assert (totals.generated, totals.resolved, totals.matched) == (400, 316, 183)
    assert totals.dns == {
        (CheckStatus.OK, None): 316,
        (CheckStatus.ERROR, DnsReason.NXDOMAIN): 30,
        (CheckStatus.ERROR, DnsReason.NODATA): 18,
        (CheckStatus.ERROR, DnsReason.SERVFAIL): 12,
        (CheckStatus.ERROR, DnsReason.REFUSED): 8,
        (CheckStatus.TIMEOUT, DnsReason.TIMEOUT): 16,
    }
    assert totals.http == {
        (CheckStatus.OK, None): 253,
        (CheckStatus.TIMEOUT, HttpReason.TIMEOUT): 6,
        (CheckStatus.ERROR, HttpReason.CONNECTION_REFUSED): 6,
        (CheckStatus.ERROR, HttpReason.CONNECTION_RESET): 5,
        (CheckStatus.ERROR, HttpReason.DNS_RESOLVE_ERROR): 4,
        (CheckStatus.ERROR, HttpReason.TOO_MANY_REDIRECTS): 5,
        (CheckStatus.ERROR, HttpReason.TLS_ERROR): 8,
        (CheckStatus.ERROR, HttpReason.TLS_EXPIRED): 4,
        (CheckStatus.ERROR, HttpReason.BODY_ERROR): 3,
        (CheckStatus.ERROR, HttpReason.NOT_FOUND): 5,
        (CheckStatus.ERROR, HttpReason.FORBIDDEN): 3,
        (CheckStatus.ERROR, HttpReason.UNAUTHORIZED): 2,
        (CheckStatus.ERROR, HttpReason.GONE): 2,
        (CheckStatus.ERROR, HttpReason.RATE_LIMIT): 2,
        (CheckStatus.ERROR, HttpReason.UNAVAILABLE_LEGAL): 2,
        (CheckStatus.ERROR, HttpReason.UPSTREAM_5XX): 4,
        (CheckStatus.ERROR, HttpReason.STATUS_CODE_MISMATCH): 2,
    }
    assert totals.rejections == {
        Rejection.QUALIFIED: 160,
        Rejection.LOW_SCORE: 10,
        Rejection.NO_KEYWORDS: 35,
        Rejection.PARKED: 48,
        Rejection.DNS_ERROR: 68,
        Rejection.DNS_TIMEOUT: 16,
        Rejection.HTTP_ERROR: 57,
        Rejection.HTTP_TIMEOUT: 6,
    }
    assert totals.high_potential == 21


def test_every_name_has_one_rejection_and_the_status_that_goes_with_it() -> None:
    for site in WORLD.sites:
        assert (site.rejection is Rejection.QUALIFIED) == (site.lead_status is LeadStatus.MATCH), site
        assert site.rejection is not Rejection.PENDING
        assert site.lead_status is not LeadStatus.PENDING
        if site.fetch is not None and site.fetch.status is CheckStatus.OK:
            assert site.lead_status in {LeadStatus.MATCH, LeadStatus.NO_MATCH}
        else:
            assert site.lead_status in {LeadStatus.ERROR, LeadStatus.TIMEOUT}


def test_a_lander_is_parked_in_company_only() -> None:
    landers = WORLD.having(Web.LANDER)
    assert rejections(landers) == [Rejection.PARKED] * len(landers)
    assert rejections(landers[:1]) == [Rejection.NO_KEYWORDS]
    pages = {Pages(Ports(80, 443)).respond(site, Request()).body for site in landers}
    assert len(pages) == 1


def test_what_is_parked_leads_nowhere_but_to_loopback() -> None:
    assert {site.aliases for site in WORLD.having(Web.PARKING_ALIAS)} == {(PARKING_HOST,)}
    assert WORLD.site(PARKING_HOST).addresses == WORLD.site(MARKETPLACE).addresses == (LISTENED,)
    for site in WORLD.having(Web.MARKET):
        said = Pages(Ports(80, 443)).respond(site, Request())
        assert said.location == f"https://{MARKETPLACE}:443/welcome?name={site.name}"


def test_every_behaviour_has_a_site_and_every_web_behaviour_an_outcome() -> None:
    assert {behaviour for behaviour in Dns if not WORLD.having(behaviour)} == set()
    assert {behaviour for behaviour in Web if not WORLD.having(behaviour)} == {Web.ADDRESS_ECHO}
    assert set(OUTCOMES) == set(Web)


def test_a_site_has_a_web_host_exactly_if_its_lookup_ends_in_an_address() -> None:
    for site in WORLD.sites:
        assert (site.dns_status is CheckStatus.OK) == bool(site.addresses) == (site.web is not None), site


def test_totals_of_a_selection_add_up() -> None:
    names = [site.name for site in WORLD.sites]
    first, rest = WORLD.totals(names[:137]), WORLD.totals(names[137:])
    assert first.generated == 137
    assert Counter(first.dns) + Counter(rest.dns) == WORLD.totals().dns
    assert Counter(first.patterns) + Counter(rest.patterns) == WORLD.totals().patterns


def test_a_site_is_found_in_any_case_and_a_stranger_is_not() -> None:
    assert WORLD.find("AABeacon.TEST.") == WORLD.sites[0]
    assert WORLD.find("uubeacon.test") is None
    with pytest.raises(KeyError):
        WORLD.site("uubeacon.test")


def zones(html: str) -> dict[Zone, str]:
    """The zones of a page by a parser that knows nothing of plants; each text in its innermost zone only."""
    tree = LexborHTMLParser(html)
    tree.strip_tags(["script", "style"])
    found = {
        Zone.META: " ".join(m.attributes.get("content") or "" for m in tree.css("meta[name=description]"))
    }
    for zone, selector in ((Zone.TITLE, "title"), (Zone.HEADING, "h1"), (Zone.ANCHOR, "a")):
        found[zone] = " ".join(node.text() for node in tree.css(selector))
        tree.strip_tags([selector])
    found[Zone.BODY] = tree.body.text() if tree.body else ""
    return {zone: " ".join(text.split()) for zone, text in found.items()}


def found(text: str, rule: KeywordRule) -> bool:
    # The library has no type stubs; both calls are as documented.
    quoted: str = rule.pattern if rule.rule_type is RuleType.REGEX else re2.escape(rule.pattern)  # type: ignore[no-untyped-call]
    pattern = quoted if rule.is_case_sensitive else f"(?i){quoted}"
    return re2.search(pattern, text) is not None  # type: ignore[no-untyped-call]


def text_of(site: Site) -> str:
    body = Pages(Ports(80, 443)).respond(site, Request("/welcome", "127.0.0.1")).body
    return body.decode("cp1251" if site.web is Web.WINDOWS_1251 else "utf-8", "replace")


CODED = {
    Web.GZIP,
    Web.BROTLI,
    Web.DEFLATE,
    Web.BROKEN_GZIP,
    Web.GZIP_BOMB,
    Web.UTF16,
    Web.HUGE,
    Web.PLAIN_TEXT,
}


@pytest.mark.parametrize("behaviour", [web for web in Web if WORLD.having(web) and web not in CODED])
def test_a_page_holds_exactly_what_is_planted(behaviour: Web) -> None:
    site = WORLD.having(behaviour)[0]
    expected = site.fetch
    assert expected is not None
    if expected.status is CheckStatus.OK:
        page = zones(text_of(site))
        hits = {(rule.pattern, zone) for zone, text in page.items() for rule in RULES if found(text, rule)}
        assert hits == expected.hits
