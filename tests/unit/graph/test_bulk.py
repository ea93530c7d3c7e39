"""Bulk operations as clients see them: accepted at once, looked at, followed to their end, cancelled and deleted."""

from typing import Any

import pytest
from msgspec.structs import replace

from auth.principal import Principal
from core.ids import new_id
from events import cursor
from graph import node_ids
from services.bulk_running import BulkRunning
from services.bulk_verbs import BulkVerbs
from tests import factories
from tests.fakes.stage import Stage, Watcher, cursor_at
from vocabulary.access import Role
from vocabulary.operations import Rejected
from vocabulary.work import ShardKind
from workers.bulk import BulkWork
from workers.held import Held

STATE = "id kind status total done succeeded failed error createdAt startedAt finishedAt owner { name }"
ITEMS = "items { totalCount nodes { ordinal targetId label status code message finishedAt } }"
READ = f"query ($id: ID!) {{ bulkOperation(id: $id) {{ {STATE} {ITEMS} }} }}"
FOLLOW = f"""subscription ($id: ID!, $after: Cursor) {{ bulkOperation(id: $id, after: $after) {{
  __typename
  ... on BulkOperationSnapshot {{ cursor operation {{ {STATE} }} }}
  ... on BulkHappening {{ cursor at operation {{ {STATE} }} }}
  ... on StreamReset {{ reason snapshot {{ ... on BulkOperationSnapshot {{ operation {{ {STATE} }} }} }} }} }} }}"""
THINGS = {"Campaigns": "Campaign", "Personas": "Persona", "KeywordSets": "KeywordSet", "Proxies": "Proxy"}
BY_IDS = {
    "bulkStartCampaigns": "CAMPAIGN_START",
    "bulkPauseCampaigns": "CAMPAIGN_PAUSE",
    "bulkResumeCampaigns": "CAMPAIGN_RESUME",
    "bulkCancelCampaigns": "CAMPAIGN_CANCEL",
    "bulkArchiveCampaigns": "CAMPAIGN_ARCHIVE",
    "bulkDeleteCampaigns": "CAMPAIGN_DELETE",
    "bulkTestProxies": "PROXY_TEST",
    "bulkDeleteProxies": "PROXY_DELETE",
    "bulkDeletePersonas": "PERSONA_DELETE",
    "bulkDeleteKeywordSets": "KEYWORD_SET_DELETE",
}
SWITCHES = {
    "bulkSetProxiesEnabled": "PROXY",
    "bulkSetPersonasEnabled": "PERSONA",
    "bulkSetKeywordSetsEnabled": "KEYWORD_SET",
}

Data = dict[str, Any]


