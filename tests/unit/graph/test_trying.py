"""Trying personas and keyword rules out over the schema, on real servers of the loopback interface."""

import dataclasses
from typing import Any

import dns.message
import pytest

from graph import node_ids
from probes.trials import Trials
from services.keyword_sets import KeywordSets
from services.personas import Personas
from tests.fakes.gallery import Gallery
from tests.unit.graph.asking import Data, Desk
from tests.unit.graph.test_mutations import change
from tests.unit.probes.loopback import LOCAL, answer, describe, dns_server, page, redirect, web_server

TEST_PERSONA = """mutation ($input: TestPersonaInput!) { testPersona(input: $input) {
  __typename
  ... on TestPersonaPayload {
    cursor persona { id version }
    report {
      ... on DnsPersonaTest {
        target dnsStatus: status dnsReason: reason addresses cnames resolver attempts
        exchanges { resolver recordType reason addresses cnames }
      }
      ... on HttpPersonaTest {
        target status reason detail statusCode finalUrl title bytesRead dns { addresses }
        visits { url address headers { name value } statusCode location tlsVersion problem }
      }
    }
  }
  ... on UserError { code path message }
} }"""
TEST_KEYWORDS = """query ($input: TestKeywordsInput!) { testKeywords(input: $input) {
  __typename
  ... on TestKeywordsPayload { hits { pattern zone count } missed { pattern } page { status reason title } }
  ... on UserError { code path message }
} }"""


def at_home(query: dns.message.Message) -> bytes:
    kind, name = describe(query).split()
    return answer(query, *([f"{name} A 127.0.0.1"] if kind == "A" else []))


@pytest.fixture
def near(gallery: Gallery, desk: Desk) -> Desk:
    """A desk whose trials may reach the loopback interface."""
    database, trials = gallery.house.database, Trials(LOCAL, seconds=5)
    services = dataclasses.replace(
        desk.services, personas=Personas(database, trials), keyword_sets=KeywordSets(database, trials)
    )
    return Desk(desk.engines, services)


async def persona(desk: Desk, caller: Any, **config: object) -> str:
    made = await change(desk, caller, "createPersona", name=f"{config}", config=config)
    return str(made["persona"]["id"])


async def tried(desk: Desk, caller: Any, **given: object) -> Data:
    data: Data = (await desk.ask(caller, TEST_PERSONA, input=given))["testPersona"]
    return data


async def searched(desk: Desk, caller: Any, **given: object) -> Data:
    data: Data = (await desk.ask(caller, TEST_KEYWORDS, input=given))["testKeywords"]
    return data


async def test_a_dns_persona_shows_what_it_asked(gallery: Gallery, near: Desk) -> None:
    alice = gallery.house.alice
    async with dns_server(at_home) as server:
        ident = await persona(near, alice, dns={"resolvers": [server.text]})
        found = await tried(near, alice, id=ident, target="a.test")
    assert found["persona"] == {"id": ident, "version": 1}
    report = found["report"]
    assert (report["dnsStatus"], report["addresses"]) == ("OK", ["127.0.0.1"])
    assert sorted(one["recordType"] for one in report["exchanges"]) == ["A", "AAAA"]
    assert {one["resolver"] for one in report["exchanges"]} == {server.text}


async def test_an_http_persona_shows_what_it_sent_and_where_it_was_led(gallery: Gallery, near: Desk) -> None:
    alice = gallery.house.alice
    async with (
        dns_server(at_home) as server,
        web_server(lambda _: page("<title>In</title>")) as inner,
        web_server(lambda _: redirect(f"http://b.test:{inner.port}/")) as http,
    ):
        names = await persona(near, alice, dns={"resolvers": [server.text]})
        ident = await persona(near, alice, http={"userAgent": "H/1", "headerOrder": ["Accept", "User-Agent"]})
        target = f"http://a.test:{http.port}/"
        found = await tried(near, alice, id=ident, target=target, dnsPersonaId=names)
    report = found["report"]
    assert (report["status"], report["title"], report["dns"]) == ("OK", "In", {"addresses": ["127.0.0.1"]})
    first, second = report["visits"]
    assert (first["statusCode"], first["location"]) == (302, f"http://b.test:{inner.port}/")
    assert [header["name"] for header in first["headers"]][:3] == ["Host", "Accept", "User-Agent"]
    assert (second["url"], second["statusCode"], second["tlsVersion"]) == (report["finalUrl"], 200, None)


