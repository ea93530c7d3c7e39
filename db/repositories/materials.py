"""What the phases behind the fetch work on: read of domains that wait for a phase, in a range of offsets.

What is made of it is decided elsewhere; who is due is said by `domains.left`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from db.engine import Session
from db.models import AnalysisConfigRow, DomainRow
from db.repositories import pages
from vocabulary.checks import CheckStatus, KeywordHit
from vocabulary.leads import PageFeatures, ParkedVerdict, ScoreBreakdown, ScoringConfig


@dataclass(frozen=True)
class Extractable:
    """A fetched page: packed, or None if it was fetched before pages were kept, and what the domain says of it."""

    offset: int
    content: bytes | None
    hits: tuple[KeywordHit, ...]
    bytes_read: int
    final_url: str | None
    title: str | None


@dataclass(frozen=True)
class Analysable:
    """The features of a page, when it was fetched, by which aliases, and how many other domains have the same one."""

    offset: int
    features: PageFeatures
    cnames: tuple[str, ...]
    shared_by: int
    fetched_at: datetime


@dataclass(frozen=True)
class Decidable:
    """All that is known of a domain when it is decided on."""

    offset: int
    dns: CheckStatus
    http: CheckStatus
    features: PageFeatures | None
    parked: ParkedVerdict | None
    breakdown: ScoreBreakdown | None


async def extractable(session: Session, campaign_id: UUID, within: range) -> dict[int, Extractable]:
    """The pages of a range that wait for extraction, by offset."""
    kept = await pages.within(session, campaign_id, within)
    wanted = select(
        DomainRow.offset,
        DomainRow.hits,
        DomainRow.http_bytes,
        DomainRow.http_final_url,
        DomainRow.http_title,
    ).where(
        *_in(campaign_id, within),
        DomainRow.http_status == CheckStatus.OK,
        DomainRow.extraction_status == CheckStatus.PENDING,
    )
    return {
        offset: Extractable(offset, kept.get(offset), hits, size or 0, url, title)
        for offset, hits, size, url, title in await session.execute(wanted)
    }


async def analysable(session: Session, campaign_id: UUID, within: range) -> dict[int, Analysable]:
    """The features of a range that wait for analysis, by offset."""
    shared = await _shared(session, campaign_id, within)
    wanted = select(
        DomainRow.offset,
        DomainRow.features,
        DomainRow.dns_cnames,
        DomainRow.http_content_hash,
        DomainRow.http_checked_at,
        DomainRow.checked_at,
    ).where(*_in(campaign_id, within), *_analysed_next())
    return {
        offset: Analysable(offset, features, cnames, shared.get(digest, 1) - 1, fetched_at or checked_at)
        for offset, features, cnames, digest, fetched_at, checked_at in await session.execute(wanted)
        if features is not None
    }


async def _shared(session: Session, campaign_id: UUID, within: range) -> dict[str | None, int]:
    """How many accepted pages of the whole campaign have each content that waits for analysis in a range."""
    waiting = select(DomainRow.http_content_hash).where(*_in(campaign_id, within), *_analysed_next())
    wanted = (
        select(DomainRow.http_content_hash, func.count())
        .where(
            DomainRow.campaign_id == campaign_id,
            DomainRow.http_status == CheckStatus.OK,
            DomainRow.http_content_hash.in_(waiting),
        )
        .group_by(DomainRow.http_content_hash)
    )
    return {row[0]: row[1] for row in await session.execute(wanted)}


async def decidable(session: Session, campaign_id: UUID, within: range) -> dict[int, Decidable]:
    """What is known of the domains of a range that wait to be decided on, by offset."""
    wanted = select(
        DomainRow.offset,
        DomainRow.dns_status,
        DomainRow.http_status,
        DomainRow.features,
        DomainRow.parked,
        DomainRow.breakdown,
    ).where(
        *_in(campaign_id, within),
        DomainRow.analysis_status == CheckStatus.OK,
        DomainRow.enrichment_status == CheckStatus.PENDING,
    )
    return {row[0]: Decidable(*row) for row in await session.execute(wanted)}


async def scoring(session: Session, campaign_id: UUID) -> ScoringConfig:
    """The scoring that the campaign's analysis was begun with."""
    wanted = select(AnalysisConfigRow.scoring).where(AnalysisConfigRow.campaign_id == campaign_id)
    return (await session.execute(wanted)).scalar_one_or_none() or ScoringConfig()


def _in(campaign_id: UUID, within: range) -> Sequence[ColumnElement[bool]]:
    return (
        DomainRow.campaign_id == campaign_id,
        DomainRow.offset >= within.start,
        DomainRow.offset < within.stop,
    )


def _analysed_next() -> Sequence[ColumnElement[bool]]:
    return (
        DomainRow.extraction_status == CheckStatus.OK,
        DomainRow.analysis_status == CheckStatus.PENDING,
    )
