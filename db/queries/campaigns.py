"""Campaigns for those who look at them: the list, and what belongs to many campaigns at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast
from uuid import UUID

import msgspec
from sqlalchemy import Table, and_, bindparam, select

from db.engine import Session
from db.models import (
    AnalysisConfigRow,
    CampaignKeywordSetRow,
    CampaignProxyRow,
    CampaignRow,
    DnsConfigRow,
    GenerationConfigRow,
    GenerationRangeRow,
    HttpConfigRow,
    KeywordSetRow,
    PersonaRow,
    PhasePersonaRow,
    PhaseRow,
    ProxyRow,
)
from db.prepared import Prepared
from db.queries.listing import Conditions, Listing, among, equals, holds
from db.scope import Scope
from db.snapshot import Snapshot
from vocabulary.campaigns import CampaignMode, CampaignStatus, GenerationConfig, PhaseKind

_table = cast("Table", CampaignRow.__table__)
# Asked by everybody who begins to follow one.
_OWNER = Prepared(select(_table.c.owner_id).where(_table.c.id == bindparam("ident")), "ident")


class CampaignOrderField(StrEnum):
    """What campaigns are ordered by."""

    CREATED_AT = "CREATED_AT"
    UPDATED_AT = "UPDATED_AT"
    NAME = "NAME"
    STATUS = "STATUS"
    PERCENT = "PERCENT"


class CampaignFilter(msgspec.Struct, frozen=True):
    """Which campaigns; what is None does not matter. The times are from (inclusive) and before (exclusive).

    `phase` is the one that pausing and resuming act on.
    """

    statuses: tuple[CampaignStatus, ...] | None = None
    phase: PhaseKind | None = None
    mode: CampaignMode | None = None
    search: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    owner_id: UUID | None = None


def _conditions(scope: Scope, wanted: CampaignFilter) -> Conditions:
    conditions = [
        scope.clause(CampaignRow.owner_id),
        *among(CampaignRow.status, wanted.statuses),
        *equals(CampaignRow.control_phase, wanted.phase),
        *equals(CampaignRow.mode, wanted.mode),
        *holds(CampaignRow.name, wanted.search),
        *equals(CampaignRow.owner_id, wanted.owner_id),
    ]
    if wanted.created_after is not None:
        conditions.append(CampaignRow.created_at >= wanted.created_after)
    if wanted.created_before is not None:
        conditions.append(CampaignRow.created_at < wanted.created_before)
    return conditions


CAMPAIGNS: Listing[CampaignRow, CampaignFilter] = Listing(
    model=CampaignRow,
    conditions=_conditions,
    keys={
        CampaignOrderField.CREATED_AT: (CampaignRow.created_at, CampaignRow.id),
        CampaignOrderField.UPDATED_AT: (CampaignRow.updated_at, CampaignRow.id),
        CampaignOrderField.NAME: (CampaignRow.name, CampaignRow.id),
        CampaignOrderField.STATUS: (CampaignRow.status, CampaignRow.id),
        CampaignOrderField.PERCENT: (CampaignRow.percent, CampaignRow.id),
    },
)


@dataclass(frozen=True)
class Generation:
    """What a campaign enumerates, and the offsets that it has reserved for each TLD, once it has started."""

    config: GenerationConfigRow
    ranges: tuple[GenerationRangeRow, ...]


async def by_ids(session: Session, scope: Scope, ids: Sequence[UUID]) -> Mapping[UUID, CampaignRow]:
    """The visible ones of these campaigns."""
    wanted = select(CampaignRow).where(CampaignRow.id.in_(ids), scope.clause(CampaignRow.owner_id))
    return {row.id: row for row in (await session.execute(wanted)).scalars()}


async def owner_of(snapshot: Snapshot, scope: Scope, ident: UUID) -> UUID | None:
    """Whose a campaign is; None if none with this id is visible."""
    found = await snapshot.rows(_OWNER, {"ident": ident})
    owner = msgspec.convert(found[0][0], UUID) if found else None
    return owner if owner is not None and scope.sees(owner) else None


async def owners(session: Session, scope: Scope, ids: Sequence[UUID]) -> Mapping[UUID, UUID]:
    """Whose the visible ones of these campaigns are."""
    wanted = select(CampaignRow.id, CampaignRow.owner_id)
    wanted = wanted.where(CampaignRow.id.in_(ids), scope.clause(CampaignRow.owner_id))
    found: Mapping[UUID, UUID] = dict((await session.execute(wanted)).tuples().all())
    return found


async def in_space(session: Session, scope: Scope, key: str, most: int) -> list[CampaignRow]:
    """The visible campaigns that have reserved offsets of a space, the last to do so first; at most `most`.

    A campaign for which nothing was left is not among them.
    """
    wanted = (
        select(CampaignRow)
        .join(GenerationRangeRow, GenerationRangeRow.campaign_id == CampaignRow.id)
        .where(GenerationRangeRow.space_key == key, GenerationRangeRow.upper > GenerationRangeRow.lower)
        .where(scope.clause(CampaignRow.owner_id))
        .order_by(GenerationRangeRow.lower.desc())
        .limit(most)
    )
    return [*(await session.execute(wanted)).scalars()]


async def phases(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, list[PhaseRow]]:
    """The phases of these campaigns, in the order in which they run."""
    wanted = select(PhaseRow).where(PhaseRow.campaign_id.in_(ids)).order_by(PhaseRow.ordinal)
    found: defaultdict[UUID, list[PhaseRow]] = defaultdict(list)
    for row in (await session.execute(wanted)).scalars():
        found[row.campaign_id].append(row)
    return found


async def generations(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, Generation]:
    """What these campaigns enumerate."""
    configs = select(GenerationConfigRow).where(GenerationConfigRow.campaign_id.in_(ids))
    reserved = select(GenerationRangeRow).where(GenerationRangeRow.campaign_id.in_(ids))
    ranges: defaultdict[UUID, list[GenerationRangeRow]] = defaultdict(list)
    for row in (await session.execute(reserved.order_by(GenerationRangeRow.ordinal))).scalars():
        ranges[row.campaign_id].append(row)
    return {
        config.campaign_id: Generation(config, tuple(ranges[config.campaign_id]))
        for config in (await session.execute(configs)).scalars()
    }


def generation_of(row: GenerationConfigRow) -> GenerationConfig:
    """The configuration in a row."""
    return GenerationConfig(
        pattern_type=row.pattern_type,
        character_set=row.character_set,
        constant=row.constant,
        tlds=row.tlds,
        prefix_length=row.prefix_length,
        suffix_length=row.suffix_length,
        count=row.count,
    )


async def one_of(
    session: Session, scope: Scope, ident: UUID, wanted: CampaignFilter
) -> tuple[CampaignRow | None, bool]:
    """A visible campaign, and whether a filter lets it through: the same conditions as the list's, on one row."""
    passes = and_(*_conditions(scope, wanted))
    found = await session.execute(
        select(CampaignRow, passes).where(CampaignRow.id == ident, scope.clause(CampaignRow.owner_id))
    )
    row = found.first()
    return (None, False) if row is None else (row[0], bool(row[1]))


