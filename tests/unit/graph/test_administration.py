"""What admins look at: settings, the audit log, and the streams of the process."""

from typing import Any

import pytest

from events.outbox import record
from events.proxy_events import ProxyStatsChanged
from graph import node_ids
from services.access import TokenDraft
from services.personas import PersonaPatch
from tests import factories
from tests.fakes.gallery import Gallery
from tests.fakes.house import House
from tests.fakes.stage import Stage
from tests.unit.graph.asking import Desk
from tests.unit.graph.test_access import changed
from vocabulary.access import WORKER, Role
from vocabulary.streams import FieldCounts, StreamCounts

SETTINGS = (
    "{ settings { name variable value configured default description isChangeable isChanged changedAt } }"
)
AUDIT = """query ($filter: AuditFilter, $first: Int! = 100, $after: String) {
  auditLog(filter: $filter, first: $first, after: $after) {
    totalCount pageInfo { endCursor hasNextPage }
    nodes { kind actor { kind name } entityType entityId ownerId campaignId summary data cursor at } } }"""
STATS = """{ streamStats { clients subscriptions groups published delivered replayed resets position lag
  fields { field subscriptions groups delivered deliveredBytes replayed resets } } }"""


def named(data: Any) -> dict[str, Any]:
    return {one["name"]: one for one in data}


async def test_settings_are_changed_and_set_back(gallery: Gallery, desk: Desk) -> None:
    admin = gallery.house.admin
    before = named((await desk.ask(admin, SETTINGS))["settings"])
    assert before["proxyStrikes"]["variable"] == "HELIOGRAPH_PROXY_STRIKES"
    assert (before["proxyStrikes"]["isChangeable"], before["databaseUrl"]["isChangeable"]) == (True, False)
    after = await changed(
        desk, admin, "updateSettings", "settings { name value isChanged changedAt }", proxyStrikes=7
    )
    strikes = named(after["settings"])["proxyStrikes"]
    assert (strikes["value"], strikes["isChanged"]) == ("7", True)
    back = await changed(
        desk, admin, "updateSettings", "settings { name value isChanged }", proxyStrikes=None
    )
    assert named(back["settings"])["proxyStrikes"]["value"] == before["proxyStrikes"]["value"]
    assert named((await desk.ask(admin, SETTINGS))["settings"]) == before


async def test_a_wrong_setting_is_told_with_its_path(gallery: Gallery, desk: Desk) -> None:
    refused = await changed(desk, gallery.house.admin, "updateSettings", "cursor", probeUrl="ftp://x/")
    assert (refused["code"], refused["path"]) == ("VALIDATION_FAILED", ["probeUrl"])


@pytest.mark.parametrize("query", ["{ settings { name } }", "{ auditLog { totalCount } }", STATS])
async def test_they_are_for_admins(gallery: Gallery, desk: Desk, query: str) -> None:
    for caller in (gallery.house.alice, gallery.house.viewer):
        assert await desk.refused(caller, query) == [("FORBIDDEN", "This needs the role ADMIN.")]
    refused = await changed(desk, gallery.house.alice, "updateSettings", "cursor", proxyStrikes=1)
    assert refused["code"] == "FORBIDDEN"


async def history(house: House, desk: Desk) -> dict[str, Any]:
    """A persona of alice's, made and changed a minute later, a token of bob's, and something that a worker did."""
    persona = (await desk.services.personas.create(house.alice, factories.dns_persona())).value
    house.clock.advance(60)
    await desk.services.personas.update(house.alice, persona, PersonaPatch(name="other"))
    secret = (
        await desk.services.access.create_token(house.bob, TokenDraft("phone", Role.VIEWER))
    ).value.secret
    return {"persona": node_ids.encode("Persona", persona), "secret": secret}


async def test_the_audit_log_has_what_somebody_caused_with_its_data(gallery: Gallery, desk: Desk) -> None:
    house = gallery.house
    made = await history(house, desk)
    proxy = (await desk.services.proxies.create(house.alice, factories.proxy())).value
    async with house.database.write() as unit:
        record(unit, ProxyStatsChanged(proxy=proxy), actor=WORKER, owner_id=house.alice.id)
    found = (await desk.ask(house.admin, AUDIT))["auditLog"]
    assert [one["kind"] for one in found["nodes"]] == [
        "ProxyAdded",
        "TokenCreated",
        "PersonaUpdated",
        "PersonaCreated",
    ]
    assert found["totalCount"] == "4"
    persona = found["nodes"][2]
    assert persona["actor"] == {"kind": "PRINCIPAL", "name": "alice"}
    assert persona["entityId"] == made["persona"]
    assert persona["ownerId"] == node_ids.encode("Principal", house.alice.id)
    assert (persona["data"]["type"], persona["data"]["name"]) == ("PersonaUpdated", "other")
    assert made["secret"] not in str(found)


async def test_the_audit_log_is_filtered_and_paged(gallery: Gallery, desk: Desk) -> None:
    house = gallery.house
    made = await history(house, desk)
    end = house.now.isoformat()
    cases: list[tuple[dict[str, object], list[str]]] = [
        ({"actorId": node_ids.encode("Principal", house.bob.id)}, ["TokenCreated"]),
        ({"entityType": "PERSONA"}, ["PersonaUpdated", "PersonaCreated"]),
        ({"entityId": made["persona"]}, ["PersonaUpdated", "PersonaCreated"]),
        ({"kinds": ["PersonaCreated", "TokenCreated"]}, ["TokenCreated", "PersonaCreated"]),
        ({"since": end}, ["TokenCreated", "PersonaUpdated"]),
        ({"until": end}, ["PersonaCreated"]),
    ]
    for wanted, kinds in cases:
        page = (await desk.ask(house.admin, AUDIT, filter=wanted))["auditLog"]
        assert [one["kind"] for one in page["nodes"]] == kinds
        assert page["totalCount"] == str(len(kinds))
    first = (await desk.ask(house.admin, AUDIT, first=2))["auditLog"]
    rest = (await desk.ask(house.admin, AUDIT, first=2, after=first["pageInfo"]["endCursor"]))["auditLog"]
    assert [one["kind"] for one in rest["nodes"]] == ["PersonaCreated"]


async def test_stream_stats_add_up_what_the_process_counts(stage: Stage) -> None:
    counts = StreamCounts(
        clients=3,
        published=9,
        position=0,
        fields=(FieldCounts("b", 1, 1, 5, 500, 2, 1), FieldCounts("a", 2, 1, 7, 70)),
    )
    object.__setattr__(stage.services, "streams", lambda: counts)
    await stage.services.personas.create(stage.house.alice, factories.dns_persona())
    result = await stage.execute(stage.house.admin, STATS)
    found = result["data"]["streamStats"]
    fields = found.pop("fields")
    assert found == {
        "clients": 3,
        "subscriptions": 3,
        "groups": 2,
        "published": "9",
        "delivered": "12",
        "replayed": "2",
        "resets": "1",
        "position": "0",
        "lag": "1",
    }
    assert [one["field"] for one in fields] == ["a", "b"]
    assert fields[1]["deliveredBytes"] == "500"
