"""Mutations: what was committed comes back with its cursor, and a refusal is a named member of the union."""

from typing import Any

import pytest

from core.ids import new_id
from db.models import CampaignRow, KeywordSetRow, PersonaRow, ProxyRow
from events import cursor
from graph import node_ids
from tests.fakes.gallery import Gallery
from tests.unit.graph.asking import Data, Desk

REFUSAL = """
... on UserError { __typename code message path }
... on ValidationError { limit violations { path message limit } }
... on NotFoundError { id }
... on ConflictError { currentState attempted }
"""
# What each mutation's payload holds, and whether its union has ValidationError and NotFoundError.
PAYLOADS = {
    "createCampaign": "campaign { id name status }",
    "duplicateCampaign": "campaign { id name status owner { name } }",
    "updateCampaign": "campaign { id name dns { batchSize } }",
    "deleteCampaign": "deletedId",
    "startCampaign": "campaign { id status phases { kind status } }",
    "pauseCampaign": "campaign { id status controlPhase }",
    "resumeCampaign": "campaign { id status controlPhase }",
    "cancelCampaign": "campaign { id status }",
    "createProxy": "proxy { id name health hasCredentials owner { name } }",
    "updateProxy": "proxy { id name description username hasCredentials }",
    "deleteProxy": "deletedId",
    "testProxy": "proxy { id health }",
    "importProxies": "totals { lines }",
    "cleanUnhealthyProxies": "removed { id }",
    "createPersona": "persona { id name type config { __typename } }",
    "updatePersona": "persona { id name description enabled }",
    "deletePersona": "deletedId",
    "createKeywordSet": "keywordSet { id name ruleCount rules { pattern ruleType contextChars } }",
    "updateKeywordSet": "keywordSet { id name description rules { pattern } }",
    "deleteKeywordSet": "deletedId",
}
WITHOUT_VALIDATION = {
    "deleteCampaign", "pauseCampaign", "resumeCampaign", "cancelCampaign",
    "deleteProxy", "testProxy", "deletePersona", "deleteKeywordSet",
}  # fmt: skip
WITHOUT_NOT_FOUND = {"createProxy", "importProxies", "cleanUnhealthyProxies"}
TABLES = (CampaignRow, PersonaRow, ProxyRow, KeywordSetRow)


def document(name: str) -> str:
    capital = name[0].upper() + name[1:]
    refusal = REFUSAL
    if name in WITHOUT_VALIDATION:
        refusal = refusal.replace("... on ValidationError { limit violations { path message limit } }", "")
    if name in WITHOUT_NOT_FOUND:
        refusal = refusal.replace("... on NotFoundError { id }", "")
    return f"""mutation ($input: {capital}Input!) {{ {name}(input: $input) {{
      __typename ... on {capital}Payload {{ {PAYLOADS[name]} cursor }} {refusal} }} }}"""


async def change(desk: Desk, caller: Any, name: str, /, **given: object) -> Data:
    data: Data = (await desk.ask(caller, document(name), input=given))[name]
    return data


async def parts(desk: Desk, caller: Any) -> dict[str, str]:
    """The ids of personas and a keyword set for a campaign."""
    dns = await change(
        desk, caller, "createPersona", name="dns", config={"dns": {"resolvers": ["127.0.0.1:53"]}}
    )
    http = await change(desk, caller, "createPersona", name="http", config={"http": {"userAgent": "H/1"}})
    words = await change(desk, caller, "createKeywordSet", name="words", rules=[{"pattern": "lamp"}])
    return {"dns": dns["persona"]["id"], "http": http["persona"]["id"], "words": words["keywordSet"]["id"]}


async def campaign_input(desk: Desk, caller: Any) -> dict[str, Any]:
    ids = await parts(desk, caller)
    return {
        "name": "hunt",
        "generation": {
            "patternType": "SUFFIX",
            "characterSet": "abc",
            "constant": "x",
            "tld": ".test",
            "suffixLength": 2,
            "count": "5",
        },
        "dns": {"personaIds": [ids["dns"]]},
        "http": {"personaIds": [ids["http"]], "keywordSetIds": [ids["words"]]},
    }


