"""Inputs of the verbs on scoring profiles."""

import strawberry

from graph.inputs import given
from graph.inputs.keyed import KeyedInput
from services.scoring_profiles import ScoringProfileDraft, ScoringProfilePatch
from vocabulary import leads as stored

_DEFAULT = stored.ScoringConfig()


@strawberry.input(
    description="What each part of a score weighs, 0 to 1 each, not all of them 0; they are brought to a sum of 1."
)
class ScoringWeightsInput:
    """What each part of a score weighs."""

    keyword_density: float = strawberry.field(
        default=_DEFAULT.weights.keyword_density, description="Hits per kilobyte."
    )
    keyword_coverage: float = strawberry.field(
        default=_DEFAULT.weights.keyword_coverage, description="Different keywords."
    )
    not_parked: float = strawberry.field(
        default=_DEFAULT.weights.not_parked, description="That the page is not parked."
    )
    content_length: float = strawberry.field(
        default=_DEFAULT.weights.content_length, description="The length of the page."
    )
    title_keyword: float = strawberry.field(
        default=_DEFAULT.weights.title_keyword, description="A keyword in the title."
    )
    freshness: float = strawberry.field(
        default=_DEFAULT.weights.freshness, description="How new the page says that it is."
    )
    term_frequency: float = strawberry.field(
        default=_DEFAULT.weights.term_frequency, description="Hits, damped by how many keywords they are of."
    )

    def weights(self) -> stored.Weights:
        """The weights."""
        return stored.Weights(**{name: getattr(self, name) for name in stored.Weights.__struct_fields__})


@strawberry.input(description="How pages shall be scored, and what shall be asked of a lead.")
class ScoringConfigInput:
    """How pages shall be scored, and what shall be asked of a lead."""

    weights: ScoringWeightsInput = strawberry.field(
        default_factory=ScoringWeightsInput, description="What each part of a score weighs."
    )
    parked_factor: float = strawberry.field(
        default=_DEFAULT.parked_factor,
        description="What the score of a surely parked page is multiplied by, 0 to 1.",
    )
    match_score: float = strawberry.field(
        default=_DEFAULT.match_score, description="From which score on a page is a lead, 0.05 to 0.95."
    )
    grace_score: float = strawberry.field(
        default=_DEFAULT.grace_score,
        description="From which score on it still is one, if it is long enough: 0 to 0.6, and not above `matchScore`.",
    )
    grace_min_bytes: int = strawberry.field(
        default=_DEFAULT.grace_min_bytes, description="How long that is, in bytes: 256 to 2 MiB."
    )
    parked_confidence: float = strawberry.field(
        default=_DEFAULT.parked_confidence,
        description="From which confidence on a page counts as parked, 0 to 1.",
    )
    requires_structure: bool = strawberry.field(
        default=_DEFAULT.requires_structure, description="Whether a lead needs more than bare text."
    )

    def config(self) -> stored.ScoringConfig:
        """The configuration."""
        return stored.ScoringConfig(
            weights=self.weights.weights(),
            parked_factor=self.parked_factor,
            match_score=self.match_score,
            grace_score=self.grace_score,
            grace_min_bytes=self.grace_min_bytes,
            parked_confidence=self.parked_confidence,
            requires_structure=self.requires_structure,
        )


@strawberry.input(description="A scoring profile to be made.")
class CreateScoringProfileInput(KeyedInput):
    """A scoring profile to be made."""

    name: str = strawberry.field(description="What you call it, 1 to 255 characters; unique among yours.")
    description: str | None = strawberry.field(default=None, description="A note.")
    config: ScoringConfigInput = strawberry.field(
        default_factory=ScoringConfigInput, description="What it says; the built-in profile unless told."
    )

    def draft(self) -> ScoringProfileDraft:
        """The draft."""
        return ScoringProfileDraft(name=self.name, config=self.config.config(), description=self.description)


@strawberry.input(
    description="What shall be different about a scoring profile; what is left out stays. It gets a new version."
)
class UpdateScoringProfileInput(KeyedInput):
    """What shall be different about a scoring profile."""

    id: strawberry.ID = strawberry.field(description="Which profile.")
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="What you call it, 1 to 255 characters; unique among yours."
    )
    description: str | None = strawberry.field(
        default=strawberry.UNSET, description="A note; null removes it."
    )
    config: ScoringConfigInput | None = strawberry.field(
        default=strawberry.UNSET, description="What it says; replaces all of it."
    )
    expected_version: int | None = strawberry.field(
        default=None, description="The version that you have read; another one refuses the change."
    )

    def patch(self) -> ScoringProfilePatch:
        """The patch.

        Raises:
            ValidationFailed: null was given for something that must have a value.
        """
        parts = given.patch({"name": self.name, "config": self.config}, {"description": self.description})
        if "config" in parts:
            parts["config"] = parts["config"].config()
        return ScoringProfilePatch(**parts)


@strawberry.input(description="Which scoring profile to delete.")
class DeleteScoringProfileInput(KeyedInput):
    """Which scoring profile to delete."""

    id: strawberry.ID = strawberry.field(description="Which profile.")
