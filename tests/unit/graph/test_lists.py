"""Lists as clients see them: paged forward, refused when too large, narrowed by filters."""

import base64
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.ids import new_id
from core.limits import STANDARD
from events.campaign_events import CampaignCreated
from events.proxy_events import ProxyRemoved
from graph import node_ids
from tests.fakes.gallery import Gallery
from tests.unit.graph.asking import Desk
from vocabulary.campaigns import CampaignStatus
from vocabulary.proxies import ProxyHealth, ProxyProtocol, ProxyState

PAGES = """
query ($first: Int!, $after: String, $field: CampaignOrderField!, $direction: OrderDirection!) {
  campaigns(first: $first, after: $after, orderBy: {field: $field, direction: $direction}) {
    edges { cursor node { name } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount
  }
}
"""
ORDERS = [
    (field, direction) for field in ("NAME", "CREATED_AT", "UPDATED_AT") for direction in ("ASC", "DESC")
]


async def names_by_pages(desk: Desk, caller: Any, size: int, order: tuple[str, str]) -> list[str]:
    names: list[str] = []
    after = None
    while True:
        variables = {"first": size, "after": after, "field": order[0], "direction": order[1]}
        page = (await desk.ask(caller, PAGES, **variables))["campaigns"]
        edges, info = page["edges"], page["pageInfo"]
        names += [edge["node"]["name"] for edge in edges]
        assert info["hasPreviousPage"] is (after is not None)
        assert info["startCursor"] == edges[0]["cursor"]
        assert info["endCursor"] == edges[-1]["cursor"]
        after = info["endCursor"]
        if not info["hasNextPage"]:
            assert page["totalCount"] == str(len(names))
            return names


@pytest.mark.parametrize("order", ORDERS)
async def test_pages_joined_are_the_list(gallery: Gallery, desk: Desk, order: tuple[str, str]) -> None:
    alice = gallery.house.alice
    await gallery.put_together([gallery.campaign_row(alice, f"c{n}", n) for n in range(7)])
    names = [f"c{n}" for n in range(7)]
    expected = names if order[1] == "ASC" else names[::-1]
    for size in (1, 3, 7, 100):
        assert await names_by_pages(desk, alice, size, order) == expected


async def test_an_empty_list_has_no_cursors(gallery: Gallery, desk: Desk) -> None:
    query = "{ campaigns { nodes { id } totalCount pageInfo { hasNextPage startCursor endCursor } } }"
    assert (await desk.ask(gallery.house.alice, query))["campaigns"] == {
        "nodes": [],
        "totalCount": "0",
        "pageInfo": {"hasNextPage": False, "startCursor": None, "endCursor": None},
    }


@pytest.mark.parametrize(
    ("query", "limit"),
    [
        ("{ campaigns(first: %d) { totalCount } }", 100),
        ("{ proxies(first: %d) { totalCount } }", 100),
        ("{ personas(first: %d) { totalCount } }", 100),
        ("{ keywordSets(first: %d) { totalCount } }", 100),
        ("{ activity(first: %d) { totalCount } }", 100),
        ("{ campaigns { nodes { activity(first: %d) { totalCount } } } }", 100),
        ("{ campaigns { nodes { domains(first: %d) { totalCount } } } }", 1000),
    ],
)
async def test_a_page_beyond_its_limit_is_refused(
    gallery: Gallery, desk: Desk, query: str, limit: int
) -> None:
    alice = gallery.house.alice
    await gallery.campaign(alice)
    await desk.ask(alice, query % limit)
    for first in (limit + 1, 0, -1):
        message = f"`first` is from 1 to {limit} here, not {first}."
        assert await desk.refused(alice, query % first) == [("LIMIT_EXCEEDED", message)]


