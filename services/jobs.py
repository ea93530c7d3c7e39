"""What a worker needs to know before it works on a shard, read in one snapshot.

Personas, keyword sets and proxies are those of the moment, so a change of them is seen by the next shard.
Disabled ones are passed over, and those that the campaign's owner may not see any more, who was an admin when it
began; what that leaves is for the worker to judge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from auth.sealing import Sealer
from core.settings import Settings
from db.engine import Session
from db.repositories import campaigns, domains, keyword_sets, personas
from db.repositories.domains import Candidate
from db.repositories.shards import Claim
from db.scope import Scope
from db.unit_of_work import Database
from services.effective import effective
from services.proxy_routes import ProxyRoute, route_of
from services.sight import owner_scope
from vocabulary.campaigns import DnsConfig, HttpConfig, PhaseKind
from vocabulary.keywords import KeywordRule
from vocabulary.personas import DnsPersonaConfig, HttpPersonaConfig, PersonaConfig

P = TypeVar("P", DnsPersonaConfig, HttpPersonaConfig)


@dataclass(frozen=True)
class DnsJob:
    """The domains left in a shard, and the usable personas in the order of trying, by id."""

    left: Sequence[Candidate]
    personas: dict[UUID, DnsPersonaConfig]
    config: DnsConfig


@dataclass(frozen=True)
class HttpJob:
    """The domains left in a shard, and all that their fetching follows.

    `resolvers` are the personas of the DNS phase, which look up the hosts of redirects. `route` None: the campaign
    was configured without proxies and goes directly.
    """

    left: Sequence[Candidate]
    personas: dict[UUID, HttpPersonaConfig]
    resolvers: dict[UUID, DnsPersonaConfig]
    rules: Sequence[KeywordRule]
    route: ProxyRoute | None
    config: HttpConfig


class Jobs:
    """Reads jobs."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def dns(self, claim: Claim) -> DnsJob | None:
        """The job of a DNS shard; None if its campaign is gone.

        Raises:
            Unavailable: the database does not answer.
        """
        campaign_id = campaign_of(claim)
        async with self._database.engines.reading() as session:
            scope = await owner_scope(session, campaign_id)
            if scope is None:
                return None
            config = await campaigns.dns_config(session, campaign_id)
            left = await domains.left(session, PhaseKind.DNS_VALIDATION, campaign_id, claim.within)
            usable = await _personas(session, scope, config.persona_ids, DnsPersonaConfig)
        return DnsJob(left, usable, config)

    async def settings(self, settings: Settings) -> Settings:
        """The settings as they are now, over those of the process."""
        async with self._database.engines.reading() as session:
            return await effective(session, settings)

    async def http(self, claim: Claim) -> HttpJob | None:
        """The job of an HTTP shard; None if its campaign is gone.

        Raises:
            Unavailable: the database does not answer.
        """
        campaign_id = campaign_of(claim)
        async with self._database.engines.reading() as session:
            scope = await owner_scope(session, campaign_id)
            if scope is None:
                return None
            config = await campaigns.http_config(session, campaign_id)
            dns = await campaigns.dns_config(session, campaign_id)
            resolvers = await _personas(session, scope, dns.persona_ids, DnsPersonaConfig)
            return HttpJob(
                left=await domains.left(
                    session, PhaseKind.HTTP_KEYWORD_VALIDATION, campaign_id, claim.within
                ),
                personas=await _personas(session, scope, config.persona_ids, HttpPersonaConfig),
                resolvers=resolvers,
                rules=await _rules(session, scope, config),
                route=await route_of(session, self._sealer, scope, campaign_id, config.strategy),
                config=config,
            )


def campaign_of(claim: Claim) -> UUID:
    """The campaign that a claim is of."""
    if claim.campaign_id is None:
        raise ValueError(f"{claim} is no part of a campaign.")
    return claim.campaign_id


async def _personas(session: Session, scope: Scope, ids: Sequence[UUID], kind: type[P]) -> dict[UUID, P]:
    """The enabled ones of a type, in the order of `ids`."""
    rows = await personas.get_many(session, ids, scope)
    configs: dict[UUID, PersonaConfig] = {i: rows[i].config for i in ids if i in rows and rows[i].enabled}
    return {ident: config for ident, config in configs.items() if isinstance(config, kind)}


async def _rules(session: Session, scope: Scope, config: HttpConfig) -> list[KeywordRule]:
    """The rules of the enabled keyword sets in their order, then the ad hoc keywords."""
    sets = await keyword_sets.get_many(session, config.keyword_set_ids, scope)
    rules: list[KeywordRule] = []
    for ident in config.keyword_set_ids:
        if ident in sets and sets[ident].enabled:
            rules += await keyword_sets.rules_of(session, ident)
    return rules + [KeywordRule(pattern=word) for word in config.ad_hoc_keywords]