async def test_the_whole_life_of_a_campaign(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    made = await change(desk, alice, "createCampaign", **await campaign_input(desk, alice))
    assert made["__typename"] == "CreateCampaignPayload"
    ident = made["campaign"].pop("id")
    assert made["campaign"] == {"name": "hunt", "status": "DRAFT"}
    assert cursor.decode(made["cursor"]).position == await gallery.house.head()
    renamed = await change(desk, alice, "updateCampaign", id=ident, name="chase")
    assert renamed["campaign"] == {"id": ident, "name": "chase", "dns": {"batchSize": 100}}
    started = await change(desk, alice, "startCampaign", id=ident)
    assert started["campaign"]["status"] == "RUNNING"
    assert [phase["status"] for phase in started["campaign"]["phases"]] == [
        "IN_PROGRESS",
        *["CONFIGURED"] * 5,
    ]
    again = await change(desk, alice, "startCampaign", id=ident)
    assert again["cursor"] == started["cursor"]
    for name, status, phase in (
        ("pauseCampaign", "PAUSED", "DOMAIN_GENERATION"),
        ("resumeCampaign", "RUNNING", "DOMAIN_GENERATION"),
    ):
        done = await change(desk, alice, name, id=ident)
        assert done["campaign"] == {"id": ident, "status": status, "controlPhase": phase}
        assert cursor.decode(done["cursor"]).position == await gallery.house.head()
    refused = await change(desk, alice, "deleteCampaign", id=ident)
    assert (refused["__typename"], refused["code"], refused["currentState"], refused["attempted"]) == (
        "ConflictError",
        "INVALID_TRANSITION",
        "RUNNING",
        "DELETE",
    )
    assert (await change(desk, alice, "cancelCampaign", id=ident))["campaign"]["status"] == "CANCELLED"
    deleted = await change(desk, alice, "deleteCampaign", id=ident)
    assert (deleted["__typename"], deleted["deletedId"]) == ("DeleteCampaignPayload", ident)
    assert (await desk.ask(alice, "query ($id: ID!) { campaign(id: $id) { id } }", id=ident)) == {
        "campaign": None
    }


async def test_every_broken_rule_is_named_with_its_path_and_limit(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    given = await campaign_input(desk, alice)
    given["name"] = ""
    given["dns"] |= {"personaIds": [given["http"]["personaIds"][0], "garbage"], "batchSize": 1001}
    given["http"] |= {"proxyIds": [node_ids.encode("Proxy", new_id())], "httpPort": 0}
    before = await gallery.house.head(), await gallery.house.count(CampaignRow)
    refused = await change(desk, alice, "createCampaign", **given)
    assert (refused["__typename"], refused["code"]) == ("ValidationError", "VALIDATION_FAILED")
    paths = {".".join(one["path"]): one["limit"] for one in refused["violations"]}
    assert paths == {
        "name": "1..255",
        "dns.batchSize": "1..1000",
        "dns.personaIds.0": "DNS",
        "dns.personaIds.1": None,
        "http.proxyIds.0": None,
        "http.httpPort": "1..65535",
    }
    assert (refused["path"], refused["limit"]) == (
        refused["violations"][0]["path"],
        refused["violations"][0]["limit"],
    )
    assert (await gallery.house.head(), await gallery.house.count(CampaignRow)) == before


async def test_paths_are_spelled_as_in_the_schema(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    given = await campaign_input(desk, alice)
    given["generation"] |= {"suffixLength": 0}
    refused = await change(desk, alice, "createCampaign", **given)
    assert [one["path"] for one in refused["violations"]] == [["generation", "suffixLength"]]


async def test_left_out_keeps_null_removes_and_null_for_a_must_is_refused(
    gallery: Gallery, desk: Desk
) -> None:
    alice = gallery.house.alice
    made = await change(
        desk, alice, "createProxy",
        name="p", protocol="HTTP", host="proxy.example", port=3128, description="d", username="u", password="secret",
    )  # fmt: skip
    assert made["proxy"] | {"id": ""} == {
        "id": "",
        "name": "p",
        "health": "UNKNOWN",
        "hasCredentials": True,
        "owner": {"name": "alice"},
    }
    ident = made["proxy"]["id"]
    kept = await change(desk, alice, "updateProxy", id=ident, name="q")
    assert kept["proxy"] == {
        "id": ident,
        "name": "q",
        "description": "d",
        "username": "u",
        "hasCredentials": True,
    }
    bare = await change(desk, alice, "updateProxy", id=ident, description=None, username=None, password=None)
    assert bare["proxy"] == {
        "id": ident,
        "name": "q",
        "description": None,
        "username": None,
        "hasCredentials": False,
    }
    refused = await change(desk, alice, "updateProxy", id=ident, name=None, port=None)
    assert [one["path"] for one in refused["violations"]] == [["name"], ["port"]]


async def test_proxies_are_tested_and_removed(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    given = {"name": "p", "protocol": "SOCKS5", "host": "proxy.example", "port": 1080}
    ident = (await change(desk, alice, "createProxy", **given))["proxy"]["id"]
    taken = await change(desk, alice, "createProxy", **given)
    assert (taken["code"], taken["path"]) == ("ALREADY_EXISTS", ["name"])
    tested = await change(desk, alice, "testProxy", id=ident)
    assert tested["proxy"] == {"id": ident, "health": "TESTING"}
    assert (await change(desk, alice, "deleteProxy", id=ident))["deletedId"] == ident
    missing = await change(desk, alice, "testProxy", id=ident)
    assert (missing["__typename"], missing["id"], missing["path"]) == ("NotFoundError", ident, ["id"])


async def test_personas_have_one_configuration(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    made = await change(desk, alice, "createPersona", name="p", config={"dns": {"resolvers": ["1.1.1.1:53"]}})
    assert (made["persona"]["type"], made["persona"]["config"]) == (
        "DNS",
        {"__typename": "DnsPersonaConfig"},
    )
    ident = made["persona"]["id"]
    changed = await change(desk, alice, "updatePersona", id=ident, description="slow", enabled=False)
    assert changed["persona"] == {"id": ident, "name": "p", "description": "slow", "enabled": False}
    other_type = await change(desk, alice, "updatePersona", id=ident, config={"http": {"userAgent": "H/1"}})
    assert (other_type["__typename"], other_type["violations"][0]["path"][0]) == ("ValidationError", "config")
    for config in ({}, {"dns": None}, {"dns": {"resolvers": []}, "http": {"userAgent": "x"}}):
        result = await desk.result(alice, document("createPersona"), input={"name": "q", "config": config})
        assert result.errors
    assert await gallery.house.count(PersonaRow) == 1


async def test_keyword_sets_replace_their_rules(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    rules = [{"pattern": "a"}, {"pattern": "b+", "ruleType": "REGEX", "contextChars": 5}]
    made = await change(desk, alice, "createKeywordSet", name="k", rules=rules)
    ident = made["keywordSet"]["id"]
    assert made["keywordSet"] == {
        "id": ident,
        "name": "k",
        "ruleCount": 2,
        "rules": [
            {"pattern": "a", "ruleType": "STRING", "contextChars": 0},
            {"pattern": "b+", "ruleType": "REGEX", "contextChars": 5},
        ],
    }
    changed = await change(desk, alice, "updateKeywordSet", id=ident, rules=[{"pattern": "c"}])
    assert changed["keywordSet"]["rules"] == [{"pattern": "c"}]
    bad = await change(
        desk, alice, "updateKeywordSet", id=ident, rules=[{"pattern": "(", "ruleType": "REGEX"}]
    )
    assert bad["violations"][0]["path"][:2] == ["rules", "0"]
    used = await campaign_input(desk, alice)
    used["http"]["keywordSetIds"] = [ident]
    await change(desk, alice, "createCampaign", **used)
    refused = await change(desk, alice, "deleteKeywordSet", id=ident)
    assert (refused["__typename"], refused["code"]) == ("ConflictError", "IN_USE")


async def everything(desk: Desk, caller: Any) -> dict[str, dict[str, Any]]:
    """An input for every mutation, about things of `caller`."""
    given = await campaign_input(desk, caller)
    ident = (await change(desk, caller, "createCampaign", **given))["campaign"]["id"]
    proxy = {"name": "p", "protocol": "HTTP", "host": "proxy.example", "port": 1}
    proxy_id = (await change(desk, caller, "createProxy", **proxy))["proxy"]["id"]
    persona_id, set_id = given["dns"]["personaIds"][0], given["http"]["keywordSetIds"][0]
    return {
        "createCampaign": given,
        "duplicateCampaign": {"id": ident},
        "updateCampaign": {"id": ident, "name": "x"},
        **{f"{one}Campaign": {"id": ident} for one in ("delete", "start", "pause", "resume", "cancel")},
        "createProxy": proxy,
        "updateProxy": {"id": proxy_id, "name": "x"},
        "deleteProxy": {"id": proxy_id},
        "testProxy": {"id": proxy_id},
        "importProxies": {"text": "other.example:1"},
        "cleanUnhealthyProxies": {"dryRun": False},
        "createPersona": {"name": "x", "config": {"http": {"userAgent": "x"}}},
        "updatePersona": {"id": persona_id, "name": "x"},
        "deletePersona": {"id": persona_id},
        "createKeywordSet": {"name": "x", "rules": [{"pattern": "x"}]},
        "updateKeywordSet": {"id": set_id, "name": "x"},
        "deleteKeywordSet": {"id": set_id},
    }


async def test_a_viewer_changes_nothing_and_learns_nothing(gallery: Gallery, desk: Desk) -> None:
    inputs = await everything(desk, gallery.house.alice)
    assert set(inputs) == set(PAYLOADS)
    before = await gallery.house.head(), [await gallery.house.count(one) for one in TABLES]
    for name, given in inputs.items():
        for asked in (given, given | ({"id": "garbage"} if "id" in given else {})):
            refused = await change(desk, gallery.house.viewer, name, **asked)
            assert (refused["__typename"], refused["code"]) == ("ForbiddenError", "FORBIDDEN"), name
    assert (await gallery.house.head(), [await gallery.house.count(one) for one in TABLES]) == before


async def test_the_things_of_others_are_not_found(gallery: Gallery, desk: Desk) -> None:
    inputs = {
        name: given for name, given in (await everything(desk, gallery.house.alice)).items() if "id" in given
    }
    before = await gallery.house.head(), [await gallery.house.count(one) for one in TABLES]
    for name, given in inputs.items():
        wrong_type = node_ids.encode("Principal", gallery.house.bob.id)
        for ident in (given["id"], "garbage", "", wrong_type):
            refused = await change(desk, gallery.house.bob, name, **(given | {"id": ident}))
            assert (refused["__typename"], refused["code"]) == ("NotFoundError", "NOT_FOUND"), name
            assert (refused["id"], refused["path"]) == (ident, ["id"])
    assert (await gallery.house.head(), [await gallery.house.count(one) for one in TABLES]) == before


async def test_the_persona_of_another_owner_is_not_there_to_refer_to(gallery: Gallery, desk: Desk) -> None:
    given = await campaign_input(desk, gallery.house.alice)
    refused = await change(desk, gallery.house.bob, "createCampaign", **given)
    assert {tuple(one["path"]) for one in refused["violations"]} == {
        ("dns", "personaIds", "0"),
        ("http", "personaIds", "0"),
        ("http", "keywordSetIds", "0"),
    }


@pytest.mark.parametrize("noun", ["campaign", "persona", "proxy", "keywordSet"])
async def test_mutations_of_one_operation_run_one_after_another_and_see_each_other(
    gallery: Gallery, desk: Desk, noun: str
) -> None:
    """Each payload shows its own commit, and what was read for the one before is forgotten."""
    alice = gallery.house.alice
    campaign = await campaign_input(desk, alice)
    given = {
        "campaign": campaign,
        "persona": {"name": "p", "config": {"dns": {"resolvers": ["192.0.2.1:53"]}}},
        "proxy": {"name": "x", "protocol": "HTTP", "host": "h.example", "port": 1},
        "keywordSet": {"name": "k", "rules": [{"pattern": "a"}]},
    }[noun]
    capital = noun[0].upper() + noun[1:]
    ident = (await change(desk, alice, f"create{capital}", **given))[noun]["id"]
    head = await gallery.house.head()
    one = f"""update{capital}(input: {{id: $id, name: "%s"}}) {{
      ... on Update{capital}Payload {{ cursor {noun} {{ name updatedAt }} }} }}"""
    query = f"mutation ($id: ID!) {{ a: {one % 'first'} b: {one % 'second'} }}"
    data = await desk.ask(alice, query, id=ident)
    assert [data[key][noun]["name"] for key in "ab"] == ["first", "second"]
    assert [cursor.decode(data[key]["cursor"]).position for key in "ab"] == [head + 1, head + 2]


@pytest.mark.parametrize("count", ["9223372036854775808", "many", 1.5])
async def test_a_count_that_is_no_int64_never_reaches_a_verb(
    gallery: Gallery, desk: Desk, count: object
) -> None:
    alice = gallery.house.alice
    given = await campaign_input(desk, alice)
    given["generation"]["count"] = count
    result = await desk.result(alice, document("createCampaign"), input=given)
    assert result.errors
    assert "BigInt" in result.errors[0].message
    assert await gallery.house.count(CampaignRow) == 0