async def test_nested_lists_cannot_multiply_without_end(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    for _ in range(3):
        await gallery.campaign(alice)
    fields = " ".join(f"a{n}: domains(first: 1000) {{ nodes {{ name }} }}" for n in range(7))
    errors = await desk.refused(alice, f"{{ campaigns {{ nodes {{ {fields} }} }} }}")
    assert {code for code, _ in errors} == {"LIMIT_EXCEEDED"}
    assert str(STANDARD.max_rows) in errors[0][1]


@pytest.mark.parametrize("after", ["", "x", "é", "A" * 5000, base64.b64encode(b"[1,2,3]").decode()])
async def test_garbage_is_no_cursor(gallery: Gallery, desk: Desk, after: str) -> None:
    query = "query ($after: String) { campaigns(after: $after) { totalCount } }"
    assert [code for code, _ in await desk.refused(gallery.house.alice, query, after=after)] == ["BAD_CURSOR"]


async def test_a_cursor_belongs_to_its_list_and_order(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    one, two = [node_ids.encode("Campaign", await gallery.campaign(alice)) for _ in range(2)]
    domains = "query ($id: ID!, $after: String) { campaign(id: $id) { domains(after: $after) { edges { cursor } } } }"
    page = await desk.ask(alice, domains, id=one)
    after = page["campaign"]["domains"]["edges"][0]["cursor"]
    assert len((await desk.ask(alice, domains, id=one, after=after))["campaign"]["domains"]["edges"]) == 2
    assert [code for code, _ in await desk.refused(alice, domains, id=two, after=after)] == ["BAD_CURSOR"]
    other_list = "query ($after: String) { campaigns(after: $after) { totalCount } }"
    assert [code for code, _ in await desk.refused(alice, other_list, after=after)] == ["BAD_CURSOR"]
    other_order = """query ($id: ID!, $after: String) {
      campaign(id: $id) { domains(after: $after, orderBy: {field: NAME}) { totalCount } } }"""
    assert [code for code, _ in await desk.refused(alice, other_order, id=one, after=after)] == ["BAD_CURSOR"]


async def test_a_cursor_stays_good_when_its_row_is_gone(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    idents = [await gallery.campaign(alice, name) for name in "abc"]
    query = """query ($after: String) {
      campaigns(first: 1, after: $after, orderBy: {field: NAME, direction: ASC}) { edges { cursor node { name } } } }"""
    first = (await desk.ask(alice, query))["campaigns"]["edges"][0]
    await desk.services.campaigns.delete(alice, idents[0])
    [second] = (await desk.ask(alice, query, after=first["cursor"]))["campaigns"]["edges"]
    assert second["node"] == {"name": "b"}


async def test_filters_narrow_campaigns(gallery: Gallery, desk: Desk) -> None:
    house = gallery.house
    rows = [gallery.campaign_row(house.alice, f"Nr {n}", n * 60) for n in range(3)]
    rows[1].status = CampaignStatus.FAILED
    await gallery.put_together([*rows, gallery.campaign_row(house.bob, "Nr 9")])
    query = """query ($filter: CampaignFilter) {
      campaigns(filter: $filter, orderBy: {direction: ASC}) { totalCount nodes { name } } }"""
    moments = [row.created_at.isoformat() for row in rows]
    cases: list[tuple[Any, dict[str, object] | None, str]] = [
        (house.alice, None, "012"),
        (house.alice, {}, "012"),
        (house.alice, {"statuses": None, "search": None, "createdAfter": None, "ownerId": None}, "012"),
        (house.alice, {"statuses": ["FAILED"]}, "1"),
        (house.alice, {"statuses": []}, ""),
        (house.alice, {"search": "nR 2"}, "2"),
        (house.alice, {"createdAfter": moments[1]}, "12"),
        (house.alice, {"createdBefore": moments[1]}, "0"),
        (house.alice, {"ownerId": node_ids.encode("Principal", house.bob.id)}, ""),
        (house.admin, {"ownerId": node_ids.encode("Principal", house.bob.id)}, "9"),
    ]
    for caller, wanted, digits in cases:
        found = (await desk.ask(caller, query, filter=wanted))["campaigns"]
        assert [one["name"] for one in found["nodes"]] == [f"Nr {digit}" for digit in digits], wanted
        assert found["totalCount"] == str(len(digits))


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"search": "x" * 256}, "LIMIT_EXCEEDED"),
        ({"search": "a\0b"}, "BAD_FILTER"),
        ({"search": "\ud800"}, "BAD_FILTER"),
        ({"statuses": ["DRAFT"] * 101}, "LIMIT_EXCEEDED"),
        ({"ownerId": "nobody"}, "BAD_ID"),
        ({"ownerId": node_ids.encode("Campaign", new_id())}, "BAD_ID"),
    ],
)
async def test_a_filter_that_makes_no_sense_is_refused(
    gallery: Gallery, desk: Desk, wanted: dict[str, object], code: str
) -> None:
    query = "query ($filter: CampaignFilter) { campaigns(filter: $filter) { totalCount } }"
    assert [one for one, _ in await desk.refused(gallery.house.alice, query, filter=wanted)] == [code]


