"""Mutations that control a campaign and its phases."""

from typing import Annotated

import strawberry

from graph.context import Info
from graph.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    UnavailableError,
    ValidationError,
    about,
)
from graph.fields import verb
from graph.inputs import given
from graph.inputs.campaign_control import (
    CancelCampaignInput,
    PauseCampaignInput,
    RerunPhaseInput,
    RescoreCampaignInput,
    ResumeCampaignInput,
    RetryPhaseInput,
    SkipPhaseInput,
    StartCampaignInput,
    StartPhaseInput,
)
from graph.mutations.arguments import TAKEN
from graph.mutations.campaign_payloads import CampaignWritten, payload


@strawberry.type(description="The campaign that was started.")
class StartCampaignPayload(CampaignWritten):
    """The campaign that was started."""


@strawberry.type(description="The campaign that was paused.")
class PauseCampaignPayload(CampaignWritten):
    """The campaign that was paused."""


@strawberry.type(description="The campaign that was resumed.")
class ResumeCampaignPayload(CampaignWritten):
    """The campaign that was resumed."""


@strawberry.type(description="The campaign that was cancelled.")
class CancelCampaignPayload(CampaignWritten):
    """The campaign that was cancelled."""


@strawberry.type(description="The campaign whose phase was started.")
class StartPhasePayload(CampaignWritten):
    """The campaign whose phase was started."""


@strawberry.type(description="The campaign whose phase is tried again.")
class RetryPhasePayload(CampaignWritten):
    """The campaign whose phase is tried again."""


@strawberry.type(description="The campaign whose phase is run anew.")
class RerunPhasePayload(CampaignWritten):
    """The campaign whose phase is run anew."""


@strawberry.type(description="The campaign whose phase was left out.")
class SkipPhasePayload(CampaignWritten):
    """The campaign whose phase was left out."""


@strawberry.type(description="The campaign that is scored anew.")
class RescoreCampaignPayload(CampaignWritten):
    """The campaign that is scored anew."""


StartCampaignResult = Annotated[
    StartCampaignPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("StartCampaignResult", description="The campaign that was started, or why not."),
]
PauseCampaignResult = Annotated[
    PauseCampaignPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("PauseCampaignResult", description="The campaign that was paused, or why not."),
]
ResumeCampaignResult = Annotated[
    ResumeCampaignPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("ResumeCampaignResult", description="The campaign that was resumed, or why not."),
]
CancelCampaignResult = Annotated[
    CancelCampaignPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("CancelCampaignResult", description="The campaign that was cancelled, or why not."),
]
StartPhaseResult = Annotated[
    StartPhasePayload | ValidationError | NotFoundError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union("StartPhaseResult", description="The campaign whose phase was started, or why not."),
]
RetryPhaseResult = Annotated[
    RetryPhasePayload | ValidationError | NotFoundError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union("RetryPhaseResult", description="The campaign whose phase is tried again, or why not."),
]
RerunPhaseResult = Annotated[
    RerunPhasePayload | ValidationError | NotFoundError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union("RerunPhaseResult", description="The campaign whose phase is run anew, or why not."),
]
SkipPhaseResult = Annotated[
    SkipPhasePayload | ValidationError | NotFoundError | ConflictError | ForbiddenError | UnavailableError,
    strawberry.union("SkipPhaseResult", description="The campaign whose phase was left out, or why not."),
]
RescoreCampaignResult = Annotated[
    RescoreCampaignPayload
    | ValidationError
    | NotFoundError
    | ConflictError
    | ForbiddenError
    | UnavailableError,
    strawberry.union("RescoreCampaignResult", description="The campaign that is scored anew, or why not."),
]


