"""Wherever a client may write an id, one of somebody else's thing is answered as one of nothing, and changes nothing.

The places are found in the schema, so a new one is a case here by itself.
"""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from graphql import get_named_type
from sqlalchemy import select

from auth.principal import Principal
from db.models import Model
from db.queries import campaigns
from events.campaign_events import CampaignCreated
from graph import node_ids
from services.access import TokenDraft
from services.pools import PoolDraft
from services.scoring_profiles import ScoringProfileDraft
from tests.fakes.gallery import Gallery
from tests.fakes.house import open_house
from tests.fakes.scored import score
from tests.fakes.stage import Stage, open_stage
from tests.unit.graph.places import Place, document, places, variables
from vocabulary.access import Role
from vocabulary.bulk import BulkKind
from vocabulary.campaigns import PhaseKind
from vocabulary.leads import ScoringConfig
from vocabulary.operations import Rejected

STRANGER = UUID("01a20c4b-cd7b-762e-9f97-4f643e653bac")
NAMED = {
    "campaignId": "Campaign", "domainId": "Domain", "personaId": "HttpPersona", "dnsPersonaId": "Persona",
    "keywordSetId": "KeywordSet", "keywordSetIds": "KeywordSet", "proxyId": "Proxy", "proxyIds": "Proxy",
    "poolId": "ProxyPool", "profileId": "ScoringProfile", "ownerId": "Principal", "actorId": "Principal",
    "principalId": "Principal", "entityId": "Campaign",
}  # fmt: skip
OWN_ID = {"node": "Campaign", "nodes": "Campaign", "assignScoringProfile": "Campaign", "domain": "Domain"}
NOUNS = {
    "BulkOperation": "BulkOperation", "KeywordSet": "KeywordSet", "ScoringProfile": "ScoringProfile",
    "Pool": "ProxyPool", "Prox": "Proxy", "Persona": "Persona", "Principal": "Principal", "Token": "Token",
    "Campaign": "Campaign", "Phase": "Campaign",
}  # fmt: skip
IDS = [place for place in places() if get_named_type(place.type).name == "ID"]


def wanted(place: Place) -> str:
    """The kind of thing whose id belongs there."""
    name = place.path[-1]
    if name == "personaIds":
        return "HttpPersona" if "http" in place.path else "Persona"
    if name in NAMED:
        return NAMED[name]
    if place.field in OWN_ID:
        return OWN_ID[place.field]
    field = place.field[0].upper() + place.field[1:]
    return next(kind for noun, kind in NOUNS.items() if noun in field)


class World:
    """One of everything, of one owner."""

    def __init__(self, owner: Principal) -> None:
        self.owner = owner
        self.ids: dict[str, str] = {}

    async def fill(self, stage: Stage, gallery: Gallery) -> "World":
        owner, services = self.owner, stage.services
        ident = await gallery.campaign(owner)
        await gallery.tell(CampaignCreated(campaign_id=ident, name="made"), owner, owner)
        await score(stage.database, ident, 1)
        async with stage.engines.reading() as session:
            personas = (await campaigns.personas(session, owner.scope, [ident]))[ident]
            [sets] = (await campaigns.keyword_sets(session, owner.scope, [ident])).values()
            [proxies] = (await campaigns.proxies(session, owner.scope, [ident])).values()
        pool = await services.pools.create(owner, PoolDraft("pool"))
        await services.pools.add_proxies(owner, pool.value, [proxies[0].id])
        profile = await services.scoring_profiles.create(
            owner, ScoringProfileDraft("profile", ScoringConfig())
        )
        token = await services.access.create_token(owner, TokenDraft("token", Role.VIEWER))
        bulk = await services.bulk.start(owner, BulkKind.CAMPAIGN_PAUSE, [ident])
        keys = {
            "Campaign": ident,
            "Persona": personas[PhaseKind.DNS_VALIDATION][0].id,
            "KeywordSet": sets[0].id,
            "Proxy": proxies[0].id,
            "ProxyPool": pool.value,
            "ScoringProfile": profile.value,
            "Principal": owner.id,
            "Token": token.value.id,
            "BulkOperation": bulk.value.id,
        }
        self.ids = {kind: node_ids.encode(kind, key) for kind, key in keys.items()}
        http = personas[PhaseKind.HTTP_KEYWORD_VALIDATION][0].id
        self.ids |= {
            "HttpPersona": node_ids.encode("Persona", http),
            "Domain": node_ids.encode("Domain", ident, 1),
        }
        return self

    def of(self, place: Place) -> str:
        return self.ids[wanted(place)]


