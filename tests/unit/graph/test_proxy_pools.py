"""Pools as clients see them: every verb, their lists, the orders and records of proxies, and the stream of a pool."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from core.ids import new_id
from db.models import ProxyRow
from db.repositories import proxy_use
from db.repositories.proxy_use import Use
from events import cursor
from graph import node_ids
from tests.fakes.gallery import Gallery
from tests.fakes.stage import Stage
from tests.unit.graph.asking import Data, Desk
from tests.unit.graph.test_snapshot import statements

POOL = """id name description enabled strategy healthCheckEnabled healthCheckIntervalSeconds maxRetries
  timeoutSeconds version memberCount owner { name }
  members { totalCount nodes { weight active proxy { id poolIds pools { id name } } } }"""


def verb(name: str, fields: str = f"cursor pool {{ {POOL} }}") -> str:
    capital = name[0].upper() + name[1:]
    return f"""mutation ($input: {capital}Input!) {{ {name}(input: $input) {{
      __typename ... on {capital}Payload {{ {fields} }} ... on UserError {{ code message path }}
      ... on ConflictError {{ currentState }} }} }}"""


async def change(desk: Desk, caller: Any, name: str, /, **given: object) -> Data:
    (answer,) = (await desk.ask(caller, verb(name), input=given)).values()
    return dict(answer)


async def proxies(gallery: Gallery, count: int) -> list[str]:
    rows = [gallery.proxy_row(gallery.house.alice) for _ in range(count)]
    await gallery.put(rows)
    return [node_ids.encode("Proxy", row.id) for row in rows]


def key(ident: str) -> UUID:
    return node_ids.uuid_in(ident, "Proxy")


async def test_a_pool_lives_its_whole_life(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    first, second = await proxies(gallery, 2)
    settings = {
        "description": "d",
        "enabled": False,
        "strategy": "WEIGHTED",
        "healthCheckEnabled": False,
        "healthCheckIntervalSeconds": 60,
        "maxRetries": 7,
        "timeoutSeconds": 2.5,
    }
    made = (await change(desk, alice, "createProxyPool", name="fleet", **settings))["pool"]
    assert made == made | {**settings, "name": "fleet", "version": 1, "memberCount": 0}
    assert made["owner"] == {"name": "alice"}
    ident = made["id"]
    added = await change(
        desk, alice, "addProxiesToPool", id=ident, proxyIds=[first, second], weight=3, expectedVersion=1
    )
    assert added["pool"]["members"] == {
        "totalCount": "2",
        "nodes": [
            {
                "weight": 3,
                "active": True,
                "proxy": {"id": each, "poolIds": [ident], "pools": [{"id": ident, "name": "fleet"}]},
            }
            for each in (first, second)
        ],
    }
    set_up = await change(
        desk, alice, "setProxyPoolMember", id=ident, proxyId=second, weight=9, active=False, position=0
    )
    nodes = set_up["pool"]["members"]["nodes"]
    assert [(node["proxy"]["id"], node["weight"], node["active"]) for node in nodes] == [
        (second, 9, False),
        (first, 3, True),
    ]
    removed = await change(desk, alice, "removeProxiesFromPool", id=ident, proxyIds=[first])
    assert (removed["pool"]["memberCount"], removed["pool"]["version"]) == (1, 4)
    assert cursor.decode(removed["cursor"]).position == await gallery.house.head()
    edit = {"name": "navy", "description": None, "strategy": "FAILOVER", "enabled": True}
    edited = await change(desk, alice, "updateProxyPool", id=ident, expectedVersion=4, **edit)
    assert edited["pool"] == edited["pool"] | edit | {"version": 5, "maxRetries": 7}
    gone = await desk.ask(alice, verb("deleteProxyPool", "deletedId cursor"), input={"id": ident})
    assert gone["deleteProxyPool"]["deletedId"] == ident
    assert (await desk.ask(alice, "query ($id: ID!) { proxyPool(id: $id) { id } }", id=ident)) == {
        "proxyPool": None
    }


async def test_refusals_are_typed(gallery: Gallery, desk: Desk) -> None:
    alice, bob, viewer = gallery.house.alice, gallery.house.bob, gallery.house.viewer
    (one,) = await proxies(gallery, 1)
    ident = (await change(desk, alice, "createProxyPool", name="fleet"))["pool"]["id"]
    stale = await change(desk, alice, "updateProxyPool", id=ident, name="x", expectedVersion=3)
    assert (stale["__typename"], stale["code"], stale["currentState"]) == (
        "ConflictError",
        "VERSION_MISMATCH",
        "1",
    )
    twice = await change(desk, alice, "createProxyPool", name="fleet")
    assert (twice["code"], twice["path"]) == ("ALREADY_EXISTS", ["name"])
    null = await change(desk, alice, "updateProxyPool", id=ident, maxRetries=None)
    assert (null["code"], null["path"]) == ("VALIDATION_FAILED", ["maxRetries"])
    unknown = await change(desk, alice, "addProxiesToPool", id=ident, proxyIds=[one, ident])
    assert (unknown["code"], unknown["path"]) == ("VALIDATION_FAILED", ["proxyIds", "1"])
    hidden = await change(desk, bob, "addProxiesToPool", id=ident, proxyIds=[one])
    assert (hidden["__typename"], hidden["path"]) == ("NotFoundError", ["id"])
    outsider = await change(desk, alice, "setProxyPoolMember", id=ident, proxyId=one, weight=1)
    assert outsider["path"] == ["proxyId"]
    forbidden = await change(desk, viewer, "createProxyPool", name="x")
    assert forbidden["code"] == "FORBIDDEN"


async def test_pools_are_listed_filtered_and_owned(gallery: Gallery, desk: Desk) -> None:
    alice, bob, admin = gallery.house.alice, gallery.house.bob, gallery.house.admin
    for name, enabled in (("cherry", True), ("apple", False), ("banana", True)):
        await change(desk, alice, "createProxyPool", name=name, enabled=enabled)
    await change(desk, bob, "createProxyPool", name="date")

    async def names(caller: Any, arguments: str) -> list[str]:
        found = await desk.ask(caller, f"{{ proxyPools({arguments}) {{ nodes {{ name }} }} }}")
        return [node["name"] for node in found["proxyPools"]["nodes"]]

    assert await names(alice, "first: 9") == ["apple", "banana", "cherry"]
    assert await names(alice, "filter: {enabled: true}") == ["banana", "cherry"]
    assert await names(alice, 'filter: {search: "AN"}, orderBy: {direction: DESC}') == ["banana"]
    assert await names(admin, "first: 9") == ["apple", "banana", "cherry", "date"]


async def test_members_are_paged_in_their_order(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    ids = await proxies(gallery, 5)
    ident = (await change(desk, alice, "createProxyPool", name="fleet"))["pool"]["id"]
    await change(desk, alice, "addProxiesToPool", id=ident, proxyIds=ids[::-1])
    query = """query ($id: ID!, $after: String) { proxyPool(id: $id) { members(first: 2, after: $after) {
      pageInfo { hasNextPage endCursor } nodes { proxy { id } } } } }"""
    seen: list[str] = []
    after = None
    while True:
        page = (await desk.ask(alice, query, id=ident, after=after))["proxyPool"]["members"]
        seen += [node["proxy"]["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == ids[::-1]


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("field", ["LATENCY", "LAST_CHECKED", "FAILURE_RATE", "NAME"])
async def test_proxies_are_paged_in_every_order_those_never_tested_too(
    gallery: Gallery, desk: Desk, field: str, direction: str
) -> None:
    """Page by page the same as all at once, each proxy once, and at the right end."""
    alice = gallery.house.alice
    rows = [gallery.proxy_row(alice) for _ in range(9)]
    for number, row in enumerate(rows):
        if number % 3:
            row.latency_ms = 50 - number % 4
            row.last_checked_at = gallery.house.now + timedelta(seconds=number % 5)
        row.failure_rate = (number % 4) / 3
    await gallery.put(rows)
    query = """query ($after: String, $first: Int!, $sort: ProxyOrder!) {
      proxies(first: $first, after: $after, sortBy: $sort) {
        pageInfo { hasNextPage endCursor } nodes { id latencyMs lastCheckedAt } } }"""
    sort = {"field": field, "direction": direction}
    whole = (await desk.ask(alice, query, first=50, sort=sort))["proxies"]["nodes"]
    paged: list[Data] = []
    after = None
    for _ in range(5):
        page = (await desk.ask(alice, query, first=2, after=after, sort=sort))["proxies"]
        paged += page["nodes"]
        after = page["pageInfo"]["endCursor"]
    assert paged == whole
    assert len({node["id"] for node in whole}) == 9
    column = {"LATENCY": "latencyMs", "LAST_CHECKED": "lastCheckedAt"}.get(field)
    if column is not None:
        values = [node[column] for node in whole]
        slow_first = (field == "LATENCY") == (direction == "DESC")
        assert (values[:3] if slow_first else values[-3:]) == [None] * 3
        known = [value for value in values if value is not None]
        assert known == sorted(known, reverse=direction == "DESC")


async def test_proxies_are_filtered_by_country_and_pool(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    ids = await proxies(gallery, 3)
    for ident, country in zip(ids, ("SE", "NO", None), strict=True):
        async with gallery.house.database.engines.writing() as session:
            one = update(ProxyRow).where(ProxyRow.id == key(ident))
            await session.execute(one.values(country_code=country))
    pool = (await change(desk, alice, "createProxyPool", name="fleet"))["pool"]["id"]
    await change(desk, alice, "addProxiesToPool", id=pool, proxyIds=ids[1:])

    async def found(**given: object) -> list[str]:
        query = "query ($filter: ProxyFilter!) { proxies(filter: $filter) { nodes { id } totalCount } }"
        page = (await desk.ask(alice, query, filter=given))["proxies"]
        assert page["totalCount"] == str(len(page["nodes"]))
        return [node["id"] for node in page["nodes"]]

    assert await found(country=["se", "NO"]) == ids[:2]
    assert await found(poolId=pool) == ids[1:]
    assert await found(poolId=pool, country=["NO"]) == [ids[1]]
    assert await found(poolId=node_ids.encode("ProxyPool", new_id())) == []


async def test_records_are_told_by_window(gallery: Gallery, desk: Desk) -> None:
    alice, house = gallery.house.alice, gallery.house
    first, second = await proxies(gallery, 2)
    async with house.database.write() as unit:
        uses = [Use(succeeded=True, latency_ms=30), Use(succeeded=True), Use(succeeded=False)]
        await proxy_use.count(unit.session, key(first), unit.now, uses)
        await proxy_use.count(unit.session, key(second), unit.now - timedelta(hours=2), uses[:1])
    query = """{ proxies { nodes { stats { window uses successes failures successRate averageLatencyMs }
        hour: stats(window: LAST_HOUR) { uses } ever: stats(window: ALL_TIME) { uses successRate } } }
      proxyStats(window: LAST_HOUR) { total uses successes failures successRate averageLatencyMs }
      ever: proxyStats { total uses } }"""
    answer = await desk.ask(alice, query)
    one, two = answer["proxies"]["nodes"]
    assert one["stats"] == {
        "window": "LAST_DAY",
        "uses": "3",
        "successes": "2",
        "failures": "1",
        "successRate": pytest.approx(2 / 3),
        "averageLatencyMs": 30.0,
    }
    assert (one["hour"], two["hour"], two["stats"]["uses"]) == ({"uses": "3"}, {"uses": "0"}, "1")
    assert one["ever"] == {"uses": "0", "successRate": None}
    assert answer["proxyStats"] == {
        "total": 2,
        "uses": "3",
        "successes": "2",
        "failures": "1",
        "successRate": pytest.approx(2 / 3),
        "averageLatencyMs": 30.0,
    }
    assert answer["ever"] == {"total": 2, "uses": "0"}


async def test_a_proxy_has_its_place_its_version_and_can_be_switched(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    fields = "proxy { id countryCode city provider notes version enabled }"
    given = {"name": "p", "protocol": "HTTP", "host": "h.example", "port": 1}
    place = {"countryCode": "se", "city": "Uppsala", "provider": "who", "notes": "why"}
    made = await desk.ask(alice, verb("createProxy", fields), input={**given, **place})
    proxy = made["createProxy"]["proxy"]
    assert proxy == {**place, "countryCode": "SE", "id": proxy["id"], "version": 1, "enabled": True}
    changed = {"id": proxy["id"], "city": None, "notes": "because", "expectedVersion": 1}
    edited = await desk.ask(alice, verb("updateProxy", fields), input=changed)
    assert edited["updateProxy"]["proxy"] == {**proxy, "city": None, "notes": "because", "version": 2}
    again = await desk.ask(alice, verb("updateProxy", fields), input=changed)
    assert again["updateProxy"]["code"] == "VERSION_MISMATCH"
    off = {"id": proxy["id"], "enabled": False, "expectedVersion": 2}
    switched = await desk.ask(alice, verb("setProxyEnabled", fields), input=off)
    after = switched["setProxyEnabled"]["proxy"]
    assert (after["enabled"], after["version"]) == (False, 3)


async def test_what_a_page_refers_to_costs_the_same_however_long_it_is(gallery: Gallery, desk: Desk) -> None:
    alice, counts = gallery.house.alice, []
    query = """{ proxies { nodes { owner { name } pools { name }
        stats { uses } hour: stats(window: LAST_HOUR) { uses } } }
      proxyPools { nodes { memberCount owner { name } members(first: 5) { totalCount nodes { proxy { name } } } } } }"""
    for number in range(4):
        ids = await proxies(gallery, 3)
        pool = (await change(desk, alice, "createProxyPool", name=f"fleet {number}"))["pool"]["id"]
        await change(desk, alice, "addProxiesToPool", id=pool, proxyIds=ids)
        with statements(desk.engines) as seen:
            await desk.ask(alice, query)
        counts.append(len(seen))
    assert len(set(counts)) == 1


EVENTS = """subscription ($pool: ID) { proxyEvents(poolId: $pool) { __typename
  ... on ProxySnapshot { proxies { id } } ... on ProxyHappening { proxy { id poolIds } }
  ... on ProxyChanged { changed leftPoolIds } } }"""


async def test_the_stream_of_a_pool_tells_who_comes_what_happens_and_who_goes(stage: Stage) -> None:
    alice = stage.house.alice

    async def done(name: str, payload: str, /, **given: object) -> Any:
        result = await stage.execute(alice, verb(name, payload), input=given)
        return result["data"][name]

    connection = {"protocol": "HTTP", "host": "h.example"}
    first, second = [
        (await done("createProxy", "proxy { id }", name=f"n{port}", port=port, **connection))["proxy"]["id"]
        for port in (1, 2)
    ]
    pool = (await done("createProxyPool", "pool { id }", name="fleet"))["pool"]["id"]
    await done("addProxiesToPool", "cursor", id=pool, proxyIds=[first])
    watcher = await stage.watch(alice, EVENTS, pool=pool)
    opened = await watcher.next()
    assert (opened["__typename"], opened["proxies"]) == ("ProxySnapshot", [{"id": first}])
    await done("updateProxy", "cursor", id=second, name="unseen")
    await done("addProxiesToPool", "cursor", id=pool, proxyIds=[second])
    await done("updateProxy", "cursor", id=second, name="seen")
    await done("removeProxiesFromPool", "cursor", id=pool, proxyIds=[first])
    await done("updateProxy", "cursor", id=first, name="unseen too")
    await done("deleteProxyPool", "cursor", id=pool)
    frames = [await watcher.next() for _ in range(4)]
    told = [(frame["proxy"], frame["changed"], frame["leftPoolIds"]) for frame in frames]
    assert told == [
        ({"id": second, "poolIds": [pool]}, ["pools"], []),
        ({"id": second, "poolIds": [pool]}, ["name"], []),
        ({"id": first, "poolIds": []}, ["pools"], [pool]),
        ({"id": second, "poolIds": []}, ["pools"], [pool]),
    ]
    watcher.leave()


@pytest.mark.parametrize("ident", ["UHJveHlQb29sOng=", "nonsense"])
async def test_the_stream_of_an_unknown_pool_is_refused(stage: Stage, ident: str) -> None:
    with pytest.raises(Exception, match="No proxy pool with this id"):
        await stage.watch(stage.house.alice, EVENTS, pool=ident)
