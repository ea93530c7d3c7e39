"""Domains that went through all phases, put straight into the table, and what is read off them."""

from typing import Any
from uuid import UUID

from sqlalchemy import update

from db.models import DomainRow
from db.unit_of_work import Database
from vocabulary.checks import CheckStatus, Zone
from vocabulary.leads import (
    Bucket,
    Completeness,
    ComponentScore,
    ComponentStatus,
    KeywordMetrics,
    LeadStatus,
    PageFeatures,
    PageWarning,
    ParkedEvidence,
    ParkedSignal,
    ParkedVerdict,
    Rejection,
    Richness,
    ScoreBreakdown,
    ScoreComponent,
    ZoneHits,
)

PARKED = ParkedVerdict(
    is_parked=False, confidence=0.25, evidence=(ParkedEvidence(ParkedSignal.TINY_PAGE, 0.5, "12 characters"),)
)


def breakdown(score: float) -> ScoreBreakdown:
    """A score of one part."""
    part = ComponentScore(
        ScoreComponent.KEYWORD_DENSITY,
        ComponentStatus.OK,
        value=score,
        weight=1.0,
        contribution=score,
        reason="3 hits",
    )
    missing = ComponentScore(ScoreComponent.FRESHNESS, ComponentStatus.UNAVAILABLE, 0.0, 0.0, 0.0, "no date")
    return ScoreBreakdown(score, Completeness.PARTIAL, (part, missing), factor=0.9, factor_reason="in doubt")


def features(*warnings: PageWarning) -> PageFeatures:
    """The features of a page with three hits of two keywords, and of a title that names a warning."""
    metrics = KeywordMetrics(
        unique=2, hits=3, effective_unique=1, hits_per_kilobyte=1.5, max_share=0.66, anchor_share=0.33,
        zones=(ZoneHits(Zone.TITLE, 1), ZoneHits(Zone.BODY, 2)), gained=1,
    )  # fmt: skip
    return PageFeatures(
        bytes_read=2048,
        text_length=900,
        keywords=metrics,
        richness=Richness(
            score=0.5, variety=0.1, prominence=0.2, density=0.3, spread=0.4, length=0.6, gain=0.7
        ),
        title_has_keyword=True,
        title='"warnings":["ANCHORS"]',
        internal_links=4,
        external_links=5,
        has_structure=True,
        warnings=warnings,
    )


async def score(
    database: Database, campaign_id: UUID, offset: int, *warnings: PageWarning, **more: Any
) -> None:
    """Let a domain have gone through all phases; `more` are columns that differ."""
    values: dict[str, Any] = {
        "dns_status": CheckStatus.OK,
        "http_status": CheckStatus.OK,
        "matched": True,
        "keywords_unique": 2,
        "extraction_status": CheckStatus.OK,
        "features": features(*warnings),
        "richness": 0.5,
        "microcrawl_gain": 0.7,
        "has_warnings": bool(warnings),
        "analysis_status": CheckStatus.OK,
        "score": 0.5,
        "breakdown": breakdown(more.get("score", 0.5)),
        "parked": PARKED,
        "is_parked": False,
        "enrichment_status": CheckStatus.OK,
        "lead_status": LeadStatus.MATCH,
        "rejection": Rejection.QUALIFIED,
        "lead_reason": "It has all that it takes.",
        "bucket": Bucket.EMERGING,
    }
    async with database.engines.writing() as session:
        await session.execute(
            update(DomainRow)
            .where(DomainRow.campaign_id == campaign_id, DomainRow.offset == offset)
            .values(**(values | more))
        )
