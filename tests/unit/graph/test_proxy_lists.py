"""Importing and cleaning as clients see it: a result for each line, totals, and no password anywhere."""

import json
from typing import Any

from sqlalchemy import update

from db.models import ProxyRow
from events import cursor
from events.proxy_events import ProxyAdded, ProxyRemoved
from graph import node_ids
from tests.fakes.gallery import Gallery
from tests.unit.graph.asking import Data, Desk
from vocabulary.proxies import ProxyHealth

IMPORT = """mutation ($input: ImportProxiesInput!) { importProxies(input: $input) {
  __typename
  ... on ImportProxiesPayload {
    cursor
    totals { lines added wouldAdd duplicateInText alreadyExists invalid }
    lines {
      line text outcome address firstLine violations { path message limit }
      proxy { id name health hasCredentials username owner { name } }
    }
  }
  ... on UserError { code message path }
  ... on ValidationError { limit violations { path } } } }"""
CLEAN = """mutation ($input: CleanUnhealthyProxiesInput!) { cleanUnhealthyProxies(input: $input) {
  __typename
  ... on CleanUnhealthyProxiesPayload {
    cursor hasMore removed { id } wouldRemove { id } kept { reason proxy { id } }
  }
  ... on UserError { code message path } } }"""
SECRET = "hunter2-and-more"
TEXT = f"front.example:8080\nada:{SECRET}@192.0.2.7:1080\nfront.example:8080\n192.0.2.7:0:ada:{SECRET}\n"


async def ask(desk: Desk, caller: Any, document: str, **given: object) -> Data:
    [answer] = (await desk.ask(caller, document, input=given)).values()
    assert SECRET not in json.dumps(answer)
    return dict(answer)


def totals(**given: int) -> dict[str, int]:
    names = ("lines", "added", "wouldAdd", "duplicateInText", "alreadyExists", "invalid")
    return dict.fromkeys(names, 0) | given


async def test_every_line_has_its_result(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    made = await ask(desk, alice, IMPORT, text=TEXT)
    assert made["totals"] == totals(lines=4, added=2, duplicateInText=1, invalid=1)
    first, second, third, fourth = made["lines"]
    assert first == {
        "line": 1,
        "text": "front.example:8080",
        "outcome": "ADDED",
        "address": "http://front.example:8080",
        "firstLine": None,
        "violations": [],
        "proxy": first["proxy"]
        | {
            "name": "front.example:8080",
            "health": "UNKNOWN",
            "hasCredentials": False,
            "username": None,
            "owner": {"name": "alice"},
        },
    }
    assert (second["text"], second["address"]) == (None, "http://192.0.2.7:1080")
    assert (second["proxy"]["username"], second["proxy"]["hasCredentials"]) == ("ada", True)
    assert (third["outcome"], third["firstLine"], third["proxy"]) == ("DUPLICATE_IN_TEXT", 1, None)
    assert (fourth["outcome"], fourth["text"], fourth["address"]) == ("INVALID", None, None)
    assert fourth["violations"] == [
        {"path": ["port"], "message": "must be from 1 to 65535", "limit": "1..65535"}
    ]
    head = await gallery.house.head()
    assert cursor.decode(made["cursor"]).position == head
    ids = [node_ids.encode("Proxy", event.proxy.id) for event in await gallery.house.events(head - 2)
           if isinstance(event, ProxyAdded)]  # fmt: skip
    assert ids == [first["proxy"]["id"], second["proxy"]["id"]]
    again = await ask(desk, alice, IMPORT, text=TEXT)
    assert again["totals"] == totals(lines=4, alreadyExists=2, duplicateInText=1, invalid=1)
    assert [line["proxy"]["id"] for line in again["lines"][:2]] == ids
    assert again["cursor"] == made["cursor"]


async def test_a_dry_run_adds_nothing(gallery: Gallery, desk: Desk) -> None:
    dry = await ask(desk, gallery.house.alice, IMPORT, text=TEXT, protocol="SOCKS5", dryRun=True)
    assert dry["totals"] == totals(lines=4, wouldAdd=2, duplicateInText=1, invalid=1)
    assert dry["lines"][0]["address"] == "socks5://front.example:8080"
    assert (await gallery.house.head(), await gallery.house.count(ProxyRow)) == (0, 0)


async def test_a_list_that_is_too_long_is_refused(gallery: Gallery, desk: Desk) -> None:
    refused = await ask(desk, gallery.house.alice, IMPORT, text="h.example:1\n" * 1001)
    assert (refused["__typename"], refused["path"], refused["limit"]) == (
        "ValidationError",
        ["text"],
        "0..1000",
    )
    assert await gallery.house.count(ProxyRow) == 0


async def test_an_operation_may_not_import_without_end(gallery: Gallery, desk: Desk) -> None:
    """All of them together may hold as many rows as the lists of a query; what was done before that stays."""
    one = 'importProxies(input: {text: "h.example:1"}) { __typename }'
    fields = " ".join(f"a{number}: {one}" for number in range(21))
    result = await desk.result(gallery.house.alice, f"mutation {{ {fields} }}")
    assert result.errors is not None
    assert [error.path for error in result.errors] == [["a20"]]
    assert await gallery.house.count(ProxyRow) == 1


async def test_viewers_are_refused(gallery: Gallery, desk: Desk) -> None:
    viewer = gallery.house.viewer
    for refused in (
        await ask(desk, viewer, IMPORT, text=TEXT),
        await ask(desk, viewer, CLEAN, dryRun=False),
    ):
        assert (refused["__typename"], refused["code"]) == ("ForbiddenError", "FORBIDDEN")


async def test_cleaning_is_a_dry_run_unless_it_is_told_otherwise(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    await gallery.campaign(alice)
    made = await ask(desk, alice, IMPORT, text="front.example:8080")
    idle = {"id": made["lines"][0]["proxy"]["id"]}
    assert (await ask(desk, alice, CLEAN))["kept"] == []
    async with gallery.house.database.engines.writing() as session:
        await session.execute(update(ProxyRow).values(health=ProxyHealth.UNHEALTHY, consecutive_failures=3))
    head = await gallery.house.head()
    dry = await ask(desk, alice, CLEAN)
    assert (dry["removed"], dry["wouldRemove"], dry["hasMore"]) == ([], [idle], False)
    [kept] = dry["kept"]
    assert kept["reason"] == "The proxy is in use by the campaign “campaign 001”."
    assert await gallery.house.head() == head
    assert (await ask(desk, alice, CLEAN, minFailures=4, dryRun=False))["removed"] == []
    real = await ask(desk, alice, CLEAN, dryRun=False)
    assert (real["removed"], real["wouldRemove"], real["kept"]) == ([idle], [], [kept])
    assert cursor.decode(real["cursor"]).position == head + 1
    assert [type(event) for event in await gallery.house.events(head)] == [ProxyRemoved]
    refused = await ask(desk, alice, CLEAN, minFailures=0)
    assert (refused["__typename"], refused["path"]) == ("ValidationError", ["minFailures"])