async def dns_configs(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, DnsConfigRow]:
    """How these campaigns resolve."""
    wanted = select(DnsConfigRow).where(DnsConfigRow.campaign_id.in_(ids))
    return {row.campaign_id: row for row in (await session.execute(wanted)).scalars()}


async def http_configs(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, HttpConfigRow]:
    """How these campaigns fetch."""
    wanted = select(HttpConfigRow).where(HttpConfigRow.campaign_id.in_(ids))
    return {row.campaign_id: row for row in (await session.execute(wanted)).scalars()}


async def analysis_configs(session: Session, ids: Sequence[UUID]) -> Mapping[UUID, AnalysisConfigRow]:
    """How these campaigns score."""
    wanted = select(AnalysisConfigRow).where(AnalysisConfigRow.campaign_id.in_(ids))
    return {row.campaign_id: row for row in (await session.execute(wanted)).scalars()}


async def personas(
    session: Session, scope: Scope, ids: Sequence[UUID], most: int | None = None
) -> Mapping[UUID, dict[PhaseKind, list[PersonaRow]]]:
    """The visible personas of these campaigns' phases, in the order of trying; `most` of them all, if that is given."""
    wanted = (
        select(PhasePersonaRow.campaign_id, PhasePersonaRow.kind, PersonaRow)
        .join(PersonaRow, PersonaRow.id == PhasePersonaRow.persona_id)
        .where(PhasePersonaRow.campaign_id.in_(ids), scope.clause(PersonaRow.owner_id))
        .order_by(PhasePersonaRow.ordinal)
        .limit(most)
    )
    found: defaultdict[UUID, dict[PhaseKind, list[PersonaRow]]] = defaultdict(dict)
    for campaign_id, kind, persona in await session.execute(wanted):
        found[campaign_id].setdefault(kind, []).append(persona)
    return found


async def keyword_sets(
    session: Session, scope: Scope, ids: Sequence[UUID], most: int | None = None
) -> Mapping[UUID, list[KeywordSetRow]]:
    """The visible keyword sets that these campaigns look for; `most` of them all, if that is given."""
    wanted = (
        select(CampaignKeywordSetRow.campaign_id, KeywordSetRow)
        .join(KeywordSetRow, KeywordSetRow.id == CampaignKeywordSetRow.keyword_set_id)
        .where(CampaignKeywordSetRow.campaign_id.in_(ids), scope.clause(KeywordSetRow.owner_id))
        .order_by(CampaignKeywordSetRow.ordinal)
        .limit(most)
    )
    found: defaultdict[UUID, list[KeywordSetRow]] = defaultdict(list)
    for campaign_id, row in await session.execute(wanted):
        found[campaign_id].append(row)
    return found


async def proxies(
    session: Session, scope: Scope, ids: Sequence[UUID], most: int | None = None
) -> Mapping[UUID, list[ProxyRow]]:
    """The visible proxies that these campaigns fetch through; `most` of them all, if that is given."""
    wanted = (
        select(CampaignProxyRow.campaign_id, ProxyRow)
        .join(ProxyRow, ProxyRow.id == CampaignProxyRow.proxy_id)
        .where(CampaignProxyRow.campaign_id.in_(ids), scope.clause(ProxyRow.owner_id))
        .order_by(CampaignProxyRow.ordinal)
        .limit(most)
    )
    found: defaultdict[UUID, list[ProxyRow]] = defaultdict(list)
    for campaign_id, row in await session.execute(wanted):
        found[campaign_id].append(row)
    return found
