"""Inputs of the verbs that control a campaign and its phases."""

from uuid import UUID

import msgspec
import strawberry

from graph.inputs.campaign import profile_key
from graph.inputs.keyed import KeyedInput
from services.campaigns import CampaignPatch
from services.controlling import Control
from vocabulary.campaigns import AnalysisConfig, CampaignMode, CampaignStatus, PhaseKind


@strawberry.input
class ControlInput(KeyedInput):
    """What every control verb takes beside the campaign."""

    expected_state: CampaignStatus | None = strawberry.field(
        default=None, description="The status that you believe it to be in; in another one nothing is done."
    )

    def control(self) -> Control:
        """The same for the services."""
        return Control(self.expected_state, self.idempotency_key)


@strawberry.input(description="Which campaign to copy, and what the copy is called.")
class DuplicateCampaignInput(KeyedInput):
    """Which campaign to copy, and what the copy is called."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")
    name: str | None = strawberry.field(
        default=None,
        description="What you call the copy, 1 to 255 characters; the campaign's name and “(copy)” unless told.",
    )


@strawberry.input(description="Which campaign to delete.")
class DeleteCampaignInput(KeyedInput):
    """Which campaign to delete."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")


@strawberry.input(description="Which campaign to archive.")
class ArchiveCampaignInput(ControlInput):
    """Which campaign to archive."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")


@strawberry.input(description="Which campaign to start.")
class StartCampaignInput(ControlInput):
    """Which campaign to start."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")


@strawberry.input(description="Which campaign to pause.")
class PauseCampaignInput(ControlInput):
    """Which campaign to pause."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")


@strawberry.input(description="Which campaign to resume.")
class ResumeCampaignInput(ControlInput):
    """Which campaign to resume."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")


@strawberry.input(description="Which campaign to cancel.")
class CancelCampaignInput(ControlInput):
    """Which campaign to cancel."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")


@strawberry.input(description="How the phases of a campaign shall follow one another.")
class SetCampaignModeInput(ControlInput):
    """How the phases of a campaign shall follow one another."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")
    mode: CampaignMode = strawberry.field(description="In which way.")


@strawberry.input(description="Which phase to start: the first that is neither completed nor skipped.")
class StartPhaseInput(ControlInput):
    """Which phase to start."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")
    phase: PhaseKind = strawberry.field(description="Which of its phases.")


@strawberry.input(description="Which failed phase to try again.")
class RetryPhaseInput(ControlInput):
    """Which failed phase to try again."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")
    phase: PhaseKind = strawberry.field(description="Which of its phases.")


@strawberry.input(
    description="Which phase to run anew; what it and those behind it have found is taken back."
)
class RerunPhaseInput(ControlInput):
    """Which phase to run anew."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")
    phase: PhaseKind = strawberry.field(description="Which of its phases.")


@strawberry.input(description="Which phase to leave out; never the generation.")
class SkipPhaseInput(ControlInput):
    """Which phase to leave out."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")
    phase: PhaseKind = strawberry.field(description="Which of its phases.")


@strawberry.input(description="Which campaign to score anew, and by what; no page is fetched again.")
class RescoreCampaignInput(ControlInput):
    """Which campaign to score anew, and by what."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")
    profile_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The scoring profile from now on; null is the built-in one, and left out it stays as it is.",
    )

    def profile(self) -> UUID | msgspec.UnsetType | None:
        """The key of the profile; UNSET leaves it as it is."""
        return msgspec.UNSET if self.profile_id is strawberry.UNSET else profile_key(self.profile_id)


@strawberry.input(description="By which scoring profile a campaign shall score, from its next analysis on.")
class AssignScoringProfileInput(KeyedInput):
    """By which scoring profile a campaign shall score."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")
    profile_id: strawberry.ID | None = strawberry.field(description="The profile; null is the built-in one.")
    expected_version: int | None = strawberry.field(
        default=None, description="The `version` that you have read; another one refuses the change."
    )

    def patch(self) -> CampaignPatch:
        """The patch."""
        return CampaignPatch(analysis=AnalysisConfig(profile_key(self.profile_id)))