async def test_filters_narrow_resources(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    await gallery.campaign(alice)
    await gallery.put_together([gallery.proxy_row(alice, ProxyHealth.HEALTHY)])
    data = await desk.ask(
        alice,
        """{
          socks: proxies(filter: {protocol: [SOCKS5], enabled: true}) { totalCount }
          http: proxies(filter: {protocol: [HTTP]}) { totalCount }
          healthy: proxies(filter: {health: [HEALTHY]}) { totalCount nodes { health } }
          named: proxies(filter: {search: "PROXY"}, orderBy: {field: CREATED_AT, direction: DESC}) { totalCount }
          dns: personas(filter: {type: DNS}) { nodes { type config { __typename } } }
          off: personas(filter: {enabled: false}) { totalCount }
          sets: keywordSets(filter: {enabled: true, search: "set"}) { totalCount nodes { ruleCount } }
          proxyStats { total enabled healthy unhealthy unknown testing averageLatencyMs successRate }
        }""",
    )
    assert data == {
        "socks": {"totalCount": "2"},
        "http": {"totalCount": "0"},
        "healthy": {"totalCount": "1", "nodes": [{"health": "HEALTHY"}]},
        "named": {"totalCount": "2"},
        "dns": {"nodes": [{"type": "DNS", "config": {"__typename": "DnsPersonaConfig"}}]},
        "off": {"totalCount": "0"},
        "sets": {"totalCount": "1", "nodes": [{"ruleCount": 2}]},
        "proxyStats": {
            "total": 2,
            "enabled": 2,
            "healthy": 1,
            "unhealthy": 0,
            "unknown": 1,
            "testing": 0,
            "averageLatencyMs": None,
            "successRate": None,
        },
    }


async def test_activity_is_newest_first_and_says_what_happened(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    ident = await gallery.campaign(alice, "hunt")
    gone = ProxyState(
        id=new_id(),
        owner_id=alice.id,
        name="old",
        protocol=ProxyProtocol.HTTP,
        host="h",
        port=1,
        enabled=True,
        health=ProxyHealth.UNKNOWN,
        has_credentials=False,
        created_at=gallery.moment(),
        updated_at=gallery.moment(),
    )
    await gallery.tell(CampaignCreated(campaign_id=ident, name="hunt"), alice, gallery.house.admin)
    await gallery.tell(ProxyRemoved(proxy=gone), alice, alice)
    query = """query ($filter: ActivityFilter) { activity(filter: $filter) { nodes {
      id kind summary entityType entityId actor { kind name principalId } campaign { name } detail } } }"""
    removed, created = (await desk.ask(alice, query))["activity"]["nodes"]
    assert created == {
        "id": node_ids.encode("Activity", 1),
        "kind": "CAMPAIGN_CREATED",
        "summary": "Campaign “hunt” was created",
        "entityType": "CAMPAIGN",
        "entityId": node_ids.encode("Campaign", ident),
        "actor": {
            "kind": "PRINCIPAL",
            "name": "admin",
            "principalId": node_ids.encode("Principal", gallery.house.admin.id),
        },
        "campaign": {"name": "hunt"},
        "detail": {"type": "CampaignCreated", "campaign_id": str(ident), "name": "hunt"},
    }
    assert (removed["kind"], removed["campaign"], removed["entityType"]) == ("PROXY_REMOVED", None, "PROXY")
    campaign_id, proxy_id = created["entityId"], removed["entityId"]
    for wanted, found in (
        ({"campaignId": campaign_id}, [created]),
        ({"entityId": proxy_id}, [removed]),
        ({"entityId": campaign_id}, [created]),
        *(({"entityId": node_ids.encode(name, new_id())}, []) for name in ("Persona", "KeywordSet", "Token")),
        ({"entityId": proxy_id, "entityType": "CAMPAIGN"}, []),
        ({"entityType": "PROXY"}, [removed]),
        ({"kinds": ["CAMPAIGN_CREATED"]}, [created]),
        ({"actorId": removed["actor"]["principalId"]}, [removed]),
        ({"since": gallery.moment(1).isoformat()}, []),
        ({"until": gallery.moment(1).isoformat()}, [removed, created]),
    ):
        assert (await desk.ask(alice, query, filter=wanted))["activity"]["nodes"] == found, wanted
    for wanted in ({"campaignId": proxy_id}, {"entityId": "x"}, {"actorId": campaign_id}):
        assert [code for code, _ in await desk.refused(alice, query, filter=wanted)] == ["BAD_ID"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=30))
async def test_no_text_to_look_for_breaks_a_query(gallery: Gallery, desk: Desk, text: str) -> None:
    await gallery.put_together([gallery.campaign_row(gallery.house.alice)])
    query = """query ($text: String!) {
      proxies(filter: {search: $text}) { totalCount }
      campaigns { nodes { domains(filter: {keyword: $text, nameContains: $text}) { totalCount } } }
    }"""
    result = await desk.result(gallery.house.alice, query, text=text)
    assert {(error.extensions or {}).get("code") for error in result.errors or ()} <= {"BAD_FILTER"}


async def test_one_thing_is_asked_for_by_its_id(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    await gallery.campaign(alice)
    listed = await desk.ask(
        alice, "{ proxies { nodes { id } } personas { nodes { id } } keywordSets { nodes { id } } }"
    )
    for field, many in (("proxy", "proxies"), ("persona", "personas"), ("keywordSet", "keywordSets")):
        ident = listed[many]["nodes"][0]["id"]
        query = f"query ($id: ID!) {{ {field}(id: $id) {{ id }} }}"
        assert await desk.ask(alice, query, id=ident) == {field: {"id": ident}}
        assert await desk.ask(gallery.house.bob, query, id=ident) == {field: None}


COSTLY = {
    "counts of a list": "domains(first: 1, filter: {tld: $TLD}) { totalCount }",
    "searches of a list": "domains(first: 1, filter: {nameContains: $TLD}) { nodes { name } }",
}


@pytest.mark.parametrize("costly", COSTLY)
async def test_what_looks_at_all_rows_cannot_multiply_without_end(
    gallery: Gallery, desk: Desk, costly: str
) -> None:
    """A page of one row is small, but counting or finding it is not: 50 aliases of 5 campaigns are 250."""
    alice = gallery.house.alice
    for _ in range(5):
        await gallery.campaign(alice)
    fields = [f"a{n}: {COSTLY[costly].replace('$TLD', f'{chr(34)}.t{n}{chr(34)}')}" for n in range(50)]
    few, many = (f"{{ campaigns {{ nodes {{ {' '.join(fields[:n])} }} }} }}" for n in (10, 50))
    assert len((await desk.ask(alice, few))["campaigns"]["nodes"]) == 5
    assert {code for code, _ in await desk.refused(alice, many)} == {"LIMIT_EXCEEDED"}


async def test_sums_over_domains_cannot_multiply_without_end(gallery: Gallery, desk: Desk) -> None:
    """A page of them has all of its sums, and no operation has those of a hundred campaigns."""
    alice = gallery.house.alice
    for _ in range(60):
        await gallery.campaign(alice, domains=1)
    sums = "rejections { pending } buckets { count } kpis { avgRichness } momentum { considered }"
    page = await desk.ask(alice, f"{{ campaigns {{ nodes {{ {sums} }} }} }}")
    assert len(page["campaigns"]["nodes"]) == 20
    errors = await desk.refused(alice, f"{{ campaigns(first: 60) {{ nodes {{ {sums} }} }} }}")
    assert {code for code, _ in errors} == {"LIMIT_EXCEEDED"}