def nothing(place: Place) -> str:
    """The id of no such thing."""
    kind = wanted(place)
    if kind == "Domain":
        return node_ids.encode(kind, STRANGER, 1)
    return node_ids.encode("Persona" if kind == "HttpPersona" else kind, STRANGER)


async def answer(
    stage: Stage, caller: Principal, place: Place, ids: Callable[[Place], str], ident: str
) -> Any:
    """What is said to a request with this id, without the id itself."""
    given = variables(place, ids, [ident] if "[" in str(place.type) else ident)
    query = document(place, given)
    try:
        if place.operation == "subscription":
            watcher = await stage.watch(caller, query, **given)
            frame = await watcher.next()
            watcher.leave()
            del frame["cursor"]
            return {"data": {place.field: frame}}
        told = await stage.execute(caller, query, **given)
    except Rejected as refused:
        told = {"errors": refused.errors}
    return json.loads(json.dumps(told).replace(ident, "ID"))


async def belongings(stage: Stage, owner: Principal) -> dict[str, list[Any]]:
    """Every row of every table that names its owner."""
    found = {}
    async with stage.engines.reading() as session:
        for table in Model.metadata.sorted_tables:
            column = table.c.get("owner_id", table.c.get("principal_id"))
            if column is not None:
                rows = await session.execute(select(table).where(column == owner.id))
                found[table.name] = sorted(map(repr, rows))
    return found


@dataclass
class Neighbours:
    """Two owners who each have one of everything."""

    stage: Stage
    alice: World
    bob: World


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def neighbours(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Neighbours]:
    place = tmp_path_factory.mktemp("neighbours")
    async with (
        open_house(f"sqlite+aiosqlite:///{place / 'house.db'}") as house,
        open_stage(house, place / "key") as stage,
    ):
        gallery = Gallery(house)
        alice = await World(house.alice).fill(stage, gallery)
        yield Neighbours(stage, alice, await World(house.bob).fill(stage, gallery))


def is_about(told: Any, place: Place) -> bool:
    """Whether an answer says that there is nothing, and not that something else is wrong with the request."""
    if "errors" in told:
        return [error["extensions"]["code"] for error in told["errors"]] == ["NOT_FOUND"]
    match told["data"][place.field]:
        case {"code": "NOT_FOUND" | "VALIDATION_FAILED", "path": path}:
            return place.path[-1] in path
        case {"operation": {"total": total, "failed": failed}}:
            return bool(total == failed)
        case {"totalCount": count}:
            return bool(count == "0")
        case {"__typename": name, **others}:
            # What is not in a pool is not in it afterwards, whatever it is.
            return name == "RemoveProxiesFromPoolPayload" or [] in others.values()
        case found:
            return found in (None, [None])


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("place", IDS, ids=str)
async def test_an_id_of_somebody_else_is_one_of_nothing(neighbours: Neighbours, place: Place) -> None:
    stage, alice, bob = neighbours.stage, neighbours.alice, neighbours.bob
    house = stage.house
    before, head = await belongings(stage, house.alice), await stage.head()
    for caller in (house.bob, house.viewer):
        foreign = await answer(stage, caller, place, bob.of, alice.of(place))
        assert foreign == await answer(stage, caller, place, bob.of, nothing(place))
        assert is_about(foreign, place) or "FORBIDDEN" in json.dumps(foreign)
    assert await belongings(stage, house.alice) == before
    assert house.alice.id not in [owner for owner, _ in await house.owners_and_actors(head)]


def test_the_places_are_all_that_there_are() -> None:
    fields = {one.field for one in IDS}
    assert {"updateProxyPool", "rescoreCampaign", "testPersona", "bulkDeleteProxies"} <= fields
    assert {"subscription", "query", "mutation"} == {one.operation for one in IDS}
