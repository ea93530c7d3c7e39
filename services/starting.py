"""Starting a phase because somebody asked for it: whether it is the next one, and has all that it needs."""

from services.configuring import check_ready
from services.course import OVER, Course
from services.handing_over import go_on, start
from services.refusals import invalid_transition, not_configured, refuse_any
from vocabulary.campaigns import CampaignMode, CampaignStatus, PhaseKind, PhaseStart, PhaseStatus

GENERATION = PhaseKind.DOMAIN_GENERATION
_STARTABLE = frozenset({CampaignStatus.DRAFT, CampaignStatus.WAITING})


async def start_phase(course: Course, kind: PhaseKind) -> None:
    """Start a phase of a draft, or of a campaign that waits.

    Raises:
        Conflict: the campaign is in no such state, the phase has begun already or is not the next one, or a
            configuration is lacking (INVALID_TRANSITION).
        ValidationFailed: something that it refers to is disabled or gone since it was configured, or is not
            visible to its owner and whoever asks.
    """
    campaign, phase = course.campaign, course.phases[kind]
    _expect_next(course, kind)
    if phase.status is PhaseStatus.NOT_STARTED:
        raise not_configured(kind, phase.status, "START")
    wanted = _wanted(course, kind)
    refuse_any(await check_ready(course, wanted))
    campaign.started_at = campaign.started_at or course.unit.now
    course.set_status(CampaignStatus.RUNNING)
    await start(course, phase, PhaseStart.FIRST)
    await go_on(course)


def _expect_next(course: Course, kind: PhaseKind) -> None:
    campaign, phase, following = course.campaign, course.phases[kind], course.next()
    if phase.status not in {PhaseStatus.NOT_STARTED, PhaseStatus.CONFIGURED}:
        raise invalid_transition(kind, phase.status, "START")
    if following is not None and following.kind is not kind:
        raise invalid_transition(kind, phase.status, "START", following.kind)
    if campaign.status not in _STARTABLE:
        raise invalid_transition("campaign", campaign.status, "START")


def _wanted(course: Course, kind: PhaseKind) -> list[PhaseKind]:
    """The phases that must be ready when this one starts: in a full sequence nobody is asked again.

    Raises:
        Conflict: one of them lacks its configuration (INVALID_TRANSITION).
    """
    if course.campaign.mode is not CampaignMode.FULL_SEQUENCE:
        return [kind]
    wanted = [phase for phase in course.behind(kind) if phase.status not in OVER]
    for phase in wanted:
        if kind is GENERATION and phase.status is PhaseStatus.NOT_STARTED:
            raise not_configured(phase.kind, course.phases[kind].status, "START")
    return [kind, *(phase.kind for phase in wanted if phase.status is PhaseStatus.CONFIGURED)]
