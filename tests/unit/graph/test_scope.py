"""What belongs to somebody else looks like what does not exist, wherever it is asked for."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from auth.principal import Principal
from db.models import CampaignKeywordSetRow, CampaignProxyRow, PhasePersonaRow
from db.queries import campaigns
from events.campaign_events import CampaignCreated
from graph import node_ids
from tests.fakes.gallery import SECRET, Gallery
from tests.unit.graph.asking import Desk
from vocabulary.campaigns import PhaseKind

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"


@dataclass
class Own:
    """A campaign and the ids of everything around it."""

    campaign: UUID
    ids: dict[str, str]


async def own(gallery: Gallery, owner: Principal) -> Own:
    ident = await gallery.campaign(owner)
    at = await gallery.tell(CampaignCreated(campaign_id=ident, name="made"), owner, owner)
    async with gallery.house.database.engines.reading() as session:
        personas = (await campaigns.personas(session, owner.scope, [ident]))[ident]
        [sets] = (await campaigns.keyword_sets(session, owner.scope, [ident])).values()
        [proxies] = (await campaigns.proxies(session, owner.scope, [ident])).values()
    return Own(
        ident,
        {
            "Campaign": node_ids.encode("Campaign", ident),
            "Domain": node_ids.encode("Domain", ident, 1),
            "Persona": node_ids.encode("Persona", personas[PhaseKind.DNS_VALIDATION][0].id),
            "KeywordSet": node_ids.encode("KeywordSet", sets[0].id),
            "Proxy": node_ids.encode("Proxy", proxies[0].id),
            "Principal": node_ids.encode("Principal", owner.id),
            "Activity": node_ids.encode("Activity", at),
        },
    )


@pytest.fixture
async def alices(gallery: Gallery) -> Own:
    return await own(gallery, gallery.house.alice)


async def test_the_owner_and_an_admin_find_each_node_by_its_id(
    gallery: Gallery, desk: Desk, alices: Own
) -> None:
    for caller in (gallery.house.alice, gallery.house.admin):
        for type_name, ident in alices.ids.items():
            assert (await desk.ask(caller, NODE, id=ident))["node"] == {"__typename": type_name, "id": ident}


async def test_others_find_nothing_by_any_id(gallery: Gallery, desk: Desk, alices: Own) -> None:
    for caller in (gallery.house.bob, gallery.house.viewer):
        for ident in alices.ids.values():
            assert (await desk.ask(caller, NODE, id=ident))["node"] is None


async def test_nodes_come_in_the_order_of_their_ids(gallery: Gallery, desk: Desk, alices: Own) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    ids = [alices.ids["Proxy"], "garbage", alices.ids["Campaign"], alices.ids["Proxy"]]
    found = (await desk.ask(gallery.house.alice, query, ids=ids))["nodes"]
    assert found == [{"id": ids[0]}, None, {"id": ids[2]}, {"id": ids[0]}]
    assert [code for code, _ in await desk.refused(gallery.house.alice, query, ids=["x"] * 101)] == [
        "LIMIT_EXCEEDED"
    ]


STRANGER = UUID("01a20c4b-cd7b-762e-9f97-4f643e653bac")


@pytest.mark.parametrize(
    "ident",
    [
        "",
        "garbage",
        "é",
        node_ids.encode("Campaign", STRANGER),
        node_ids.encode("Domain", STRANGER),
        node_ids.encode("Domain", STRANGER, 2**63),
        node_ids.encode("Campaign", STRANGER, 1),
        node_ids.encode("Activity", STRANGER),
        node_ids.encode("Activity", 99),
        node_ids.encode("Nonsense", STRANGER),
        node_ids.encode("Principal", 1),
    ],
)
async def test_an_id_of_nothing_gives_null(gallery: Gallery, desk: Desk, ident: str) -> None:
    query = "query ($id: ID!) { node(id: $id) { id } campaign(id: $id) { id } domain(id: $id) { id } }"
    assert await desk.ask(gallery.house.admin, query, id=ident) == {
        "node": None,
        "campaign": None,
        "domain": None,
    }


async def test_an_id_of_another_type_gives_null(gallery: Gallery, desk: Desk, alices: Own) -> None:
    query = "query ($a: ID!, $b: ID!) { campaign(id: $a) { id } domain(id: $b) { id } }"
    found = await desk.ask(gallery.house.alice, query, a=alices.ids["Domain"], b=alices.ids["Campaign"])
    assert found == {"campaign": None, "domain": None}


async def test_lists_have_only_ones_own(gallery: Gallery, desk: Desk, alices: Own) -> None:
    query = """{
      campaigns { totalCount } proxies { totalCount } personas { totalCount } keywordSets { totalCount }
      activity { totalCount } proxyStats { total }
    }"""
    await own(gallery, gallery.house.bob)
    ones = {
        "campaigns": {"totalCount": "1"},
        "proxies": {"totalCount": "1"},
        "personas": {"totalCount": "2"},
        "keywordSets": {"totalCount": "1"},
        "activity": {"totalCount": "1"},
        "proxyStats": {"total": 1},
    }
    assert await desk.ask(gallery.house.alice, query) == ones
    assert await desk.ask(gallery.house.bob, query) == ones
    assert (await desk.ask(gallery.house.admin, query))["campaigns"] == {"totalCount": "2"}
    nothing = await desk.ask(gallery.house.viewer, query)
    assert {tuple(one.values()) for one in nothing.values()} == {("0",), (0,)}


async def test_nothing_of_somebody_else_comes_through_a_reference(
    gallery: Gallery, desk: Desk, alices: Own
) -> None:
    """Even if a campaign came to refer to another owner's things, they would not be shown."""
    bobs = await gallery.campaign(gallery.house.bob)
    keys = {name: node_ids.decode(ident)[1][0] for name, ident in alices.ids.items()}
    await gallery.put_together(
        [
            PhasePersonaRow(
                campaign_id=bobs,
                kind=PhaseKind.DNS_VALIDATION,
                ordinal=1,
                persona_id=UUID(keys["Persona"]),
            ),
            CampaignProxyRow(campaign_id=bobs, ordinal=1, proxy_id=UUID(keys["Proxy"])),
            CampaignKeywordSetRow(campaign_id=bobs, ordinal=1, keyword_set_id=UUID(keys["KeywordSet"])),
        ]
    )
    query = """{ campaigns { nodes {
      dns { personas { id } } http { personas { id } proxies { id } keywordSets { id } } } } }"""
    [seen] = (await desk.ask(gallery.house.bob, query))["campaigns"]["nodes"]
    assert [len(seen["dns"]["personas"]), len(seen["http"]["personas"])] == [1, 1]
    assert [len(seen["http"]["proxies"]), len(seen["http"]["keywordSets"])] == [1, 1]
    everything = (await desk.ask(gallery.house.admin, query))["campaigns"]["nodes"]
    assert max(len(one["http"]["proxies"]) for one in everything) == 2


async def test_the_caller_is_who_the_token_says(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    query = "{ me { role principal { id name role } } }"
    assert await desk.ask(alice, query) == {
        "me": {
            "role": "OPERATOR",
            "principal": {
                "id": node_ids.encode("Principal", alice.id),
                "name": "alice",
                "role": "OPERATOR",
            },
        }
    }


async def test_no_response_has_a_password(gallery: Gallery, desk: Desk, alices: Own) -> None:
    query = """query ($id: ID!) { node(id: $id) { ... on Proxy {
      name description protocol host port address username hasCredentials health } } }"""
    found = (await desk.ask(gallery.house.alice, query, id=alices.ids["Proxy"]))["node"]
    assert found["hasCredentials"] is True
    assert found["address"] == f"socks5://proxy.example:{found['port']}"
    assert SECRET.decode() not in str(found)
