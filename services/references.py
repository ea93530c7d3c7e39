"""Whether the things that a campaign refers to are there, visible to the caller, enabled and of the right type.

Asked inside the transaction that stores the references, or starts the campaign. A list that is too long is
not looked up; that it is too long is said by the rules that need no database.
"""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from core.errors import Violation
from db.engine import Session
from db.models import KeywordSetRow, PersonaRow, ProxyRow
from db.repositories import campaigns, keyword_sets, personas, pools, proxies, scoring_profiles
from db.scope import Scope
from services.rules_campaigns import MAX_KEYWORD_SETS, MAX_PERSONAS, MAX_PROXIES
from services.rules_text import Path
from vocabulary.campaigns import AnalysisConfig, DnsConfig, HttpConfig
from vocabulary.personas import PersonaType


async def check_dns_references(session: Session, scope: Scope, config: DnsConfig) -> list[Violation]:
    """Every reference of how to resolve that leads nowhere."""
    return await _check_personas(session, scope, config.persona_ids, PersonaType.DNS)


async def check_http_references(session: Session, scope: Scope, config: HttpConfig) -> list[Violation]:
    """Every reference of how to fetch that leads nowhere."""
    broken = await _check_personas(session, scope, config.persona_ids, PersonaType.HTTP)
    if len(config.keyword_set_ids) <= MAX_KEYWORD_SETS:
        sets = await keyword_sets.get_many(session, config.keyword_set_ids, scope)
        broken += _check_rows(config.keyword_set_ids, sets, "keyword set", ("http", "keywordSetIds"))
    if len(config.proxy_ids) <= MAX_PROXIES:
        found = await proxies.get_many(session, config.proxy_ids, scope)
        broken += _check_rows(config.proxy_ids, found, "proxy", ("http", "proxyIds"))
    if config.pool_id is not None:
        broken += await _check_pool(session, scope, config.pool_id)
    return broken


async def check_analysis_references(
    session: Session, scope: Scope, config: AnalysisConfig
) -> list[Violation]:
    """Every reference of how to score that leads nowhere."""
    wanted = config.profile_id
    if wanted is None or await scoring_profiles.newest(session, wanted, scope) is not None:
        return []
    return [Violation(("analysis", "profileId"), "no scoring profile with this id is visible to you")]


async def check_nothing_gone(
    session: Session, campaign_id: UUID, dns: DnsConfig | None, http: HttpConfig | None
) -> Iterator[Violation]:
    """Each list of a campaign's configurations, as they are stored, of which something was deleted.

    Only a campaign that has ended can lose a reference. One that it had as its only proxy would leave a copy to
    fetch directly, from an address that somebody wanted to keep out of it: so nothing is left out in silence.
    """
    before = await campaigns.configured(session, campaign_id)
    dns, http = dns or DnsConfig(()), http or HttpConfig(())
    lists: tuple[tuple[Path, str, int, int], ...] = (
        (("dns", "personaIds"), "personas", before.dns_personas, len(dns.persona_ids)),
        (("http", "personaIds"), "personas", before.http_personas, len(http.persona_ids)),
        (("http", "keywordSetIds"), "keyword sets", before.keyword_sets, len(http.keyword_set_ids)),
        (("http", "proxyIds"), "proxies", before.proxies, len(http.proxy_ids)),
        (("http", "poolId"), "pools", before.pools, int(http.pool_id is not None)),
    )
    return (
        Violation(path, f"has lost {had - has} of its {had} {noun}, deleted since it was configured")
        for path, noun, had, has in lists
        if has < had
    )


async def _check_pool(session: Session, scope: Scope, pool_id: UUID) -> list[Violation]:
    path = ("http", "poolId")
    pool = (await pools.get_many(session, [pool_id], scope)).get(pool_id)
    if pool is None:
        return [Violation(path, "no pool with this id is visible to you")]
    return [] if pool.enabled else [Violation(path, "this pool is disabled")]


async def _check_personas(
    session: Session, scope: Scope, idents: Sequence[UUID], kind: PersonaType
) -> list[Violation]:
    if len(idents) > MAX_PERSONAS:
        return []
    path = (kind.lower(), "personaIds")
    rows = await personas.get_many(session, idents, scope)
    broken = [*_check_rows(idents, rows, "persona", path)]
    for index, ident in enumerate(idents):
        if ident in rows and rows[ident].persona_type is not kind:
            broken.append(Violation((*path, str(index)), f"must be a persona of type {kind}", kind.value))
    return broken


def _check_rows(
    idents: Sequence[UUID],
    rows: Mapping[UUID, PersonaRow] | Mapping[UUID, KeywordSetRow] | Mapping[UUID, ProxyRow],
    noun: str,
    path: Path,
) -> Iterator[Violation]:
    for index, ident in enumerate(idents):
        row = rows.get(ident)
        if row is None:
            yield Violation((*path, str(index)), f"no {noun} with this id is visible to you")
        elif not row.enabled:
            yield Violation((*path, str(index)), f"this {noun} is disabled")
