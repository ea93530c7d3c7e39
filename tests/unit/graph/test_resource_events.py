"""The stream of personas, keyword sets, pools, scoring profiles and settings."""

from typing import Any

import pytest

from core.ids import new_id
from db.models import KeywordSetRow
from graph import node_ids
from graph.streams.resources import MOST
from services.keyword_sets import KeywordSetPatch
from services.personas import PersonaPatch
from tests import factories
from tests.fakes.stage import Stage, cursor_at
from vocabulary.operations import Rejected

FOLLOW = """subscription ($kinds: [ResourceKind!]!, $after: Cursor) { resourceEvents(kinds: $kinds, after: $after) {
  __typename
  ... on ResourceSnapshot { personas { name } keywordSets { name } proxyPools { name } scoringProfiles { name }
    settings { name value } }
  ... on PersonaHappening { personaId name type persona { name } }
  ... on PersonaUpdated { changed }
  ... on KeywordSetHappening { keywordSetId name ruleCount keywordSet { name } }
  ... on SettingsChanged { changes { name before after } }
  ... on StreamReset { reason snapshot { ... on ResourceSnapshot { personas { name } } } } } }"""
ALL = ["PERSONA", "KEYWORD_SET", "PROXY_POOL", "SCORING_PROFILE", "SETTINGS"]


def without_cursor(frame: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in frame.items() if name != "cursor"}


async def test_it_opens_with_what_there_is_and_goes_on_with_what_happens(stage: Stage) -> None:
    alice = stage.house.alice
    ident = (await stage.services.personas.create(alice, factories.dns_persona("first"))).value
    watcher = await stage.watch(alice, FOLLOW, kinds=["PERSONA"])
    assert without_cursor(await watcher.next()) == {
        "__typename": "ResourceSnapshot",
        "personas": [{"name": "first"}],
        "keywordSets": None,
        "proxyPools": None,
        "scoringProfiles": None,
        "settings": None,
    }
    await stage.services.keyword_sets.create(alice, factories.keyword_set())
    await stage.services.personas.create(stage.house.bob, factories.dns_persona("theirs"))
    await stage.services.personas.update(alice, ident, PersonaPatch(name="second"))
    assert without_cursor(await watcher.next()) == {
        "__typename": "PersonaUpdated",
        "personaId": node_ids.encode("Persona", ident),
        "name": "second",
        "type": "DNS",
        "persona": {"name": "second"},
        "changed": ["name"],
    }
    await stage.services.personas.delete(alice, ident)
    gone = await watcher.next()
    assert (gone["__typename"], gone["persona"]) == ("PersonaDeleted", None)


async def test_it_resumes_after_a_cursor_without_gap_or_repetition(stage: Stage) -> None:
    alice = stage.house.alice
    made = await stage.services.keyword_sets.create(alice, factories.keyword_set("one"))
    watcher = await stage.watch(alice, FOLLOW, kinds=["KEYWORD_SET"], after=cursor_at(0))
    created = await watcher.next()
    assert (created["__typename"], created["ruleCount"]) == ("KeywordSetCreated", 2)
    watcher.leave()
    await stage.services.keyword_sets.update(alice, made.value, KeywordSetPatch(name="two"))
    again = await stage.watch(alice, FOLLOW, kinds=["KEYWORD_SET"], after=created["cursor"])
    updated = await again.next()
    assert (updated["__typename"], updated["name"]) == ("KeywordSetUpdated", "two")


async def test_on_another_log_it_is_reset_with_a_snapshot(stage: Stage) -> None:
    alice = stage.house.alice
    await stage.services.personas.create(alice, factories.dns_persona("first"))
    watcher = await stage.watch(alice, FOLLOW, kinds=["PERSONA"], after=cursor_at(0, "f" * 12))
    assert without_cursor(await watcher.next()) == {
        "__typename": "StreamReset",
        "reason": "LOG_REPLACED",
        "snapshot": {"personas": [{"name": "first"}]},
    }


async def test_admins_follow_settings_and_nobody_else_may(stage: Stage) -> None:
    admin = stage.house.admin
    watcher = await stage.watch(admin, FOLLOW, kinds=ALL)
    opening = await watcher.next()
    assert {one["name"] for one in opening["settings"]} >= {"proxyStrikes", "databaseUrl"}
    assert opening["proxyPools"] == []
    await stage.services.settings.update(admin, {"proxy_strikes": 9})
    assert without_cursor(await watcher.next()) == {
        "__typename": "SettingsChanged",
        "changes": [{"name": "proxyStrikes", "before": "3", "after": "9"}],
    }
    with pytest.raises(Rejected) as refused:
        await stage.watch(stage.house.alice, FOLLOW, kinds=["SETTINGS"])
    assert refused.value.errors[0]["extensions"]["code"] == "FORBIDDEN"
    with pytest.raises(Rejected) as empty:
        await stage.watch(stage.house.alice, FOLLOW, kinds=[])
    assert empty.value.errors[0]["extensions"]["code"] == "VALIDATION_FAILED"


async def test_what_a_snapshot_has_no_room_for_is_counted(stage: Stage) -> None:
    alice, now = stage.house.alice, stage.house.now
    values = {"owner_id": alice.id, "enabled": True, "created_at": now, "updated_at": now}
    async with stage.engines.writing() as session:
        session.add_all(KeywordSetRow(id=new_id(), name=f"set {n:04}", **values) for n in range(MOST + 2))
    query = """subscription { resourceEvents(kinds: [KEYWORD_SET, PERSONA]) {
      ... on ResourceSnapshot { keywordSets { name } personas { name } omitted } } }"""
    frame = await (await stage.watch(alice, query)).next()
    assert (len(frame["keywordSets"]), frame["personas"], frame["omitted"]) == (MOST, [], "2")
