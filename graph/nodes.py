"""From an id to what it names, in the scope of the caller."""

from collections.abc import Awaitable, Callable

from graph import node_ids
from graph.context import Info
from graph.types.bulk import BulkOperation
from graph.types.campaign import Activity, Campaign
from graph.types.domain import Domain
from graph.types.keyword_set import KeywordSet
from graph.types.node import Node
from graph.types.persona import Persona
from graph.types.principal import Principal
from graph.types.proxy import Proxy, ProxyPool
from graph.types.scoring_profile import ScoringProfile
from graph.types.token import Token

Key = tuple[str, ...]


async def resolve(info: Info, ident: str) -> Node | None:
    """What the id names; None if it names nothing, or nothing that the caller may see."""
    try:
        type_name, key = node_ids.decode(ident)
        found = _BY_TYPE.get(type_name)
        return None if found is None else await found(info, key)
    except node_ids.BadId:
        return None


async def _campaign(info: Info, key: Key) -> Campaign | None:
    row = await info.context.loaders.campaign.load(node_ids.as_uuid(_only(key)))
    return None if row is None else Campaign.from_row(row)


async def _domain(info: Info, key: Key) -> Domain | None:
    if len(key) != 2:
        raise node_ids.BadId("The id of a domain has two parts.")
    row = await info.context.loaders.domain.load((node_ids.as_uuid(key[0]), node_ids.as_position(key[1])))
    return None if row is None else Domain.from_row(row)


async def _proxy(info: Info, key: Key) -> Proxy | None:
    row = await info.context.loaders.proxy.load(node_ids.as_uuid(_only(key)))
    return None if row is None else Proxy.from_row(row)


async def _proxy_pool(info: Info, key: Key) -> ProxyPool | None:
    row = await info.context.loaders.proxy_pool.load(node_ids.as_uuid(_only(key)))
    return None if row is None else ProxyPool.from_row(row)


async def _persona(info: Info, key: Key) -> Persona | None:
    row = await info.context.loaders.persona.load(node_ids.as_uuid(_only(key)))
    return None if row is None else Persona.from_row(row)


async def _keyword_set(info: Info, key: Key) -> KeywordSet | None:
    row = await info.context.loaders.keyword_set.load(node_ids.as_uuid(_only(key)))
    return None if row is None else KeywordSet.from_row(row)


async def _scoring_profile(info: Info, key: Key) -> ScoringProfile | None:
    row = await info.context.loaders.scoring_profile.load(node_ids.as_uuid(_only(key)))
    return None if row is None else ScoringProfile.from_row(row)


async def _principal(info: Info, key: Key) -> Principal | None:
    row = await info.context.loaders.principal.load(node_ids.as_uuid(_only(key)))
    return None if row is None else Principal.from_row(row)


async def _token(info: Info, key: Key) -> Token | None:
    row = await info.context.loaders.token.load(node_ids.as_uuid(_only(key)))
    return None if row is None else Token.from_row(row)


async def _bulk_operation(info: Info, key: Key) -> BulkOperation | None:
    row = await info.context.loaders.bulk_operation.load(node_ids.as_uuid(_only(key)))
    return None if row is None else BulkOperation.from_row(row)


async def _activity(info: Info, key: Key) -> Activity | None:
    row = await info.context.loaders.activity.load(node_ids.as_position(_only(key)))
    if row is None:
        return None
    return Activity.from_row(row, (await info.context.reading.head()).incarnation)


def _only(key: Key) -> str:
    if len(key) != 1:
        raise node_ids.BadId("The id has too many parts.")
    return key[0]


_BY_TYPE: dict[str, Callable[[Info, Key], Awaitable[Node | None]]] = {
    "Campaign": _campaign,
    "Domain": _domain,
    "Proxy": _proxy,
    "ProxyPool": _proxy_pool,
    "Persona": _persona,
    "KeywordSet": _keyword_set,
    "ScoringProfile": _scoring_profile,
    "Principal": _principal,
    "Token": _token,
    "Activity": _activity,
    "BulkOperation": _bulk_operation,
}
