"""Statements on campaigns, their phases and their configurations.

The row of the campaign is the first lock of every transaction that changes a campaign or anything of it.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, insert, select

from db.engine import Session
from db.models import (
    CampaignKeywordSetRow,
    CampaignProxyRow,
    CampaignRow,
    DnsConfigRow,
    GenerationConfigRow,
    HttpConfigRow,
    PhasePersonaRow,
    PhaseRow,
    PrincipalRow,
    TalliesRow,
)
from db.repositories.shards import lock_open
from db.scope import EVERYTHING, Scope
from vocabulary.access import Role
from vocabulary.campaigns import DnsConfig, GenerationConfig, HttpConfig, PhaseKind, PhaseStatus
from vocabulary.work import ShardKind


class Configured(NamedTuple):
    """How many things of each kind a campaign was configured with, those that were deleted since included."""

    dns_personas: int = 0
    http_personas: int = 0
    keyword_sets: int = 0
    proxies: int = 0
    pools: int = 0


async def add(session: Session, row: CampaignRow, lacking: Collection[PhaseKind] = ()) -> None:
    """Insert a campaign with its phases, none of them started; `lacking` are those that have no configuration.

    The configurations are put separately.
    """
    session.add(row)
    await session.flush()
    session.add_all(
        PhaseRow(
            campaign_id=row.id,
            kind=kind,
            ordinal=ordinal,
            status=PhaseStatus.NOT_STARTED if kind in lacking else PhaseStatus.CONFIGURED,
        )
        for ordinal, kind in enumerate(PhaseKind, start=1)
    )
    session.add(TalliesRow(campaign_id=row.id))
    await session.flush()


async def lock(session: Session, ident: UUID, scope: Scope = EVERYTHING) -> CampaignRow | None:
    """The campaign, locked until the end of the transaction, if it is visible."""
    wanted = select(CampaignRow).where(CampaignRow.id == ident, scope.clause(CampaignRow.owner_id))
    wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(wanted)).scalar_one_or_none()


async def owner(session: Session, ident: UUID) -> tuple[UUID, Role] | None:
    """Whose the campaign is, and the role that they have now; None if it is gone."""
    wanted = (
        select(PrincipalRow.id, PrincipalRow.role)
        .join(CampaignRow, CampaignRow.owner_id == PrincipalRow.id)
        .where(CampaignRow.id == ident)
    )
    row = (await session.execute(wanted)).one_or_none()
    return None if row is None else (row[0], row[1])


async def remove(session: Session, ident: UUID) -> None:
    """Delete a campaign and all that is its own; how far its space was enumerated stays."""
    await lock_open(session, ident, [*ShardKind])
    await session.execute(delete(CampaignRow).where(CampaignRow.id == ident))


async def put_generation(session: Session, campaign_id: UUID, config: GenerationConfig) -> None:
    """Store what the campaign shall enumerate, in the place of what was there."""
    await session.merge(
        GenerationConfigRow(
            campaign_id=campaign_id,
            pattern_type=config.pattern_type,
            character_set=config.character_set,
            constant=config.constant,
            tlds=config.tlds,
            prefix_length=config.prefix_length,
            suffix_length=config.suffix_length,
            count=config.count,
        )
    )


async def put_dns(session: Session, campaign_id: UUID, config: DnsConfig) -> None:
    """Store how the campaign shall resolve, in the place of what was there."""
    await session.merge(
        DnsConfigRow(
            campaign_id=campaign_id,
            persona_count=len(config.persona_ids),
            batch_size=config.batch_size,
            retry_attempts=config.retry_attempts,
            rotation_interval_seconds=config.rotation_interval_seconds,
            speed_per_minute=config.speed_per_minute,
        )
    )
    await _put_personas(session, campaign_id, PhaseKind.DNS_VALIDATION, config.persona_ids)


async def put_http(session: Session, campaign_id: UUID, config: HttpConfig) -> None:
    """Store how the campaign shall fetch and what it looks for, in the place of what was there."""
    await session.merge(
        HttpConfigRow(
            campaign_id=campaign_id,
            persona_count=len(config.persona_ids),
            keyword_set_count=len(config.keyword_set_ids),
            proxy_count=len(config.proxy_ids),
            ad_hoc_keywords=config.ad_hoc_keywords,
            pool_id=config.pool_id,
            had_pool=config.pool_id is not None,
            strategy=config.strategy,
            batch_size=config.batch_size,
            retry_attempts=config.retry_attempts,
            rotation_interval_seconds=config.rotation_interval_seconds,
            speed_per_minute=config.speed_per_minute,
            micro_crawl=config.micro_crawl,
            http_port=config.http_port,
            https_port=config.https_port,
        )
    )
    await _put_personas(session, campaign_id, PhaseKind.HTTP_KEYWORD_VALIDATION, config.persona_ids)
    await session.execute(
        delete(CampaignKeywordSetRow).where(CampaignKeywordSetRow.campaign_id == campaign_id)
    )
    await session.execute(delete(CampaignProxyRow).where(CampaignProxyRow.campaign_id == campaign_id))
    sets = [
        {"campaign_id": campaign_id, "ordinal": ordinal, "keyword_set_id": ident}
        for ordinal, ident in enumerate(config.keyword_set_ids)
    ]
    proxies = [
        {"campaign_id": campaign_id, "ordinal": ordinal, "proxy_id": ident}
        for ordinal, ident in enumerate(config.proxy_ids)
    ]
    if sets:
        await session.execute(insert(CampaignKeywordSetRow), sets)
    if proxies:
        await session.execute(insert(CampaignProxyRow), proxies)


async def _put_personas(
    session: Session, campaign_id: UUID, kind: PhaseKind, persona_ids: Sequence[UUID]
) -> None:
    await session.execute(
        delete(PhasePersonaRow).where(
            PhasePersonaRow.campaign_id == campaign_id, PhasePersonaRow.kind == kind
        )
    )
    rows = [
        {"campaign_id": campaign_id, "kind": kind, "ordinal": ordinal, "persona_id": ident}
        for ordinal, ident in enumerate(persona_ids)
    ]
    await session.execute(insert(PhasePersonaRow), rows)


async def generation_config(session: Session, campaign_id: UUID) -> GenerationConfig:
    """What the campaign enumerates."""
    row = await session.get_one(GenerationConfigRow, campaign_id)
    return GenerationConfig(
        pattern_type=row.pattern_type,
        character_set=row.character_set,
        constant=row.constant,
        tlds=row.tlds,
        prefix_length=row.prefix_length,
        suffix_length=row.suffix_length,
        count=row.count,
    )


async def dns_config_if_any(session: Session, campaign_id: UUID) -> DnsConfig | None:
    """How the campaign resolves; None if nobody has said it."""
    row = await session.get(DnsConfigRow, campaign_id)
    return None if row is None else await dns_config(session, campaign_id)


async def dns_config(session: Session, campaign_id: UUID) -> DnsConfig:
    """How the campaign resolves, as somebody has said."""
    row = await session.get_one(DnsConfigRow, campaign_id)
    return DnsConfig(
        persona_ids=await _persona_ids(session, campaign_id, PhaseKind.DNS_VALIDATION),
        batch_size=row.batch_size,
        retry_attempts=row.retry_attempts,
        rotation_interval_seconds=row.rotation_interval_seconds,
        speed_per_minute=row.speed_per_minute,
    )


async def http_config_if_any(session: Session, campaign_id: UUID) -> HttpConfig | None:
    """How the campaign fetches, and what it looks for; None if nobody has said it."""
    row = await session.get(HttpConfigRow, campaign_id)
    return None if row is None else await http_config(session, campaign_id)


async def http_config(session: Session, campaign_id: UUID) -> HttpConfig:
    """How the campaign fetches, and what it looks for, as somebody has said."""
    row = await session.get_one(HttpConfigRow, campaign_id)
    sets = (
        select(CampaignKeywordSetRow.keyword_set_id)
        .where(CampaignKeywordSetRow.campaign_id == campaign_id)
        .order_by(CampaignKeywordSetRow.ordinal)
    )
    proxies = (
        select(CampaignProxyRow.proxy_id)
        .where(CampaignProxyRow.campaign_id == campaign_id)
        .order_by(CampaignProxyRow.ordinal)
    )
    return HttpConfig(
        persona_ids=await _persona_ids(session, campaign_id, PhaseKind.HTTP_KEYWORD_VALIDATION),
        keyword_set_ids=tuple((await session.execute(sets)).scalars()),
        ad_hoc_keywords=row.ad_hoc_keywords,
        proxy_ids=tuple((await session.execute(proxies)).scalars()),
        pool_id=row.pool_id,
        strategy=row.strategy,
        batch_size=row.batch_size,
        retry_attempts=row.retry_attempts,
        rotation_interval_seconds=row.rotation_interval_seconds,
        speed_per_minute=row.speed_per_minute,
        http_port=row.http_port,
        https_port=row.https_port,
        micro_crawl=row.micro_crawl,
    )


async def configured(session: Session, campaign_id: UUID) -> Configured:
    """How many things the campaign was configured with, those that were deleted since included."""
    dns = await session.get(DnsConfigRow, campaign_id)
    http = await session.get(HttpConfigRow, campaign_id)
    found = Configured(dns_personas=0 if dns is None else dns.persona_count)
    if http is None:
        return found
    return found._replace(
        http_personas=http.persona_count,
        keyword_sets=http.keyword_set_count,
        proxies=http.proxy_count,
        pools=int(http.had_pool),
    )


async def _persona_ids(session: Session, campaign_id: UUID, kind: PhaseKind) -> tuple[UUID, ...]:
    wanted = (
        select(PhasePersonaRow.persona_id)
        .where(PhasePersonaRow.campaign_id == campaign_id, PhasePersonaRow.kind == kind)
        .order_by(PhasePersonaRow.ordinal)
    )
    return tuple((await session.execute(wanted)).scalars())
