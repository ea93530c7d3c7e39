"""What is known of a domain as a lead: what was read off its page, its score, and the verdict."""

from typing import Self

import strawberry

from db.models import DomainRow
from graph.scalars import BigInt
from vocabulary import leads as stored
from vocabulary.checks import CheckStatus, Zone
from vocabulary.leads import (
    Completeness,
    ComponentStatus,
    LeadStatus,
    PageWarning,
    ParkedSignal,
    Rejection,
    ScoreComponent,
)


@strawberry.type(description="One part of a score.")
class ComponentScore:
    """One part of a score."""

    component: ScoreComponent = strawberry.field(description="Which part.")
    status: ComponentStatus = strawberry.field(description="Whether it could be worked out.")
    value: float = strawberry.field(description="Its value, 0 to 1.")
    weight: float = strawberry.field(description="Its weight; all weights sum to 1.")
    contribution: float = strawberry.field(description="Its value times its weight.")
    reason: str = strawberry.field(description="Where the value is from, or why there is none.")

    @classmethod
    def from_component(cls, component: stored.ComponentScore) -> Self:
        """The part that is stored."""
        return cls(
            component=component.component,
            status=component.status,
            value=component.value,
            weight=component.weight,
            contribution=component.contribution,
            reason=component.reason,
        )


@strawberry.type(description="A score and how it came about: the sum of the contributions, times `factor`.")
class ScoreBreakdown:
    """A score and how it came about."""

    score: float = strawberry.field(description="The score, 0 to 1, with three digits.")
    completeness: Completeness = strawberry.field(description="Whether all parts could be worked out.")
    components: list[ComponentScore] = strawberry.field(description="The parts.")
    factor: float = strawberry.field(description="What the sum was multiplied by; 1 leaves it as it is.")
    factor_reason: str | None = strawberry.field(description="Why, if it is not 1.")

    @classmethod
    def from_row(cls, row: DomainRow) -> Self | None:
        """The score of a row; None before analysis has decided on it."""
        found = row.breakdown
        if found is None or row.analysis_status is not CheckStatus.OK:
            return None
        return cls(
            score=found.score,
            completeness=found.completeness,
            components=[ComponentScore.from_component(one) for one in found.components],
            factor=found.factor,
            factor_reason=found.factor_reason,
        )


@strawberry.type(description="One sign that a page is parked.")
class ParkedEvidence:
    """One sign that a page is parked."""

    signal: ParkedSignal = strawberry.field(description="What it is a sign of.")
    weight: float = strawberry.field(description="What it weighs, in log-odds.")
    detail: str = strawberry.field(description="What was seen.")


@strawberry.type(
    description="Whether a page is parked: nobody's own, held for sale or for its advertisements."
)
class ParkedVerdict:
    """Whether a page is parked."""

    is_parked: bool = strawberry.field(description="Whether it counts as parked.")
    confidence: float = strawberry.field(description="How surely it is, 0 to 1.")
    evidence: list[ParkedEvidence] = strawberry.field(description="What speaks for it.")

    @classmethod
    def from_row(cls, row: DomainRow) -> Self | None:
        """The verdict of a row; None before analysis has decided on it."""
        found = row.parked
        if found is None or row.analysis_status is not CheckStatus.OK:
            return None
        return cls(
            is_parked=found.is_parked,
            confidence=found.confidence,
            evidence=[
                ParkedEvidence(signal=one.signal, weight=one.weight, detail=one.detail)
                for one in found.evidence
            ],
        )


@strawberry.type(description="What became of a domain as a lead, and why.")
class LeadVerdict:
    """What became of a domain as a lead."""

    status: LeadStatus = strawberry.field(description="What became of it.")
    rejection: Rejection = strawberry.field(description="Why; each domain has exactly one.")
    reason: str | None = strawberry.field(
        description="The same in one sentence, if enrichment has decided on it."
    )

    @classmethod
    def from_row(cls, row: DomainRow) -> Self:
        """The verdict of a row."""
        return cls(status=row.lead_status, rejection=row.rejection, reason=row.lead_reason)


