"""Two owners who each have one of everything, and the ids of it for every place where a client may write one."""

import hashlib
import itertools
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

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
from vocabulary.proxies import ProxyHealth

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

    def __init__(self, owner: Principal, name: str = "") -> None:
        self.owner = owner
        self.name = name
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
        pool = await services.pools.create(owner, PoolDraft(f"pool {self.name}"))
        await services.pools.add_proxies(owner, pool.value, [proxies[0].id])
        profile = await services.scoring_profiles.create(
            owner, ScoringProfileDraft(f"profile {self.name}", ScoringConfig())
        )
        token = await services.access.create_token(owner, TokenDraft(f"token {self.name}", Role.VIEWER))
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
    told = await asked(stage, caller, place.operation, document(place, given), given)
    return json.loads(json.dumps(told).replace(ident, "ID"))


async def asked(stage: Stage, caller: Principal, operation: str, query: str, given: Mapping[str, Any]) -> Any:
    """What is said to a request; of a subscription the first frame, without its cursor."""
    try:
        if operation != "subscription":
            return await stage.execute(caller, query, **given)
        watcher = await stage.watch(caller, query, **given)
    except Rejected as refused:
        return {"errors": refused.errors}
    frame = await watcher.next()
    watcher.leave()
    del frame["cursor"]
    return {"data": {watcher.member.stream.field: frame}}


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
    gallery: Gallery
    file: Path
    alice: World
    bob: World

    async def fresh(self, owner: Principal) -> World:
        """One of everything more, of this owner."""
        return await World(owner, next(self._names)).fill(self.stage, self.gallery)

    async def put_unhealthy_proxy(self, owner: Principal) -> None:
        """One that nobody uses, of this owner."""
        row = self.gallery.proxy_row(owner, ProxyHealth.UNHEALTHY)
        row.consecutive_failures = 10
        await self.gallery.put([row])

    def digest(self) -> str:
        """One of every row of every table; the end of the log is a row, too."""
        told = hashlib.sha256()
        with closing(sqlite3.connect(self.file)) as connection:
            for table in sorted(Model.metadata.tables):
                rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
                told.update(repr((table, sorted(map(repr, rows)))).encode())
        return told.hexdigest()

    def __post_init__(self) -> None:
        self._names = map(str, itertools.count(1))


@asynccontextmanager
async def open_neighbours(place: Path) -> AsyncIterator[Neighbours]:
    """Both, on a database of their own in this folder."""
    file = place / "house.db"
    async with (
        open_house(f"sqlite+aiosqlite:///{file}") as house,
        open_stage(house, place / "key") as stage,
    ):
        gallery = Gallery(house)
        alice = await World(house.alice).fill(stage, gallery)
        yield Neighbours(stage, gallery, file, alice, await World(house.bob).fill(stage, gallery))