async def test_what_cannot_be_tried_is_told_by_its_field(gallery: Gallery, near: Desk) -> None:
    alice, bob = gallery.house.alice, gallery.house.bob
    ident = await persona(near, alice, http={"userAgent": "H/1"})
    nothing = node_ids.encode("Persona", gallery.house.alice.id)
    for caller, given, told in (
        (alice, {"id": ident, "target": "a.test"}, ("VALIDATION_FAILED", ["dnsPersonaId"])),
        (alice, {"id": ident, "target": "ftp://x/"}, ("VALIDATION_FAILED", ["target"])),
        (alice, {"id": ident, "target": "a.test", "dnsPersonaId": nothing}, ("NOT_FOUND", ["dnsPersonaId"])),
        (bob, {"id": ident, "target": "127.0.0.1"}, ("NOT_FOUND", ["id"])),
        (gallery.house.viewer, {"id": ident, "target": "127.0.0.1"}, ("FORBIDDEN", None)),
    ):
        refused = await tried(near, caller, **given)
        assert (refused["code"], refused["path"]) == told


async def test_a_persona_is_duplicated(gallery: Gallery, near: Desk) -> None:
    alice = gallery.house.alice
    ident = await persona(near, alice, http={"userAgent": "H/1", "cookies": "SESSION"})
    document = """mutation ($input: DuplicatePersonaInput!) { duplicatePersona(input: $input) {
      ... on DuplicatePersonaPayload { persona { id name config { ... on HttpPersonaConfig { cookies } } } }
      ... on UserError { code } } }"""
    made = (await near.ask(alice, document, input={"id": ident, "name": "copy"}))["duplicatePersona"][
        "persona"
    ]
    assert made["id"] != ident
    assert (made["name"], made["config"]) == ("copy", {"cookies": "SESSION"})
    again = (await near.ask(alice, document, input={"id": ident, "name": "copy"}))["duplicatePersona"]
    assert again == {"code": "ALREADY_EXISTS"}


async def test_a_change_for_another_version_is_a_conflict(gallery: Gallery, near: Desk) -> None:
    alice = gallery.house.alice
    ident = await persona(near, alice, http={"userAgent": "H/1"})
    document = """mutation ($input: UpdatePersonaInput!) { updatePersona(input: $input) {
      ... on UpdatePersonaPayload { persona { version } } ... on ConflictError { code currentState path } } }"""
    given = {"id": ident, "expectedVersion": 1, "description": "d"}
    first = (await near.ask(alice, document, input=given))["updatePersona"]
    second = (await near.ask(alice, document, input=given | {"description": "e"}))["updatePersona"]
    assert first == {"persona": {"version": 2}}
    assert second == {"code": "VERSION_MISMATCH", "currentState": "2", "path": ["expectedVersion"]}


async def test_single_rules_of_a_set_are_edited(gallery: Gallery, near: Desk) -> None:
    alice = gallery.house.alice
    rules = [{"pattern": "a"}, {"pattern": "b"}]
    made = await change(near, alice, "createKeywordSet", name="s", rules=rules)
    document = """mutation ($input: UpdateKeywordSetInput!) { updateKeywordSet(input: $input) {
      ... on UpdateKeywordSetPayload { keywordSet { version rules { pattern } } }
      ... on ValidationError { violations { path } } } }"""
    edits = {
        "addRules": [{"pattern": "d"}],
        "editRules": [{"ordinal": 1, "rule": {"pattern": "c"}}],
        "removeRules": [0],
    }
    given = {"id": made["keywordSet"]["id"], **edits}
    changed = (await near.ask(alice, document, input=given))["updateKeywordSet"]
    assert changed["keywordSet"] == {"version": 2, "rules": [{"pattern": "c"}, {"pattern": "d"}]}
    given["removeRules"] = [2]
    refused = (await near.ask(alice, document, input=given))["updateKeywordSet"]
    assert refused == {"violations": [{"path": ["removeRules", "0"]}]}


