"""Whether the things that a campaign refers to are there, visible (`services/sight.py`), enabled and of the right type.

Asked inside the transaction that stores the references, or lets a phase begin or go on. A list that is too long is
not looked up; that it is too long is said by the rules that need no database.
"""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from core.errors import Violation
from db.engine import Session
from db.models import KeywordSetRow, PersonaRow, ProxyRow
from db.repositories import campaigns, keyword_sets, personas, pools, proxies, scoring_profiles
from services.rules_campaigns import MAX_KEYWORD_SETS, MAX_PERSONAS, MAX_PROXIES
from services.rules_text import Path
from services.sight import Sight
from vocabulary.campaigns import AnalysisConfig, DnsConfig, HttpConfig
from vocabulary.personas import PersonaType


async def check_dns_references(session: Session, sight: Sight, config: DnsConfig) -> list[Violation]:
    """Every reference of how to resolve that leads nowhere."""
    return await _check_personas(session, sight, config.persona_ids, PersonaType.DNS)


async def check_http_references(session: Session, sight: Sight, config: HttpConfig) -> list[Violation]:
    """Every reference of how to fetch that leads nowhere."""
    broken = await _check_personas(session, sight, config.persona_ids, PersonaType.HTTP)
    if len(config.keyword_set_ids) <= MAX_KEYWORD_SETS:
        sets = await keyword_sets.get_many(session, config.keyword_set_ids, sight.scope)
        broken += _check_rows(config.keyword_set_ids, sets, sight, "keyword set", ("http", "keywordSetIds"))
    if len(config.proxy_ids) <= MAX_PROXIES:
        found = await proxies.get_many(session, config.proxy_ids, sight.scope)
        broken += _check_rows(config.proxy_ids, found, sight, "proxy", ("http", "proxyIds"))
    if config.pool_id is not None:
        broken += await _check_pool(session, sight, config.pool_id)
    return broken


async def check_analysis_references(
    session: Session, sight: Sight, config: AnalysisConfig
) -> list[Violation]:
    """Every reference of how to score that leads nowhere."""
    wanted = config.profile_id
    if wanted is None or await scoring_profiles.newest(session, wanted, sight.scope) is not None:
        return []
    return [_unseen(("analysis", "profileId"), "scoring profile", sight)]


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


async def _check_pool(session: Session, sight: Sight, pool_id: UUID) -> list[Violation]:
    path = ("http", "poolId")
    pool = (await pools.get_many(session, [pool_id], sight.scope)).get(pool_id)
    if pool is None:
        return [_unseen(path, "pool", sight)]
    return [] if pool.enabled or sight.takes_disabled else [Violation(path, "this pool is disabled")]


async def _check_personas(
    session: Session, sight: Sight, idents: Sequence[UUID], kind: PersonaType
) -> list[Violation]:
    if len(idents) > MAX_PERSONAS:
        return []
    path = (kind.lower(), "personaIds")
    rows = await personas.get_many(session, idents, sight.scope)
    broken = [*_check_rows(idents, rows, sight, "persona", path)]
    for index, ident in enumerate(idents):
        if ident in rows and rows[ident].persona_type is not kind:
            broken.append(Violation((*path, str(index)), f"must be a persona of type {kind}", kind.value))
    return broken


def _check_rows(
    idents: Sequence[UUID],
    rows: Mapping[UUID, PersonaRow] | Mapping[UUID, KeywordSetRow] | Mapping[UUID, ProxyRow],
    sight: Sight,
    noun: str,
    path: Path,
) -> Iterator[Violation]:
    for index, ident in enumerate(idents):
        row = rows.get(ident)
        if row is None:
            yield _unseen((*path, str(index)), noun, sight)
        elif not row.enabled and not sight.takes_disabled:
            yield Violation((*path, str(index)), f"this {noun} is disabled")


def _unseen(path: Path, noun: str, sight: Sight) -> Violation:
    return Violation(path, f"no {noun} with this id is visible to {sight.whose}")