@strawberry.type
class CampaignControlMutations:
    """Mutations that control a campaign and its phases."""

    @verb(
        "Start the next phase of a draft, or of a campaign that waits for it. Starting a running one changes nothing."
    )
    async def start_campaign(
        self, info: Info, what: Annotated[StartCampaignInput, TAKEN]
    ) -> StartCampaignResult:
        """Start the next phase of a draft, or of a campaign that waits between two."""
        context = info.context
        with about(what.id):
            written = await context.services.campaign_control.start(
                context.caller, given.key(what.id, "Campaign"), what.control()
            )
        return await payload(StartCampaignPayload, info, written)

    @verb("Pause all running phases of a campaign. Pausing a paused one changes nothing.")
    async def pause_campaign(
        self, info: Info, what: Annotated[PauseCampaignInput, TAKEN]
    ) -> PauseCampaignResult:
        """Pause all running phases of a campaign."""
        context = info.context
        with about(what.id):
            written = await context.services.campaign_control.pause(
                context.caller, given.key(what.id, "Campaign"), what.control()
            )
        return await payload(PauseCampaignPayload, info, written)

    @verb("Let all paused phases of a campaign go on. Resuming a running one changes nothing.")
    async def resume_campaign(
        self, info: Info, what: Annotated[ResumeCampaignInput, TAKEN]
    ) -> ResumeCampaignResult:
        """Let all paused phases of a campaign go on."""
        context = info.context
        with about(what.id):
            written = await context.services.campaign_control.resume(
                context.caller, given.key(what.id, "Campaign"), what.control()
            )
        return await payload(ResumeCampaignPayload, info, written)

    @verb("End a campaign for good; its results so far stay. Cancelling a cancelled one changes nothing.")
    async def cancel_campaign(
        self, info: Info, what: Annotated[CancelCampaignInput, TAKEN]
    ) -> CancelCampaignResult:
        """End a campaign for good; its results so far stay."""
        context = info.context
        with about(what.id):
            written = await context.services.campaign_control.cancel(
                context.caller, given.key(what.id, "Campaign"), what.control()
            )
        return await payload(CancelCampaignPayload, info, written)

    @verb("Start a phase, if it is the next one.")
    async def start_phase(self, info: Info, what: Annotated[StartPhaseInput, TAKEN]) -> StartPhaseResult:
        """Start a phase, if it is the next one."""
        context = info.context
        with about(what.id):
            written = await context.services.campaign_control.start_phase(
                context.caller, given.key(what.id, "Campaign"), what.phase, what.control()
            )
        return await payload(StartPhasePayload, info, written)

    @verb("Try a failed phase again, and let those go on that were paused for it.")
    async def retry_phase(self, info: Info, what: Annotated[RetryPhaseInput, TAKEN]) -> RetryPhaseResult:
        """Try a failed phase again, and let those go on that were paused for it."""
        context = info.context
        with about(what.id):
            written = await context.services.campaign_control.retry_phase(
                context.caller, given.key(what.id, "Campaign"), what.phase, what.control()
            )
        return await payload(RetryPhasePayload, info, written)

    @verb(
        "Run a phase anew: what it and the phases behind it have found is taken back. A generation is never run anew."
    )
    async def rerun_phase(self, info: Info, what: Annotated[RerunPhaseInput, TAKEN]) -> RerunPhaseResult:
        """Run a phase anew."""
        context = info.context
        with about(what.id):
            written = await context.services.campaign_control.rerun_phase(
                context.caller, given.key(what.id, "Campaign"), what.phase, what.control()
            )
        return await payload(RerunPhasePayload, info, written)

    @verb(
        "Leave a phase out that has not begun; its domains stay undecided. A generation cannot be left out."
    )
    async def skip_phase(self, info: Info, what: Annotated[SkipPhaseInput, TAKEN]) -> SkipPhaseResult:
        """Leave a phase out that has not begun; its domains stay undecided."""
        context = info.context
        with about(what.id):
            written = await context.services.campaign_control.skip_phase(
                context.caller, given.key(what.id, "Campaign"), what.phase, what.control()
            )
        return await payload(SkipPhasePayload, info, written)

    @verb("Score a campaign anew, by another profile or by a newer version; no page is fetched again.")
    async def rescore_campaign(
        self, info: Info, what: Annotated[RescoreCampaignInput, TAKEN]
    ) -> RescoreCampaignResult:
        """Score a campaign anew, by another profile or by a newer version; no page is fetched again."""
        context = info.context
        with about(what.id):
            written = await context.services.campaign_control.rescore(
                context.caller, given.key(what.id, "Campaign"), what.profile(), what.control()
            )
        return await payload(RescoreCampaignPayload, info, written)
