"""Campaigns over the sandbox's names, made as a client makes them, and every count held to what the sandbox says."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sandbox import keywords, world
from sandbox.sandbox import Sandbox
from sandbox.world import WORLD, Site, Totals
from tests.e2e.client import Client, Json
from vocabulary.checks import CheckStatus, DnsReason, HttpReason

Reason = TypeVar("Reason")

CREATE_PERSONA = """
mutation ($input: CreatePersonaInput!) {
  createPersona(input: $input) {
    __typename ... on CreatePersonaPayload { persona { id } } ... on UserError { message }
  }
}
"""
CREATE_PROXY = """
mutation ($input: CreateProxyInput!) {
  createProxy(input: $input) { __typename ... on CreateProxyPayload { proxy { id } } ... on UserError { message } }
}
"""
CREATE_KEYWORDS = """
mutation ($input: CreateKeywordSetInput!) {
  createKeywordSet(input: $input) {
    __typename ... on CreateKeywordSetPayload { keywordSet { id } } ... on UserError { message }
  }
}
"""
CREATE = """
mutation ($input: CreateCampaignInput!) {
  createCampaign(input: $input) {
    __typename ... on CreateCampaignPayload { cursor campaign { id } } ... on UserError { message path }
  }
}
"""
START = """
mutation ($id: ID!) {
  startCampaign(input: { id: $id }) { __typename ... on UserError { message } }
}
"""
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
      }
    }
  }
}
"""
PHASES = """
query Phases($id: ID!) {
  campaign(id: $id) { status phases { kind status counts { total processed succeeded failed } } }
}
"""


@dataclass(frozen=True)
class Pace:
    """How a test's campaign works: fast, unless something shall happen in the middle of it."""

    dns_rate: float = 500
    http_rate: float = 300
    dns_batch: int = 25
    http_batch: int = 20
    through_proxies: bool = False


@dataclass(frozen=True)
class Draft:
    """A campaign that was made and not started; `cursor` is the place of its making."""

    id: str
    cursor: str


async def make_draft(client: Client, box: Sandbox, count: int, pace: Pace | None = None) -> Draft:
    """A campaign over the first `count` names of the world, and all that it works with."""
    pace = pace or Pace()
    data = {
        "name": "End to end",
        "generation": {
            "patternType": "PREFIX",
            "characterSet": world.CHARACTERS,
            "constant": world.CONSTANT,
            "tld": world.TLD,
            "prefixLength": world.VARIABLE_LENGTH,
            "count": count,
        },
        "dns": {"personaIds": [await _dns_persona(client, box, pace)], "batchSize": pace.dns_batch},
        "http": {
            "personaIds": [await _http_persona(client, pace)],
            "keywordSetIds": [await _keyword_set(client, each) for each in keywords.KEYWORD_SETS],
            "adHocKeywords": [keywords.AD_HOC_KEYWORD],
            "proxyIds": await _proxies(client, box) if pace.through_proxies else [],
            "batchSize": pace.http_batch,
            "httpPort": box.http_port,
            "httpsPort": box.https_port,
        },
    }
    made = await client.change("createCampaign", CREATE, input=data)
    return Draft(made["campaign"]["id"], made["cursor"])


async def start(client: Client, draft: Draft) -> None:
    """Start it."""
    await client.change("startCampaign", START, id=draft.id)


async def _dns_persona(client: Client, box: Sandbox, pace: Pace) -> str:
    # Six tries of half a second before silence is believed: a busy machine is not mistaken for a silent server.
    config = {
        "resolvers": [box.dns],
        "queryTimeoutSeconds": 0.5,
        "attempts": 3,
        "concurrency": 40,
        "ratePerSecond": pace.dns_rate,
        "burst": 5,
    }
    return await _persona(client, "resolver", {"dns": config})


async def _http_persona(client: Client, pace: Pace) -> str:
    config = {
        "userAgent": "Heliograph test",
        "requestTimeoutSeconds": 2,
        "concurrency": 30,
        "ratePerSecond": pace.http_rate,
        "burst": 5,
    }
    return await _persona(client, "fetcher", {"http": config})


async def _persona(client: Client, name: str, config: Json) -> str:
    made = await client.change("createPersona", CREATE_PERSONA, input={"name": name, "config": config})
    return str(made["persona"]["id"])


