"""Every field of every object gives what is stored: what goes in comes out, and nothing fails when it is selected."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)
from sqlalchemy import select, update

from db.models import DomainRow, PersonaRow, ProxyRow
from events.campaign_events import CampaignCreated
from graph import node_ids
from graph.schema import schema
from graph.types.campaign import Campaign
from graph.types.domain import DnsCheck, Domain, HttpCheck, KeywordHit
from graph.types.persona import DnsPersonaConfig, HttpPersonaConfig
from tests.fakes.gallery import Gallery
from tests.fakes.scored import score
from tests.unit.graph.asking import Data, Desk
from vocabulary.checks import CheckStatus, DnsReason, HttpReason, Zone
from vocabulary.checks import KeywordHit as StoredHit

# Strawberry has no other way to its graphql-core schema.
SDL = schema._schema
DEPTH = 4


def names(type_name: str) -> set[str]:
    """The fields of a type."""
    found = SDL.type_map[type_name]
    assert isinstance(found, GraphQLObjectType)
    return set(found.fields)


async def written(desk: Desk, caller: Any, verb: str, payload: str, given: Data) -> Data:
    capital = verb[0].upper() + verb[1:]
    document = f"""mutation ($input: {capital}Input!) {{ {verb}(input: $input) {{
      __typename ... on {capital}Payload {{ {payload} }} }} }}"""
    answer: Data = (await desk.ask(caller, document, input=given))[verb]
    assert answer["__typename"] == f"{capital}Payload"
    return answer


DNS = {
    "resolvers": ["192.0.2.1:53", "[2001:db8::1]:5353"],
    "strategy": "SEQUENTIAL_FAILOVER",
    "queryTimeoutSeconds": 1.5,
    "attempts": 4,
    "concurrency": 7,
    "ratePerSecond": 2.25,
    "burst": 9,
    "useSystemResolvers": True,
    "weights": [],
    "preferredOrder": ["[2001:db8::1]:5353"],
    "concurrentQueriesPerDomain": 1,
    "queryDelayMinMs": 3,
    "queryDelayMaxMs": 5,
    "confirmNxdomain": True,
}
WEIGHTED = DNS | {
    "strategy": "WEIGHTED_ROTATION",
    "weights": [{"resolver": "192.0.2.1:53", "weight": 4}],
    "preferredOrder": [],
}
HTTP = {
    "userAgent": "Heliograph/2",
    "headers": [{"name": "Accept-Language", "value": "de"}, {"name": "X-a", "value": "1"}],
    "requestTimeoutSeconds": 3.5,
    "followRedirects": False,
    "maxRedirects": 2,
    "allowedStatusCodes": [200, 404],
    "maxBodyBytes": 4096,
    "verifyTls": False,
    "concurrency": 8,
    "ratePerSecond": 1.125,
    "burst": 6,
    "cookies": "PRESERVE",
    "headerOrder": ["X-a", "user-agent"],
    "tlsMinVersion": "TLS13",
    "tlsMaxVersion": "TLS13",
}
SELECTED = {"headers": "headers { name value }", "weights": "weights { resolver weight }"}


@pytest.mark.parametrize(("kind", "config"), [("dns", DNS), ("dns", WEIGHTED), ("http", HTTP)])
async def test_a_persona_is_given_out_as_it_was_taken(
    gallery: Gallery, desk: Desk, kind: str, config: Data
) -> None:
    """With values that are no default, and each field of the type among them."""
    type_name = DnsPersonaConfig.__name__ if kind == "dns" else HttpPersonaConfig.__name__
    assert set(config) == names(type_name)
    fields = " ".join(SELECTED.get(name, name) for name in config)
    given = {"name": "p", "description": "d", "enabled": False, "config": {kind: config}}
    payload = f"persona {{ name description enabled type config {{ ... on {type_name} {{ {fields} }} }} }}"
    made = await written(desk, gallery.house.alice, "createPersona", payload, given)
    assert made["persona"] == given | {"type": kind.upper(), "config": config}


async def test_keyword_rules_are_given_out_as_they_were_taken(gallery: Gallery, desk: Desk) -> None:
    rules = [
        {
            "pattern": "a.c", "ruleType": "REGEX", "isCaseSensitive": True, "isWholeWord": True,
            "category": "k", "contextChars": 5,
        },
        {
            "pattern": "x", "ruleType": "STRING", "isCaseSensitive": False, "isWholeWord": False,
            "category": None, "contextChars": 0,
        },
    ]  # fmt: skip
    assert set(rules[0]) == names("KeywordRule")
    given = {"name": "s", "description": "d", "enabled": False, "rules": rules}
    payload = f"keywordSet {{ name description enabled rules {{ {' '.join(rules[0])} }} ruleCount }}"
    made = await written(desk, gallery.house.alice, "createKeywordSet", payload, given)
    assert made["keywordSet"] == given | {"ruleCount": 2}


async def test_a_campaigns_configuration_is_given_out_as_it_was_taken(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    ident = await gallery.campaign(alice)
    refs = "personas { id } "
    sets = "keywordSets { id } proxies { id }"
    old = (
        await desk.ask(
            alice,
            f"query ($id: ID!) {{ campaign(id: $id) {{ dns {{ {refs} }} http {{ {refs} {sets} }} }} }}",
            id=node_ids.encode("Campaign", ident),
        )
    )["campaign"]
    ids = {
        part: {name: [one["id"] for one in rows] for name, rows in old[part].items()}
        for part in ("dns", "http")
    }
    generation = {
        "patternType": "BOTH",
        "characterSet": "ab",
        "constant": "x",
        "tlds": [".net", ".org"],
        "prefixLength": 1,
        "suffixLength": 2,
        "count": "3",
    }
    pace = {"rotationIntervalSeconds": 1.5, "speedPerMinute": 600}
    dns = {"batchSize": 11, "retryAttempts": 2, **pace}
    http = {
        **pace,
        "strategy": "FAILOVER",
        "microCrawl": {"maxPages": 2, "byteBudget": 5000},
        "adHocKeywords": ["one", "two"],
        "batchSize": 12,
        "retryAttempts": 3,
        "httpPort": 81,
        "httpsPort": 444,
    }
    given = {
        "name": "c",
        "generation": generation,
        "dns": dns | {"personaIds": ids["dns"]["personas"]},
        "http": http
        | {"personaIds": ids["http"]["personas"], "keywordSetIds": ids["http"]["keywordSets"]}
        | {"proxyIds": ids["http"]["proxies"]},
    }
    assert names("GenerationConfig") == {*generation, "reserved", "ranges", "tld"}
    assert names("DnsConfig") == {*dns, "personas"}
    assert names("HttpConfig") == {*http, "personas", "keywordSets", "proxies", "poolId"}
    shown = " ".join(name for name in http if name != "microCrawl") + " microCrawl { maxPages byteBudget }"
    payload = f"""campaign {{ name generation {{ {" ".join(generation)} reserved {{ lower }} }}
      dns {{ {" ".join(dns)} {refs} }} http {{ {shown} {refs} {sets} }} }}"""
    made = (await written(desk, alice, "createCampaign", payload, given))["campaign"]
    assert made == {
        "name": "c",
        "generation": generation | {"reserved": None},
        "dns": dns | old["dns"],
        "http": http | old["http"],
    }


async def test_a_domain_has_all_that_its_checks_found(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    ident = await gallery.campaign(alice)
    moment = gallery.moment(5)
    shown = moment.isoformat().replace("+00:00", "Z")
    async with gallery.house.database.engines.writing() as session:
        persona = (await session.execute(select(PersonaRow.id).limit(1))).scalar_one()
        proxy = (await session.execute(select(ProxyRow.id))).scalar_one()
        values = {
            "dns_status": CheckStatus.TIMEOUT, "dns_reason": DnsReason.TIMEOUT, "dns_addresses": ("192.0.2.7",),
            "dns_cnames": ("a.test", "b.test"), "dns_resolver": "192.0.2.1:53", "dns_persona_id": persona,
            "dns_attempts": 2, "dns_millis": 31,
            "dns_checked_at": moment, "http_status": CheckStatus.ERROR, "http_reason": HttpReason.GONE,
            "http_status_code": 410, "http_final_url": "https://n/x", "http_title": "Title",
            "http_charset": "utf-8", "http_content_hash": "c0ffee", "http_bytes": 2**40,
            "http_truncated": True, "http_detail": "more", "http_persona_id": persona, "http_proxy_id": proxy,
            "http_attempts": 3, "http_millis": 41, "http_checked_at": moment, "matched": True,
            "hits": (StoredHit("lamp", Zone.HEADING, 2, "light", "a lamp b"),),
        }  # fmt: skip
        await session.execute(update(DomainRow).where(DomainRow.offset == 1).values(**values))
    expected: dict[str, Mapping[str, Any]] = {
        "dns": {
            "status": "TIMEOUT", "reason": "TIMEOUT", "addresses": ["192.0.2.7"], "cnames": ["a.test", "b.test"],
            "resolver": "192.0.2.1:53",
            "attempts": 2, "durationMs": 31, "checkedAt": shown,
            "persona": {"id": node_ids.encode("Persona", persona)},
        },
        "http": {
            "status": "ERROR", "reason": "GONE", "statusCode": 410, "finalUrl": "https://n/x", "title": "Title",
            "charset": "utf-8", "contentHash": "c0ffee", "bytesRead": str(2**40), "truncated": True,
            "detail": "more", "attempts": 3, "durationMs": 41, "checkedAt": shown,
            "persona": {"id": node_ids.encode("Persona", persona)},
            "proxy": {"id": node_ids.encode("Proxy", proxy)},
            "hits": [{"pattern": "lamp", "zone": "HEADING", "count": 2, "category": "light", "context": "a lamp b"}],
        },
    }  # fmt: skip
    assert set(expected["dns"]) == names(DnsCheck.__name__)
    assert set(expected["http"]) == names(HttpCheck.__name__)
    assert set(expected["http"]["hits"][0]) == names(KeywordHit.__name__)
    plain = {"id", "campaignId", "name", "tld", "offset", "matched", "checkedAt", "keywordsUnique"}
    later = {"features", "richness", "microcrawlGain", "warnings", "score", "parked", "lead", "bucket"}
    assert names(Domain.__name__) == {*plain, *later, "dns", "http"}
    fields = f"""{" ".join(sorted(plain))} dns {{ {_selection(expected["dns"])} }}
      http {{ {_selection(expected["http"])} }}"""
    node = node_ids.encode("Domain", ident, 1)
    assert (await desk.ask(alice, f"query ($id: ID!) {{ domain(id: $id) {{ {fields} }} }}", id=node))[
        "domain"
    ] == {
        "id": node,
        "campaignId": node_ids.encode("Campaign", ident),
        "name": "n00001.test",
        "tld": ".test",
        "offset": "1",
        "matched": True,
        "checkedAt": gallery.moment().isoformat().replace("+00:00", "Z"),
        "keywordsUnique": 0,
        **expected,
    }


def _selection(value: Mapping[str, Any]) -> str:
    """The selection that gives an object of this shape."""
    parts = []
    for name, inside in value.items():
        one = inside[0] if isinstance(inside, list) and inside else inside
        parts.append(f"{name} {{ {_selection(one)} }}" if isinstance(one, Mapping) else name)
    return " ".join(parts)


async def test_every_field_can_be_selected(gallery: Gallery, desk: Desk) -> None:
    """Each root field on its own, with everything below it to some depth, and no field fails."""
    alice = gallery.house.alice
    ident = await gallery.campaign(alice)
    await gallery.tell(CampaignCreated(campaign_id=ident, name="made"), alice, alice)
    await score(gallery.house.database, ident, 1)
    query = SDL.query_type
    assert query is not None
    reached: set[str] = set()
    admin = gallery.house.admin
    things = {"proxy": "proxies", "persona": "personas", "keywordSet": "keywordSets"}
    asked = " ".join(f"{one}: {many} {{ nodes {{ id }} }}" for one, many in things.items())
    listed = await desk.ask(alice, f"{{ {asked} }}")
    ids = {
        **{name: one["nodes"][0]["id"] for name, one in listed.items()},
        "domain": node_ids.encode("Domain", ident, 1),
        "scoringProfile": (
            await written(desk, alice, "createScoringProfile", "scoringProfile { id }", {"name": "strict"})
        )["scoringProfile"]["id"],
        "proxyPool": (await written(desk, alice, "createProxyPool", "pool { id }", {"name": "spare"}))[
            "pool"
        ]["id"],
        "bulkOperation": (
            await written(desk, alice, "bulkDeletePersonas", "operation { id }", {"ids": ["none"]})
        )["operation"]["id"],
    }
    for name, field in query.fields.items():
        needed = [arg for arg, one in field.args.items() if is_required_argument(one)]
        given = {
            "id": f'"{ids.get(name, node_ids.encode("Campaign", ident))}"',
            "campaignId": f'"{node_ids.encode("Campaign", ident)}"',
            "ids": f'["{node_ids.encode("Campaign", ident)}"]',
            "config": '{patternType: SUFFIX, characterSet: "abc", constant: "x", tld: ".test", suffixLength: 2}',
            "domainId": f'"{node_ids.encode("Domain", ident, 1)}"',
            "input": '{text: "a lamp", rules: [{pattern: "lamp"}, {pattern: "torch"}]}',
        }
        arguments = f"({' '.join(f'{arg}: {given[arg]}' for arg in needed)})" if needed else ""
        data = await desk.both(admin, f"{{ {name}{arguments} {_everything(field, DEPTH, reached)} }}")
        assert data[name] is not None
    objects = {"Caller", "Principal", "ProxyStats", "Phase", "Counts", "Activity", "Actor", "PageInfo"}
    objects |= {
        "Campaign",
        "Proxy",
        "Persona",
        "KeywordSet",
        "KeywordRule",
        "Domain",
        "DnsCheck",
        "HttpCheck",
        "RejectionSummary",
        "Funnel",
        "Kpis",
        "Momentum",
        "Lineage",
        "AnalysisConfig",
        "ScoringProfile",
        "ScoringVersion",
        "ScoringWeights",
        "ScoreBreakdown",
        "ComponentScore",
        "ParkedVerdict",
        "ParkedEvidence",
        "PageFeatures",
        "Richness",
        "LeadVerdict",
        "CampaignHistoryEntry",
    }
    assert {f"{type_name}.{name}" for type_name in objects for name in names(type_name)} <= reached
    assert f"{Campaign.__name__}.domains" in reached


def _everything(field: GraphQLField, depth: int, reached: set[str]) -> str:
    kind = get_named_type(field.type)
    if is_leaf_type(kind):
        return ""
    return f"{{ __typename {' '.join(_members(kind, depth, reached))} }}"


def _members(kind: Any, depth: int, reached: set[str], alias: str = "") -> Iterator[str]:
    if isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
        for possible in SDL.get_possible_types(kind):
            # Fields of one name may differ in type from member to member, so each has a name of its own.
            inside = _members(possible, depth, reached, f"{possible.name}_")
            yield f"... on {possible.name} {{ __typename {' '.join(inside)} }}"
        return
    assert isinstance(kind, GraphQLObjectType)
    for name, field in kind.fields.items():
        if is_leaf_type(get_named_type(field.type)):
            reached.add(f"{kind.name}.{name}")
            yield f"{alias}{name}: {name}"
        elif depth:
            reached.add(f"{kind.name}.{name}")
            paged = "(first: 1)" if "first" in field.args else ""
            yield f"{alias}{name}: {name}{paged} {_everything(field, depth - 1, reached)}"
