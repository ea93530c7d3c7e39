"""The control verbs: on a campaign as a whole, and on one phase of it.

Every verb locks the campaign's row first (after the row of its key, see `controlling.py`). One whose target state is
there already succeeds and records nothing, so that repeating it is safe. What a phase hands to the next, and what
completes a campaign, is in `handing_over.py`.
"""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from auth.principal import Principal
from db.engine import LONG_TRANSACTION_SECONDS
from db.unit_of_work import Database
from services import configuring, phases
from services.controlling import PLAIN, Asked, Control, Controlling, Verb
from services.course import Course
from services.handing_over import go_on
from services.refusals import invalid_transition, refuse_any
from services.rerunning import rerun
from services.starting import start_phase
from services.written import Written
from vocabulary.campaigns import AnalysisConfig, CampaignStatus, PhaseKind, PhaseStatus

_ALIVE = frozenset({CampaignStatus.RUNNING, CampaignStatus.PAUSED, CampaignStatus.WAITING})
_MAY_SKIP = _ALIVE | {CampaignStatus.DRAFT, CampaignStatus.FAILED}
_NOT_BEGUN = frozenset({PhaseStatus.NOT_STARTED, PhaseStatus.CONFIGURED})


class CampaignControl:
    """Starting, pausing, ending and repeating campaigns and their phases.

    Every verb raises Forbidden for a viewer, NotFound for somebody else's campaign, Unavailable if the database does
    not answer, and what `Controlling.run` says of expected states and keys. A Conflict that is called
    INVALID_TRANSITION names the state that does not allow the verb, and the phase that stands in the way, if it is
    another one.
    """

    def __init__(self, database: Database) -> None:
        self._controlling = Controlling(database)

    async def start(self, caller: Principal, campaign_id: UUID, control: Control = PLAIN) -> Written[UUID]:
        """Start the next phase of a draft or of a campaign that waits; in a full sequence the others follow.

        Raises:
            Conflict: it is paused or has ended, or the next phase lacks its configuration; before a full sequence
                DNS and HTTP must have theirs (INVALID_TRANSITION).
            ValidationFailed: something that it refers to is disabled or gone since it was configured, or is not
                visible to its owner and the caller.
        """
        return await self._run(caller, campaign_id, "START", control, _start)

    async def pause(self, caller: Principal, campaign_id: UUID, control: Control = PLAIN) -> Written[UUID]:
        """Pause every running phase: workers stop between domains, and what they had finished still counts.

        Raises:
            Conflict: nothing of it runs (INVALID_TRANSITION).
        """
        return await self._run(caller, campaign_id, "PAUSE", control, _pause)

    async def resume(self, caller: Principal, campaign_id: UUID, control: Control = PLAIN) -> Written[UUID]:
        """Let every paused phase go on where it was.

        Raises:
            Conflict: it is no paused campaign (INVALID_TRANSITION).
            ValidationFailed: something that it refers to is not visible to its owner and the caller.
        """
        return await self._run(caller, campaign_id, "RESUME", control, _resume)

    async def cancel(self, caller: Principal, campaign_id: UUID, control: Control = PLAIN) -> Written[UUID]:
        """End a campaign for good; its results so far stay.

        Raises:
            Conflict: it has ended (INVALID_TRANSITION).
        """
        return await self._run(caller, campaign_id, "CANCEL", control, _cancel)

    async def start_phase(
        self, caller: Principal, campaign_id: UUID, kind: PhaseKind, control: Control = PLAIN
    ) -> Written[UUID]:
        """Start a phase, which must be the next one.

        Raises:
            Conflict: as `start`, or another phase is the next one (INVALID_TRANSITION).
            ValidationFailed: as `start`.
        """

        async def verb(course: Course) -> None:
            if course.phases[kind].status is not PhaseStatus.IN_PROGRESS:
                await start_phase(course, kind)

        return await self._run(caller, campaign_id, "START_PHASE", control, verb, kind)

    async def retry_phase(
        self, caller: Principal, campaign_id: UUID, kind: PhaseKind, control: Control = PLAIN
    ) -> Written[UUID]:
        """Let a phase that failed go on, with fresh attempts, and those that were paused for it.

        Raises:
            Conflict: it has not failed (INVALID_TRANSITION).
            ValidationFailed: as `resume`.
        """

        async def verb(course: Course) -> None:
            await _retry(course, kind)

        return await self._run(caller, campaign_id, "RETRY_PHASE", control, verb, kind)

    async def rerun_phase(
        self, caller: Principal, campaign_id: UUID, kind: PhaseKind, control: Control = PLAIN
    ) -> Written[UUID]:
        """Take back the results of a phase and of all behind it, and start it anew.

        Raises:
            Conflict: it is the generation, it or one before it is not over, or one is under way
                (RERUN_PRECONDITION_FAILED); the campaign is cancelled or archived (INVALID_TRANSITION).
            ValidationFailed: as `start`.
        """

        async def verb(course: Course) -> None:
            await rerun(course, kind)

        return await self._run(
            caller, campaign_id, "RERUN_PHASE", control, verb, kind, seconds=LONG_TRANSACTION_SECONDS
        )

    async def skip_phase(
        self, caller: Principal, campaign_id: UUID, kind: PhaseKind, control: Control = PLAIN
    ) -> Written[UUID]:
        """Leave out a phase that has not begun. It decides on no domain, so there is nothing for those behind it.

        Raises:
            Conflict: it is the generation or has begun, or the campaign has ended (INVALID_TRANSITION).
        """

        async def verb(course: Course) -> None:
            await _skip(course, kind)

        return await self._run(caller, campaign_id, "SKIP_PHASE", control, verb, kind)

    async def rescore(
        self,
        caller: Principal,
        campaign_id: UUID,
        profile_id: UUID | msgspec.UnsetType | None = msgspec.UNSET,
        control: Control = PLAIN,
    ) -> Written[UUID]:
        """Score all pages anew, without fetching any; by another profile if one is given (None is the built-in one).

        Raises:
            Conflict: as `rerun_phase` of the analysis.
            ValidationFailed: there is no such profile, or it is not visible to the campaign's owner and the caller.
        """

        async def verb(course: Course) -> None:
            if profile_id is not msgspec.UNSET:
                await configuring.assign_profile(course, AnalysisConfig(profile_id))
            await rerun(course, PhaseKind.ANALYSIS)

        about = "as it is" if profile_id is msgspec.UNSET else str(profile_id)
        return await self._run(
            caller, campaign_id, "RESCORE", control, verb, about, seconds=LONG_TRANSACTION_SECONDS
        )

    async def _run(
        self,
        caller: Principal,
        campaign_id: UUID,
        name: str,
        control: Control,
        verb: Verb,
        *about: str,
        seconds: float | None = None,
    ) -> Written[UUID]:
        asked = Asked(name, campaign_id, control.expected_state, about)
        return await self._controlling.run(caller, asked, control.idempotency_key, verb, seconds)


