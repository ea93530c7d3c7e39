"""Scoring profiles and what they say at each version."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from core.errors import NotFound
from db.models import ScoringProfileRow, ScoringVersionRow
from graph import node_ids
from graph.context import Info
from graph.fields import resolved
from graph.long_lists import each
from graph.types.node import Node
from graph.types.principal import Principal, owner_of
from vocabulary import leads as stored


@strawberry.type(
    description="What each part of a score weighs; they are brought to a sum of 1 where they are used."
)
class ScoringWeights:
    """What each part of a score weighs."""

    keyword_density: float = strawberry.field(description="Hits per kilobyte.")
    keyword_coverage: float = strawberry.field(description="Different keywords.")
    not_parked: float = strawberry.field(description="That the page is not parked.")
    content_length: float = strawberry.field(description="The length of the page.")
    title_keyword: float = strawberry.field(description="A keyword in the title.")
    freshness: float = strawberry.field(description="How new the page says that it is.")
    term_frequency: float = strawberry.field(description="Hits, damped by how many keywords they are of.")

    @classmethod
    def from_weights(cls, weights: stored.Weights) -> Self:
        """The weights that are stored."""
        return cls(
            keyword_density=weights.keyword_density,
            keyword_coverage=weights.keyword_coverage,
            not_parked=weights.not_parked,
            content_length=weights.content_length,
            title_keyword=weights.title_keyword,
            freshness=weights.freshness,
            term_frequency=weights.term_frequency,
        )


@strawberry.type(description="How pages are scored, and what is asked of a lead.")
class ScoringConfig:
    """How pages are scored, and what is asked of a lead."""

    weights: ScoringWeights = strawberry.field(description="What each part of a score weighs.")
    parked_factor: float = strawberry.field(
        description="What the score of a surely parked page is multiplied by; the less sure, the less it takes away."
    )
    match_score: float = strawberry.field(description="From which score on a page is a lead.")
    grace_score: float = strawberry.field(
        description="From which score on it still is one, if it has at least `graceMinBytes`."
    )
    grace_min_bytes: int = strawberry.field(description="How many bytes a page needs for that.")
    parked_confidence: float = strawberry.field(
        description="From which confidence on a page counts as parked."
    )
    requires_structure: bool = strawberry.field(description="Whether a lead needs more than bare text.")

    @classmethod
    def from_config(cls, config: stored.ScoringConfig) -> Self:
        """The configuration that is stored."""
        return cls(
            weights=ScoringWeights.from_weights(config.weights),
            parked_factor=config.parked_factor,
            match_score=config.match_score,
            grace_score=config.grace_score,
            grace_min_bytes=config.grace_min_bytes,
            parked_confidence=config.parked_confidence,
            requires_structure=config.requires_structure,
        )


@strawberry.type(description="What a scoring profile said at one version; that never changes.")
class ScoringVersion:
    """What a scoring profile said at one version."""

    version: int = strawberry.field(description="Counted from 1.")
    config: ScoringConfig = strawberry.field(description="What it said.")
    created_at: datetime = strawberry.field(description="From when on.")

    @classmethod
    def from_row(cls, row: ScoringVersionRow) -> Self:
        """The version of a row."""
        return cls(
            version=row.version, config=ScoringConfig.from_config(row.config), created_at=row.created_at
        )


@strawberry.type(description="A named way to score pages and to choose leads.")
class ScoringProfile(Node):
    """A named way to score pages and to choose leads."""

    key: strawberry.Private[UUID]
    owner_key: strawberry.Private[UUID]
    name: str = strawberry.field(description="Unique among those of its owner.")
    description: str | None = strawberry.field(description="A note.")
    version: int = strawberry.field(description="Its newest version.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    @resolved("Whose it is.")
    async def owner(self, info: Info) -> Principal:
        """Whose it is."""
        return await owner_of(info, self.owner_key)

    @resolved("What it says now.")
    async def config(self, info: Info) -> ScoringConfig:
        """What it says now."""
        row = await info.context.loaders.scoring_now.load(self.key)
        if row is None:
            raise NotFound("scoring profile", str(self.key))
        return ScoringConfig.from_config(row.config)

    @resolved("What it says and has said, the newest version first, at most 100 of them.")
    async def versions(self, info: Info) -> list[ScoringVersion]:
        """What it says and has said."""
        rows = await info.context.loaders.scoring_versions.load(self.key)
        return await each(info, rows, ScoringVersion.from_row)

    @classmethod
    def from_row(cls, row: ScoringProfileRow) -> Self:
        """The profile of a row."""
        return cls(
            id=node_ids.encode("ScoringProfile", row.id),
            key=row.id,
            owner_key=row.owner_id,
            name=row.name,
            description=row.description,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
