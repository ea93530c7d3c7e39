"""What a demo campaign works with: personas, proxies and keyword sets, found by their names or made.

What somebody changed by hand stays, except for what leads to the sandbox: its addresses may be new ones.
"""

from typing import TypeVar
from uuid import UUID

import msgspec

from auth.principal import Principal
from db.models import KeywordSetRow, PersonaRow, ProxyRow
from db.queries.keyword_sets import KEYWORD_SETS as STORED_SETS
from db.queries.keyword_sets import KeywordSetFilter
from db.queries.listing import Listing, Wanted
from db.queries.named import NamedOrderField
from db.queries.personas import PERSONAS, PersonaFilter
from db.queries.proxies import PROXIES, ProxyFilter
from db.scope import Scope
from sandbox import keywords
from sandbox.sandbox import NamedProxy, Sandbox
from services.keyword_sets import KeywordSetDraft
from services.personas import PersonaDraft, PersonaPatch
from services.proxies import ProxyDraft, ProxyPatch
from vocabulary.personas import DnsPersonaConfig, HttpPersonaConfig
from web.app import ApiProcess

Row = TypeVar("Row", PersonaRow, ProxyRow, KeywordSetRow)
Filter = TypeVar("Filter")

DNS_NAME = "Demo resolver"
HTTP_NAME = "Demo fetcher"
DEAD = "dead"
# SOCKS 4 has no word for a target that is down, and the demo shows why each domain failed.
NOT_FOR_CAMPAIGNS = frozenset({DEAD, "socks4"})
PAGE = 1000

# Slow enough to be watched, fast enough to be over in half a minute. The time limits are far from what an answer
# on loopback takes, so that a busy machine does not turn an answer into a time-out.
DNS = DnsPersonaConfig(
    resolvers=(),
    query_timeout_seconds=1.0,
    attempts=3,
    concurrency=20,
    rate_per_second=20.0,
    burst=10,
)
HTTP = HttpPersonaConfig(
    user_agent="Heliograph demo (a sandbox on this machine)",
    request_timeout_seconds=4.0,
    concurrency=12,
    rate_per_second=12.0,
    burst=6,
)


class Belongings(msgspec.Struct, frozen=True):
    """The ids of what a demo campaign uses; `proxy_ids` are those of its proxies."""

    dns_persona_id: UUID
    http_persona_id: UUID
    keyword_set_ids: tuple[UUID, ...]
    proxy_ids: tuple[UUID, ...]


class Outfitter:
    """Makes the belongings of one owner, through the same verbs that clients use."""

    def __init__(self, api: ApiProcess, caller: Principal, sandbox: Sandbox) -> None:
        self._api = api
        self._caller = caller
        self._sandbox = sandbox

    async def outfit(self) -> Belongings:
        """Everything that a campaign needs, leading to the sandbox.

        Raises:
            HeliographError: a verb was refused; what was made before stays and is found the next time.
        """
        proxies = {proxy.name: await self._proxy(proxy) for proxy in self._sandbox.proxies}
        return Belongings(
            dns_persona_id=await self._dns_persona(),
            http_persona_id=await self._http_persona(),
            keyword_set_ids=tuple([await self._keyword_set(each) for each in keywords.KEYWORD_SETS]),
            proxy_ids=tuple(ident for name, ident in proxies.items() if name not in NOT_FOR_CAMPAIGNS),
        )

    async def _dns_persona(self) -> UUID:
        resolvers = (self._sandbox.dns,)
        found = await self._find(PERSONAS, PersonaFilter(search=DNS_NAME), DNS_NAME)
        if found is None:
            config = msgspec.structs.replace(DNS, resolvers=resolvers)
            draft = PersonaDraft(DNS_NAME, config, "Asks the sandbox's name server.")
            return (await self._api.services.personas.create(self._caller, draft)).value
        if isinstance(found.config, DnsPersonaConfig):
            patch = PersonaPatch(config=msgspec.structs.replace(found.config, resolvers=resolvers))
            await self._api.services.personas.update(self._caller, found.id, patch)
        return found.id

    async def _http_persona(self) -> UUID:
        found = await self._find(PERSONAS, PersonaFilter(search=HTTP_NAME), HTTP_NAME)
        if found is not None:
            return found.id
        draft = PersonaDraft(HTTP_NAME, HTTP, "Fetches the sandbox's pages.")
        return (await self._api.services.personas.create(self._caller, draft)).value

    async def _proxy(self, proxy: NamedProxy) -> UUID:
        name, endpoint = f"Demo {proxy.name}", proxy.endpoint
        found = await self._find(PROXIES, ProxyFilter(search=name), name)
        if found is not None:
            place = ProxyPatch(host=endpoint.host, port=endpoint.port, password=endpoint.password)
            await self._api.services.proxies.update(self._caller, found.id, place)
            return found.id
        text = "Refuses every connection." if proxy.name == DEAD else "Leads to the sandbox's pages."
        draft = ProxyDraft(
            name=name,
            protocol=endpoint.protocol,
            host=endpoint.host,
            port=endpoint.port,
            description=text,
            username=endpoint.username,
            password=endpoint.password,
        )
        return (await self._api.services.proxies.create(self._caller, draft)).value.id

    async def _keyword_set(self, wanted: keywords.KeywordSet) -> UUID:
        found = await self._find(STORED_SETS, KeywordSetFilter(search=wanted.name), wanted.name)
        if found is not None:
            return found.id
        draft = KeywordSetDraft(wanted.name, wanted.rules)
        return (await self._api.services.keyword_sets.create(self._caller, draft)).value

    async def _find(self, listing: Listing[Row, Filter], wanted: Filter, name: str) -> Row | None:
        """The caller's own thing of exactly this name."""
        scope = Scope(owner_id=self._caller.id)
        page = Wanted(wanted, NamedOrderField.NAME, descending=False, limit=PAGE)
        async with self._api.ground.engines.reading() as session:
            (rows,) = await listing.pages(session, scope, [page])
        return next((row for row in rows if row.name == name), None)
