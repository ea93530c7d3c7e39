"""Every count of a finished campaign, and every word on each of its domains, held to what the sandbox says."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sandbox.world import WORLD, Site, Totals, rejections
from tests.e2e import verdicts
from tests.e2e.client import Client, Json
from vocabulary.campaigns import PhaseKind
from vocabulary.checks import CheckStatus, DnsReason, HttpReason
from vocabulary.leads import LeadStatus, Rejection

Reason = TypeVar("Reason")

DOMAINS = """
query Domains($id: ID!, $after: String) {
  campaign(id: $id) {
    domains(first: 200, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes {
        name matched
        dns { status reason }
        http { status reason statusCode title truncated hits { pattern } }
        lead { status rejection reason }
        parked { isParked confidence evidence { signal weight } }
        score { score factor components { status contribution } }
      }
    }
  }
}
"""
CAMPAIGN = """
query Summary($id: ID!) {
  campaign(id: $id) {
    status percent controlPhase
    phases { kind status percent counts { total processed succeeded failed } }
    funnel { generated dnsValid httpValid keywordHits analyzed highPotential leads }
    rejections {
      qualified lowScore noKeywords parked dnsError dnsTimeout httpError httpTimeout
      analyzed pending generated balanced note
    }
    buckets { count }
    kpis { totalAnalyzed }
  }
}
"""


@dataclass(frozen=True)
class Figures:
    """What was counted, for those who run the test with -s."""

    generated: int
    resolved: int
    matched: int
    dns: Mapping[str, int]
    http: Mapping[str, int]
    rejections: Mapping[str, int]
    evidence: Mapping[str, int]
    scores: Mapping[str, float]
    patterns: Mapping[str, int] = field(repr=False)

    def __str__(self) -> str:
        return json.dumps({name: getattr(self, name) for name in self.__dataclass_fields__}, sort_keys=False)


async def assert_exact(client: Client, campaign_id: str, events: Sequence[Json], count: int) -> Figures:
    """Every count of a completed campaign, by four ways, is the sandbox's own; gives them.

    The ways are: the domains one by one, the server's counts by filter, the campaign's own sums, and the events.
    """
    sites = WORLD.sites[:count]
    truth = WORLD.totals(site.name for site in sites)
    domains = await _domains(client, campaign_id)
    assert [_told(domain) for domain in domains] == [_expected(site) for site in sites]
    _assert_verdicts(domains, sites)
    await _assert_filters(client, campaign_id, truth)
    phases = await _assert_sums(client, campaign_id, truth)
    completed = [event for event in events if event["__typename"] == "PhaseCompleted"]
    assert [event["phase"] for event in completed] == list(PhaseKind)
    assert {event["phase"]: event["counts"] for event in completed} == phases
    return _figures(domains)


def _figures(domains: Sequence[Json]) -> Figures:
    scores = [domain["score"]["score"] for domain in domains if domain["score"] is not None]
    signals = [each["signal"] for domain in domains for each in _evidence(domain)]
    return Figures(
        generated=len(domains),
        resolved=sum(domain["dns"]["status"] == "OK" for domain in domains),
        matched=sum(domain["matched"] for domain in domains),
        dns=_counted(domain["dns"] for domain in domains),
        http=_counted(domain["http"] for domain in domains if domain["dns"]["status"] == "OK"),
        rejections=dict(sorted(Counter(domain["lead"]["rejection"] for domain in domains).items())),
        evidence=dict(sorted(Counter(signals).items())),
        scores={"pages": len(scores), "sum": round(sum(scores), 3), "max": max(scores)},
        patterns=Counter(pattern for domain in domains for pattern in _patterns(domain)),
    )


async def _domains(client: Client, campaign_id: str) -> list[Json]:
    """All of them, page by page."""
    found: list[Json] = []
    after = None
    while True:
        page = (await client.ask(DOMAINS, id=campaign_id, after=after))["campaign"]["domains"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            assert int(page["totalCount"]) == len(found)
            return found


def _patterns(domain: Json) -> frozenset[str]:
    return frozenset(hit["pattern"] for hit in domain["http"]["hits"])


def _evidence(domain: Json) -> list[Json]:
    return [] if domain["parked"] is None else list(domain["parked"]["evidence"])


def _told(domain: Json) -> tuple[object, ...]:
    dns, http = domain["dns"], domain["http"]
    page = (http["status"], http["reason"], http["statusCode"], http["title"], http["truncated"])
    return (domain["name"], dns["status"], dns["reason"], page, domain["matched"], _patterns(domain))


def _expected(site: Site) -> tuple[object, ...]:
    fetch = site.fetch
    if fetch is None:
        page: tuple[object, ...] = (CheckStatus.PENDING, None, None, None, False)
        return (site.name, site.dns_status, site.dns_reason, page, False, frozenset())
    page = (fetch.status, fetch.reason, fetch.status_code, fetch.title, fetch.truncated)
    return (site.name, site.dns_status, site.dns_reason, page, fetch.matched, fetch.patterns)


def _assert_verdicts(domains: Sequence[Json], sites: Sequence[Site]) -> None:
    """The lead, the evidence and the score of each domain, to the last digit."""
    for domain, site, rejection in zip(domains, sites, rejections(sites), strict=True):
        lead = domain["lead"]
        assert (lead["rejection"], lead["status"]) == (rejection, site.lead_status), site
        if not verdicts.is_scored(site):
            assert (domain["parked"], domain["score"]) == (None, None), site
            continue
        assert lead["reason"], site
        parked, score = domain["parked"], domain["score"]
        assert {each["signal"] for each in parked["evidence"]} == verdicts.evidence(site, sites), site
        assert parked["confidence"] == verdicts.confidence(each["weight"] for each in parked["evidence"])
        assert parked["isParked"] == (rejection is Rejection.PARKED), site
        assert score["score"] == verdicts.score(site, parked["confidence"]), site
        parts = sum(each["contribution"] for each in score["components"])
        assert abs(parts * score["factor"] - score["score"]) <= 0.0005, site
        assert (score["score"] >= 0.80) == site.is_high_potential, site


def _counted(checks: object) -> dict[str, int]:
    assert hasattr(checks, "__iter__")
    counts = Counter(check["reason"] or check["status"] for check in checks)
    return dict(sorted(counts.items()))


async def _assert_filters(client: Client, campaign_id: str, truth: Totals) -> None:
    """Each filter of domains counts what there is, also where there is nothing."""
    dns = Counter(reason for (_, reason), number in truth.dns.items() for _ in range(number))
    http = Counter(reason for (_, reason), number in truth.http.items() for _ in range(number))
    wanted = {f"{{ dnsReason: [{reason}] }}": dns[reason] for reason in DnsReason}
    wanted |= {f"{{ httpReason: [{reason}] }}": http[reason] for reason in HttpReason}
    wanted |= {f"{{ dnsStatus: [{status}] }}": _with(truth.dns, status) for status in CheckStatus}
    wanted |= {
        f"{{ dnsStatus: [OK], httpStatus: [{status}] }}": _with(truth.http, status) for status in CheckStatus
    }
    wanted["{ matched: true }"] = truth.matched
    wanted["{ matched: false }"] = truth.generated - truth.matched
    wanted |= {f"{{ keyword: {json.dumps(pattern)} }}": number for pattern, number in truth.patterns.items()}
    assert await _counts_by(client, campaign_id, list(wanted)) == wanted
    leads = _leads_by_filter(truth)
    assert await _counts_by(client, campaign_id, list(leads)) == leads


def _leads_by_filter(truth: Totals) -> dict[str, int]:
    gone = {
        LeadStatus.PENDING: frozenset[Rejection](),
        LeadStatus.MATCH: {Rejection.QUALIFIED},
        LeadStatus.NO_MATCH: {Rejection.LOW_SCORE, Rejection.NO_KEYWORDS, Rejection.PARKED},
        LeadStatus.ERROR: {Rejection.DNS_ERROR, Rejection.HTTP_ERROR},
        LeadStatus.TIMEOUT: {Rejection.DNS_TIMEOUT, Rejection.HTTP_TIMEOUT},
    }
    wanted = {f"{{ rejection: [{each}] }}": truth.rejections.get(each, 0) for each in Rejection}
    wanted |= {
        f"{{ leadStatus: [{status}] }}": sum(truth.rejections.get(each, 0) for each in reasons)
        for status, reasons in gone.items()
    }
    wanted["{ minScore: 0.8 }"] = truth.high_potential
    return wanted


async def _counts_by(client: Client, campaign_id: str, filters: Sequence[str]) -> dict[str, int]:
    fields = [
        f"f{index}: domains(first: 1, filter: {one}) {{ totalCount }}" for index, one in enumerate(filters)
    ]
    document = f"query Counts($id: ID!) {{ campaign(id: $id) {{ {' '.join(fields)} }} }}"
    found = (await client.ask(document, id=campaign_id))["campaign"]
    return {one: int(found[f"f{index}"]["totalCount"]) for index, one in enumerate(filters)}


def _with(counts: Mapping[tuple[CheckStatus, Reason], int], status: CheckStatus) -> int:
    return sum(number for (found, _), number in counts.items() if found is status)


async def _assert_sums(client: Client, campaign_id: str, truth: Totals) -> dict[str, Json]:
    campaign = (await client.ask(CAMPAIGN, id=campaign_id))["campaign"]
    assert (campaign["status"], campaign["percent"], campaign["controlPhase"]) == ("COMPLETED", 100, None)
    assert {(phase["status"], phase["percent"]) for phase in campaign["phases"]} == {("COMPLETED", 100)}
    accepted = _with(truth.http, CheckStatus.OK)
    expected = {
        PhaseKind.DOMAIN_GENERATION: _counts(truth.generated, truth.generated),
        PhaseKind.DNS_VALIDATION: _counts(truth.generated, truth.resolved),
        PhaseKind.HTTP_KEYWORD_VALIDATION: _counts(truth.resolved, accepted),
        PhaseKind.EXTRACTION: _counts(accepted, accepted),
        PhaseKind.ANALYSIS: _counts(accepted, accepted),
        PhaseKind.ENRICHMENT: _counts(accepted, accepted),
    }
    assert {phase["kind"]: phase["counts"] for phase in campaign["phases"]} == expected
    _assert_audit(campaign, truth, accepted)
    return {str(kind): counts for kind, counts in expected.items()}


def _assert_audit(campaign: Json, truth: Totals, accepted: int) -> None:
    """The funnel and the audit equation."""
    assert {name: int(number) for name, number in campaign["funnel"].items()} == {
        "generated": truth.generated,
        "dnsValid": truth.resolved,
        "httpValid": accepted,
        "keywordHits": truth.matched,
        "analyzed": truth.generated,
        "highPotential": truth.high_potential,
        "leads": truth.rejections.get(Rejection.QUALIFIED, 0),
    }
    told = campaign["rejections"]
    assert (told["balanced"], told["note"], told["pending"]) == (True, None, "0")
    assert told["analyzed"] == told["generated"] == str(truth.generated)
    for rejection in set(Rejection) - {Rejection.PENDING}:
        assert told[_camel(rejection)] == str(truth.rejections.get(rejection, 0)), rejection
    assert sum(int(bucket["count"]) for bucket in campaign["buckets"]) == accepted
    assert campaign["kpis"]["totalAnalyzed"] == str(accepted)


def _camel(name: str) -> str:
    first, *rest = name.lower().split("_")
    return "".join([first, *(word.title() for word in rest)])


def _counts(total: int, succeeded: int) -> Json:
    numbers = {"total": total, "processed": total, "succeeded": succeeded, "failed": total - succeeded}
    return {name: str(number) for name, number in numbers.items()}
