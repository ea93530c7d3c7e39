"""Running a phase anew: what it and those behind it had found is taken back first.

Generation is never run anew, for no name is ever enumerated twice.
"""

from core.errors import Conflict, ConflictDetail
from db.repositories import pages, shards, tallies
from db.repositories.taking_back import take_back
from services import phases
from services.configuring import check_ready, check_seen, lacks
from services.course import OVER, Course
from services.handing_over import go_on, start
from services.refusals import invalid_transition, not_configured, refuse_any
from vocabulary.campaigns import CampaignStatus, PhaseKind, PhaseStart, PhaseStatus
from vocabulary.work import ShardKind

_FETCHES = frozenset({PhaseKind.DNS_VALIDATION, PhaseKind.HTTP_KEYWORD_VALIDATION})
_HAD_RUN = frozenset({PhaseStatus.COMPLETED, PhaseStatus.FAILED})


async def rerun(course: Course, kind: PhaseKind) -> None:
    """Take back the results of a phase and of all behind it, and start it.

    Raises:
        Conflict: it cannot run anew now (RERUN_PRECONDITION_FAILED), or the campaign is cancelled or archived
            (INVALID_TRANSITION).
        ValidationFailed: something that it refers to is disabled or gone since it was configured, or is not
            visible to its owner and whoever asks; in a full sequence of those behind it, too.
    """
    campaign, phase = course.campaign, course.phases[kind]
    _expect_over(course, kind)
    if await lacks(course.unit.session, campaign.id, kind):
        raise not_configured(kind, phase.status, "RERUN")
    ready, seen = await check_ready(course, [kind]), await check_seen(course, course.ahead(kind)[1:])
    refuse_any([*ready, *seen])
    campaign.completed_at = None
    if campaign.status is not CampaignStatus.RUNNING:
        course.set_status(CampaignStatus.RUNNING)
    await _take_back(course, kind)
    await start(course, phase, PhaseStart.RERUN)
    await go_on(course)


def _expect_over(course: Course, kind: PhaseKind) -> None:
    campaign, phase = course.campaign, course.phases[kind]
    if campaign.status in {CampaignStatus.CANCELLED, CampaignStatus.ARCHIVED}:
        raise invalid_transition("campaign", campaign.status, "RERUN")
    if kind is PhaseKind.DOMAIN_GENERATION:
        raise _refused(kind, phase.status, kind, "no name is generated twice: duplicate the campaign instead")
    for other in course.under_way():
        raise _refused(kind, phase.status, other.kind, f"{other.kind} is {other.status}")
    for other in [*course.before(kind), phase]:
        if other.status not in OVER:
            raise _refused(kind, phase.status, other.kind, f"{other.kind} is {other.status}")


def _refused(kind: PhaseKind, status: PhaseStatus, blocking: PhaseKind, reason: str) -> Conflict:
    return Conflict(
        f"{kind} cannot run anew: {reason}.",
        ConflictDetail(
            "RERUN_PRECONDITION_FAILED", current_state=status, attempted="RERUN", blocking_phase=blocking
        ),
    )


async def _take_back(course: Course, kind: PhaseKind) -> None:
    session, campaign_id = course.unit.session, course.campaign.id
    behind = course.behind(kind)
    kinds = [kind, *(phase.kind for phase in behind)]
    await session.flush()
    await shards.remove(session, campaign_id, [ShardKind(each.value) for each in kinds])
    await take_back(session, campaign_id, kinds)
    if kind in _FETCHES:
        await pages.remove(session, campaign_id)
    for each in kinds:
        tallies.take_back(course.tallies, each)
    # All that follows from the phases must be right when the first event tells of them.
    had_run = [phase for phase in behind if phase.status in _HAD_RUN]
    for phase in [course.phases[kind], *had_run]:
        phases.clear(phase)
    for phase in had_run:
        phases.tell_reset(course, phase)
    course.tell_progress(course.phases[kind])