class Office:
    """Asks, and has a worker at hand."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.alice = stage.house.alice

    async def change(self, name: str, caller: Principal | None = None, **given: object) -> Data:
        kind = name[0].upper() + name[1:]
        limit = "" if "BulkOperation" in name else "... on ValidationError { limit }"
        fields = "deletedId" if name == "deleteBulkOperation" else f"operation {{ {STATE} {ITEMS} }}"
        document = f"""mutation ($input: {kind}Input!) {{ {name}(input: $input) {{
          __typename ... on {kind}Payload {{ cursor {fields} }}
          ... on UserError {{ code message path }} {limit} }} }}"""
        result = await self.stage.execute(caller or self.alice, document, input=given)
        assert "errors" not in result, result
        found: Data = result["data"][name]
        return found

    async def ask(self, query: str, caller: Principal | None = None, **variables: object) -> Any:
        result = await self.stage.execute(caller or self.alice, query, **variables)
        assert "errors" not in result, result
        (value,) = result["data"].values()
        return value

    async def proxies(self, count: int) -> list[str]:
        made = [
            await self.stage.services.proxies.create(
                self.alice, factories.proxy(f"p{number}", port=80 + number)
            )
            for number in range(count)
        ]
        return [node_ids.encode("Proxy", written.value.id) for written in made]

    async def work(self) -> None:
        """A worker does all there is to do of one operation; some time passes before."""
        self.stage.house.clock.advance(1)
        (claim,) = await self.stage.workers.work.claim("worker", [ShardKind.BULK], 1)
        database = self.stage.database
        verbs = BulkVerbs(database, self.stage.services.bulk._sealer)
        await BulkWork(BulkRunning(database), verbs).handle(Held(claim))

    async def follow(self, ident: str, after: str | None = None) -> Watcher:
        return await self.stage.watch(self.alice, FOLLOW, id=ident, after=after)


@pytest.fixture
def office(stage: Stage) -> Office:
    return Office(stage)


@pytest.mark.parametrize("name", BY_IDS)
async def test_each_verb_by_ids(office: Office, name: str) -> None:
    type_name = next(found for noun, found in THINGS.items() if name.endswith(noun))
    made = await office.change(name, ids=[node_ids.encode(type_name, new_id()), "nonsense"])
    assert (made["operation"]["kind"], made["operation"]["status"]) == (BY_IDS[name], "COMPLETED")
    assert [item["code"] for item in made["operation"]["items"]["nodes"]] == ["NOT_FOUND", "NOT_FOUND"]
    refused = await office.change(name, ids=[])
    limit = "1..1000" if name.endswith("Proxies") else "1..100"
    assert (refused["code"], refused["path"], refused["limit"]) == ("VALIDATION_FAILED", ["ids"], limit)
    assert (await office.change(name, office.stage.house.viewer, ids=["x"]))["code"] == "FORBIDDEN"


@pytest.mark.parametrize("name", SWITCHES)
async def test_each_switch(office: Office, name: str) -> None:
    for enabled, word in ((True, "ENABLE"), (False, "DISABLE")):
        made = await office.change(name, ids=["x"], enabled=enabled)
        assert made["operation"]["kind"] == f"{SWITCHES[name]}_{word}"


async def test_is_accepted_at_once_and_seen_to_its_end(office: Office) -> None:
    ids = await office.proxies(2)
    made = await office.change("bulkSetProxiesEnabled", ids=ids, enabled=False)
    operation = made["operation"]
    assert cursor.decode(made["cursor"]).position == await office.stage.head()
    assert [operation[name] for name in ("kind", "status", "total", "done")] == [
        "PROXY_DISABLE",
        "QUEUED",
        2,
        0,
    ]
    assert operation["owner"] == {"name": "alice"}
    assert [item["status"] for item in operation["items"]["nodes"]] == ["PENDING", "PENDING"]
    await office.work()
    seen = await office.ask(READ, id=operation["id"])
    assert [seen[name] for name in ("status", "done", "succeeded", "failed")] == ["COMPLETED", 2, 2, 0]
    assert [(item["targetId"], item["label"], item["status"]) for item in seen["items"]["nodes"]] == [
        (ids[0], "p0", "OK"), (ids[1], "p1", "OK"),
    ]  # fmt: skip
    assert await office.ask(READ, office.stage.house.bob, id=operation["id"]) is None
    node = await office.ask("query ($id: ID!) { node(id: $id) { __typename id } }", id=operation["id"])
    assert node == {"__typename": "BulkOperation", "id": operation["id"]}


async def test_what_an_admin_asked_for_is_for_admins_alone(office: Office) -> None:
    """Its items name the things of others, and the same principal may come again as less than an admin."""
    admin, lesser = office.stage.house.admin, replace(office.stage.house.admin, role=Role.OPERATOR)
    made = await office.change("bulkSetProxiesEnabled", admin, ids=await office.proxies(1), enabled=False)
    ident, listed = made["operation"]["id"], f"{{ bulkOperations {{ totalCount nodes {{ id {ITEMS} }} }} }}"
    # Whoever follows an operation of one owner joins the owner's group, but not here.
    plain = FOLLOW.replace("owner { name }", "")
    watchers = [
        await office.stage.watch(admin, query, id=ident, after=made["cursor"]) for query in (FOLLOW, plain)
    ]
    await office.work()
    for watcher in watchers:
        told = [(await watcher.next())["operation"]["status"] for _ in range(3)]
        assert (told, watcher.complete) == (["RUNNING", "RUNNING", "COMPLETED"], True)
    shown = (await office.ask(READ, admin, id=ident))["items"]["nodes"]
    assert [(item["label"], item["status"]) for item in shown] == [("p0", "OK")]
    assert (await office.ask(listed, admin))["totalCount"] == "1"
    assert await office.ask(READ, lesser, id=ident) is None
    assert await office.ask(listed, lesser) == {"totalCount": "0", "nodes": []}
    screen = await office.ask("{ dashboard { bulkOperations { id } } }", lesser)
    assert screen["bulkOperations"] == []
    assert await office.ask("{ activity { nodes { summary } } }", lesser) == {"nodes": []}
    for after in (None, cursor_at(0)):
        with pytest.raises(Rejected):
            await office.stage.subscribe(lesser, FOLLOW, id=ident, after=after)
    assert (await office.change("cancelBulkOperation", lesser, id=ident))["code"] == "NOT_FOUND"
    assert (await office.change("deleteBulkOperation", lesser, id=ident))["code"] == "NOT_FOUND"


async def test_what_an_admin_asked_for_with_a_token_for_less_is_as_anybodys(office: Office) -> None:
    lesser = replace(office.stage.house.admin, role=Role.OPERATOR)
    made = await office.change("bulkDeleteProxies", lesser, ids=await office.proxies(1))
    assert [item["code"] for item in made["operation"]["items"]["nodes"]] == ["NOT_FOUND"]
    for caller in (lesser, office.stage.house.admin):
        assert (await office.ask(READ, caller, id=made["operation"]["id"]))["items"]["totalCount"] == "1"


async def test_proxies_are_told_by_ids_or_by_a_filter_and_not_by_both(office: Office) -> None:
    ids = await office.proxies(2)
    neither: Data = {}
    both: Data = {"ids": ids, "filter": {}}
    for given in (neither, both):
        refused = await office.change("bulkTestProxies", **given)
        assert (refused["code"], refused["path"]) == ("VALIDATION_FAILED", ["ids"])
    made = await office.change("bulkDeleteProxies", filter={"search": "p1"})
    assert [item["targetId"] for item in made["operation"]["items"]["nodes"]] == [ids[1]]
    everything = await office.change("bulkTestProxies", filter={})
    assert everything["operation"]["total"] == 2


async def test_an_import(office: Office) -> None:
    made = await office.change(
        "bulkImportProxies", text="a.example:1\nada:secret@b.example:2\nwhat?\n", protocol="SOCKS5"
    )
    assert [item["label"] for item in made["operation"]["items"]["nodes"]] == [
        "a.example:1",
        "line 2",
        "line 3",
    ]
    await office.work()
    seen = await office.ask(READ, id=made["operation"]["id"])
    assert [item["status"] for item in seen["items"]["nodes"]] == ["OK", "OK", "FAILED"]
    assert (await office.change("bulkImportProxies", text=""))["path"] == ["text"]


async def test_lists_are_newest_first_and_narrowed(office: Office) -> None:
    query = """query ($filter: BulkOperationFilter, $after: String) {
      bulkOperations(first: 2, after: $after, filter: $filter) { totalCount nodes { kind } pageInfo { endCursor } } }"""
    for name in ("bulkDeletePersonas", "bulkDeleteKeywordSets", "bulkDeleteProxies"):
        await office.change(name, ids=["x"])
        office.stage.house.clock.advance(1)
    page = await office.ask(query)
    assert (page["totalCount"], [one["kind"] for one in page["nodes"]]) == (
        "3",
        ["PROXY_DELETE", "KEYWORD_SET_DELETE"],
    )
    rest = await office.ask(query, after=page["pageInfo"]["endCursor"])
    assert [one["kind"] for one in rest["nodes"]] == ["PERSONA_DELETE"]
    narrowed = await office.ask(query, filter={"kinds": ["PERSONA_DELETE"], "statuses": ["COMPLETED"]})
    assert [one["kind"] for one in narrowed["nodes"]] == ["PERSONA_DELETE"]
    assert (await office.ask(query, filter={"statuses": ["RUNNING"]}))["nodes"] == []
    assert (await office.ask(query, office.stage.house.bob))["totalCount"] == "0"


async def test_items_are_paged_and_narrowed(office: Office) -> None:
    made = await office.change("bulkDeleteProxies", ids=[*await office.proxies(2), "x"])
    query = """query ($id: ID!, $after: String, $statuses: [BulkItemStatus!]) { bulkOperation(id: $id) {
      items(first: 2, after: $after, statuses: $statuses) {
        nodes { ordinal } pageInfo { hasNextPage endCursor } } } }"""
    ident = made["operation"]["id"]
    page = (await office.ask(query, id=ident))["items"]
    assert ([one["ordinal"] for one in page["nodes"]], page["pageInfo"]["hasNextPage"]) == ([0, 1], True)
    rest = (await office.ask(query, id=ident, after=page["pageInfo"]["endCursor"]))["items"]
    assert [one["ordinal"] for one in rest["nodes"]] == [2]
    failed = (await office.ask(query, id=ident, statuses=["FAILED"]))["items"]
    assert [one["ordinal"] for one in failed["nodes"]] == [2]


async def test_snapshot_and_events_are_a_fresh_snapshot_and_the_stream_ends(office: Office) -> None:
    made = await office.change("bulkDeleteProxies", ids=await office.proxies(3))
    ident = made["operation"]["id"]
    watcher = await office.follow(ident)
    state = (await watcher.next())["operation"]
    assert state == {name: value for name, value in made["operation"].items() if name != "items"}
    await office.work()
    kinds = []
    while not watcher.complete:
        frame = await watcher.next()
        kinds.append(frame["__typename"])
        state = frame["operation"]
    assert kinds == ["BulkOperationProgress", "BulkOperationProgress", "BulkOperationFinished"]
    seen = await office.ask(READ, id=ident)
    assert state == {name: value for name, value in seen.items() if name != "items"}


async def test_cancelling_is_told_and_the_rest_is_skipped(office: Office) -> None:
    made = await office.change("bulkDeleteProxies", ids=await office.proxies(2))
    ident = made["operation"]["id"]
    watcher = await office.follow(ident, made["cursor"])
    cancelled = await office.change("cancelBulkOperation", id=ident)
    assert cancelled["operation"]["status"] == "CANCELLED"
    assert [item["status"] for item in cancelled["operation"]["items"]["nodes"]] == ["SKIPPED", "SKIPPED"]
    frames = [await watcher.next() for _ in range(2)]
    assert [frame["operation"]["status"] for frame in frames] == ["CANCELLING", "CANCELLED"]
    assert watcher.complete


async def test_whoever_comes_after_the_end_is_told_it_and_waits_for_nothing(office: Office) -> None:
    made = await office.change("bulkDeleteProxies", ids=["x"])
    ident, end = made["operation"]["id"], made["cursor"]
    start = await office.follow(ident, cursor_at(0))
    assert [(await start.next())["__typename"] for _ in range(3)] == [
        "BulkOperationStarted", "BulkOperationProgress", "BulkOperationFinished",
    ]  # fmt: skip
    for after in (None, end):
        late = await office.follow(ident, after)
        assert (await late.next())["operation"]["status"] == "COMPLETED"
        assert late.complete
    place = cursor.decode(end)
    assert place.tag is not None
    undone = cursor.encode(place.incarnation, place.position, place.tag ^ 1)
    for after in (cursor_at(1, "f" * 12), undone):
        other = await office.follow(ident, after)
        reset = await other.next()
        assert (reset["reason"], reset["snapshot"]["operation"]["status"]) == ("LOG_REPLACED", "COMPLETED")
        assert other.complete


async def test_what_is_deleted_is_gone_though_its_past_can_be_followed(office: Office) -> None:
    made = await office.change("bulkDeleteProxies", ids=["x"])
    ident = made["operation"]["id"]
    gone = await office.change("deleteBulkOperation", id=ident)
    assert gone["deletedId"] == ident
    again = await office.change("deleteBulkOperation", id=ident)
    assert (again["code"], again["path"]) == ("NOT_FOUND", ["id"])
    past = await office.follow(ident, cursor_at(0))
    frames = [await past.next() for _ in range(3)]
    assert (frames[-1]["__typename"], past.complete) == ("BulkOperationFinished", True)