async def test_rules_are_tried_on_a_page_that_is_fetched(gallery: Gallery, near: Desk) -> None:
    alice = gallery.house.alice
    rules = [{"pattern": "lamp"}, {"pattern": "torch"}]
    async with (
        dns_server(at_home) as server,
        web_server(lambda _: page("<title>Lamps</title><p>a lamp <script>torch</script>")) as http,
    ):
        url = f"http://127.0.0.1:{http.port}/shop"
        plain = await searched(near, alice, rules=rules, url=url)
        by_system = await searched(near, alice, rules=rules, url=f"http://localhost:{http.port}/shop")
        names = await persona(near, alice, dns={"resolvers": [server.text]})
        agent = await persona(near, alice, http={"userAgent": "Mine/1"})
        named = f"http://a.test:{http.port}/shop"
        given = {"url": named, "personaId": agent, "dnsPersonaId": names}
        as_personas = await searched(near, alice, rules=rules, **given)
    assert plain == by_system == as_personas
    assert plain["hits"] == [
        {"pattern": "lamp", "zone": "TITLE", "count": 1},
        {"pattern": "lamp", "zone": "BODY", "count": 1},
    ]
    assert (plain["missed"], plain["page"]) == (
        [{"pattern": "torch"}],
        {"status": "OK", "reason": None, "title": "Lamps"},
    )
    assert [request["User-Agent"] for request in http.requests] == ["heliograph (keyword test)"] * 2 + [
        "Mine/1"
    ]


async def test_a_page_that_is_not_there_hits_nothing(gallery: Gallery, near: Desk) -> None:
    async with web_server(lambda _: page("lamp", 404)) as http:
        url = f"http://127.0.0.1:{http.port}/"
        found = await searched(near, gallery.house.alice, rules=[{"pattern": "lamp"}], url=url)
    assert (found["hits"], found["missed"]) == ([], [{"pattern": "lamp"}])
    assert found["page"]["reason"] == "NOT_FOUND"


async def test_what_is_no_page_is_told_by_its_field(gallery: Gallery, near: Desk, desk: Desk) -> None:
    alice, rules = gallery.house.alice, [{"pattern": "x"}]
    http = await persona(near, alice, http={"userAgent": "H/1"})
    nothing = node_ids.encode("Persona", alice.id)
    url = "http://127.0.0.1:1024/"
    for given, told in (
        ({}, ("VALIDATION_FAILED", ["text"])),
        ({"text": "x", "url": url}, ("VALIDATION_FAILED", ["text"])),
        ({"text": "x", "personaId": http}, ("VALIDATION_FAILED", ["personaId"])),
        ({"url": "file:///etc/passwd"}, ("VALIDATION_FAILED", ["url"])),
        ({"url": url, "dnsPersonaId": http}, ("VALIDATION_FAILED", ["dnsPersonaId"])),
        ({"url": url, "personaId": nothing}, ("NOT_FOUND", ["personaId"])),
        ({"url": url, "dnsPersonaId": nothing}, ("NOT_FOUND", ["dnsPersonaId"])),
    ):
        refused = await searched(near, alice, rules=rules, **given)
        assert (refused["code"], refused["path"]) == told
    forbidden = await searched(near, gallery.house.viewer, rules=rules, url=url)
    assert forbidden["code"] == "FORBIDDEN"
    blocked = await searched(desk, alice, rules=rules, url=url)
    assert blocked["page"]["reason"] == "BLOCKED_ADDRESS"