async def _start(course: Course) -> None:
    status, following = course.campaign.status, course.next()
    if status is CampaignStatus.RUNNING:
        return
    if following is None or status not in {CampaignStatus.DRAFT, CampaignStatus.WAITING}:
        raise invalid_transition("campaign", status, "START")
    await start_phase(course, following.kind)


async def _pause(course: Course) -> None:
    status = course.campaign.status
    if status is CampaignStatus.PAUSED:
        return
    if status is not CampaignStatus.RUNNING:
        raise invalid_transition("campaign", status, "PAUSE")
    for phase in course.under_way():
        phases.pause(course, phase)
    course.set_status(CampaignStatus.PAUSED)


async def _resume(course: Course) -> None:
    status = course.campaign.status
    if status is CampaignStatus.RUNNING:
        return
    if status is not CampaignStatus.PAUSED:
        raise invalid_transition("campaign", status, "RESUME")
    await _expect_seen(course, [phase.kind for phase in course.under_way()])
    course.set_status(CampaignStatus.RUNNING)
    _resume_all(course)
    await go_on(course)


async def _expect_seen(course: Course, kinds: Iterable[PhaseKind]) -> None:
    """Refuse to let phases go on, and those that follow by themselves, with what may not be seen any more."""
    refuse_any(await configuring.check_seen(course, {each for kind in kinds for each in course.ahead(kind)}))


def _resume_all(course: Course) -> None:
    for phase in course.under_way():
        if phase.status is PhaseStatus.PAUSED:
            phases.resume(course, phase)


async def _cancel(course: Course) -> None:
    campaign = course.campaign
    if campaign.status is CampaignStatus.CANCELLED:
        return
    if campaign.status not in _ALIVE | {CampaignStatus.DRAFT}:
        raise invalid_transition("campaign", campaign.status, "CANCEL")
    for phase in course.under_way():
        phases.cancel(course, phase)
    campaign.completed_at = course.unit.now
    course.set_status(CampaignStatus.CANCELLED)


async def _retry(course: Course, kind: PhaseKind) -> None:
    campaign, phase = course.campaign, course.phases[kind]
    if phase.status is not PhaseStatus.FAILED:
        raise invalid_transition(kind, phase.status, "RETRY")
    if campaign.status is not CampaignStatus.FAILED:
        raise invalid_transition("campaign", campaign.status, "RETRY")
    await _expect_seen(course, [kind, *(each.kind for each in course.under_way())])
    campaign.completed_at = None
    course.set_status(CampaignStatus.RUNNING)
    await phases.again(course, phase)
    _resume_all(course)
    await go_on(course)


async def _skip(course: Course, kind: PhaseKind) -> None:
    campaign, phase = course.campaign, course.phases[kind]
    if phase.status is PhaseStatus.SKIPPED:
        return
    if campaign.status not in _MAY_SKIP:
        raise invalid_transition("campaign", campaign.status, "SKIP")
    if phase.status not in _NOT_BEGUN or kind is PhaseKind.DOMAIN_GENERATION:
        raise invalid_transition(kind, phase.status, "SKIP")
    phases.skip(course, phase)
    await go_on(course)