async def _keyword_set(client: Client, wanted: keywords.KeywordSet) -> str:
    rules = [
        {
            "pattern": rule.pattern,
            "ruleType": rule.rule_type,
            "isCaseSensitive": rule.is_case_sensitive,
            "category": rule.category,
            "contextChars": rule.context_chars,
        }
        for rule in wanted.rules
    ]
    made = await client.change(
        "createKeywordSet", CREATE_KEYWORDS, input={"name": wanted.name, "rules": rules}
    )
    return str(made["keywordSet"]["id"])


async def _proxies(client: Client, box: Sandbox) -> list[str]:
    """Those that work and tell why a target is not reached, which is counted here: SOCKS 4 has no word for it."""
    found = []
    for proxy in box.proxies:
        if proxy.name in {"dead", "socks4"}:
            continue
        data = {
            "name": proxy.name,
            "protocol": proxy.endpoint.protocol,
            "host": proxy.endpoint.host,
            "port": proxy.endpoint.port,
            "username": proxy.endpoint.username,
            "password": proxy.endpoint.password,
        }
        made = await client.change("createProxy", CREATE_PROXY, input=data)
        found.append(str(made["proxy"]["id"]))
    return found


@dataclass(frozen=True)
class Figures:
    """What was counted, for those who run the test with -s."""

    generated: int
    resolved: int
    matched: int
    dns: Mapping[str, int]
    http: Mapping[str, int]
    patterns: Mapping[str, int] = field(repr=False)

    def __str__(self) -> str:
        return json.dumps({name: getattr(self, name) for name in self.__dataclass_fields__}, sort_keys=False)


async def assert_exact(client: Client, campaign_id: str, events: Sequence[Json], count: int) -> Figures:
    """Every count of a completed campaign, by four ways, is the sandbox's own; gives them.

    The ways are: the domains one by one, the server's counts by filter, the phases, and the events.
    """
    sites = WORLD.sites[:count]
    truth = WORLD.totals(site.name for site in sites)
    domains = await _domains(client, campaign_id)
    assert [_told(domain) for domain in domains] == [_expected(site) for site in sites]
    await _assert_filters(client, campaign_id, truth)
    phases = await _assert_phases(client, campaign_id, truth)
    completed = [event for event in events if event["__typename"] == "PhaseCompleted"]
    assert {event["phase"]: event["counts"] for event in completed} == phases
    assert len(completed) == 3
    return Figures(
        generated=len(domains),
        resolved=sum(domain["dns"]["status"] == "OK" for domain in domains),
        matched=sum(domain["matched"] for domain in domains),
        dns=_counted(domain["dns"] for domain in domains),
        http=_counted(domain["http"] for domain in domains if domain["dns"]["status"] == "OK"),
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
    fields = [
        f"f{index}: domains(first: 1, filter: {one}) {{ totalCount }}" for index, one in enumerate(wanted)
    ]
    document = f"query Counts($id: ID!) {{ campaign(id: $id) {{ {' '.join(fields)} }} }}"
    found = (await client.ask(document, id=campaign_id))["campaign"]
    counts = {one: int(found[f"f{index}"]["totalCount"]) for index, one in enumerate(wanted)}
    assert counts == wanted


def _with(counts: Mapping[tuple[CheckStatus, Reason], int], status: CheckStatus) -> int:
    return sum(number for (found, _), number in counts.items() if found is status)


async def _assert_phases(client: Client, campaign_id: str, truth: Totals) -> dict[str, Json]:
    campaign = (await client.ask(PHASES, id=campaign_id))["campaign"]
    assert campaign["status"] == "COMPLETED"
    assert {phase["status"] for phase in campaign["phases"]} == {"COMPLETED"}
    accepted = _with(truth.http, CheckStatus.OK)
    expected = {
        "DOMAIN_GENERATION": _counts(truth.generated, truth.generated),
        "DNS_VALIDATION": _counts(truth.generated, truth.resolved),
        "HTTP_KEYWORD_VALIDATION": _counts(truth.resolved, accepted),
    }
    assert {phase["kind"]: phase["counts"] for phase in campaign["phases"]} == expected
    return expected


def _counts(total: int, succeeded: int) -> Json:
    numbers = {"total": total, "processed": total, "succeeded": succeeded, "failed": total - succeeded}
    return {name: str(number) for name, number in numbers.items()}