@strawberry.type(
    description="How rich a page is in keywords: each part is 0 to 1, and `score` is made of them."
)
class Richness:
    """How rich a page is in keywords."""

    score: float = strawberry.field(description="The richness, 0 to 1.")
    variety: float = strawberry.field(description="How many different keywords are well attested.")
    prominence: float = strawberry.field(description="How prominent the zones are that they stand in.")
    density: float = strawberry.field(description="How many hits there are per kilobyte.")
    spread: float = strawberry.field(description="How evenly they are spread over the zones.")
    length: float = strawberry.field(description="How long the page is.")
    gain: float = strawberry.field(description="What extra pages added.")
    penalty: float = strawberry.field(description="What unnatural keywords took away.")

    @classmethod
    def from_richness(cls, richness: stored.Richness) -> Self:
        """The richness that is stored."""
        return cls(
            score=richness.score,
            variety=richness.variety,
            prominence=richness.prominence,
            density=richness.density,
            spread=richness.spread,
            length=richness.length,
            gain=richness.gain,
            penalty=richness.penalty,
        )


@strawberry.type(description="Hits of all rules in one zone; of the body those outside headings and links.")
class ZoneHits:
    """Hits of all rules in one zone."""

    zone: Zone = strawberry.field(description="Which zone.")
    hits: int = strawberry.field(description="How many.")


@strawberry.type(description="What extraction has read off a page: enough to score it at any later time.")
class PageFeatures:
    """What extraction has read off a page."""

    bytes_read: BigInt = strawberry.field(
        description="Decompressed bytes of the page and the extra pages together."
    )
    text_length: int = strawberry.field(description="Characters of visible text that are kept.")
    unique_keywords: int = strawberry.field(description="How many different rules were found.")
    effective_unique_keywords: int = strawberry.field(
        description="How many of those have two hits, or hits in two zones."
    )
    hits: int = strawberry.field(description="How many hits there are in all.")
    hits_per_kilobyte: float = strawberry.field(description="The same per kilobyte.")
    max_share: float = strawberry.field(
        description="The share of the most frequent rule of all hits, 0 to 1."
    )
    anchor_share: float = strawberry.field(description="The share of hits that stand in links, 0 to 1.")
    gained_keywords: int = strawberry.field(description="How many rules were found only on extra pages.")
    zones: list[ZoneHits] = strawberry.field(description="The zones that have hits.")
    title_has_keyword: bool = strawberry.field(description="Whether a keyword stands in the title.")
    has_structure: bool = strawberry.field(
        description="Whether there is more than bare text: headings, links or a description."
    )
    internal_links: int = strawberry.field(description="How many links lead to the same host.")
    external_links: int = strawberry.field(description="How many links lead elsewhere.")

    @classmethod
    def from_features(cls, features: stored.PageFeatures) -> Self:
        """The features that are stored."""
        keywords = features.keywords
        return cls(
            bytes_read=BigInt(features.bytes_read),
            text_length=features.text_length,
            unique_keywords=keywords.unique,
            effective_unique_keywords=keywords.effective_unique,
            hits=keywords.hits,
            hits_per_kilobyte=keywords.hits_per_kilobyte,
            max_share=keywords.max_share,
            anchor_share=keywords.anchor_share,
            gained_keywords=keywords.gained,
            zones=[ZoneHits(zone=one.zone, hits=one.hits) for one in keywords.zones],
            title_has_keyword=features.title_has_keyword,
            has_structure=features.has_structure,
            internal_links=features.internal_links,
            external_links=features.external_links,
        )


def warnings_of(row: DomainRow) -> list[PageWarning]:
    """What makes the keywords of a row's page look unnatural."""
    return [] if row.features is None else [*row.features.warnings]
