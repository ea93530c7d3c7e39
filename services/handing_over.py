"""How phases follow one another, and overlap.

Whenever a phase is done over some offsets, it hands them over in the same transaction: those of them that are due
in the next phase are cut into shards of it. So a worker that dies leaves nothing out and nothing twice. A next
phase that runs, is paused or has failed always gets them, for it may go on. One that has not begun is begun in a
full sequence, with all that was finished so far; else it gets all at once when somebody starts it. None begins by
itself with something that the campaign's owner may not see any more: then the campaign waits for somebody, who is
told what it is. Analysis is begun only when extraction is complete: how many pages of a campaign are equal is
evidence, and must not depend on who came first.

The total of a phase is what may still come of the one before it, along the chain: it only falls, and is exact in
the end. A phase that has enough to do holds the one before it back: no shard of that one is claimed until half of
the backlog is worked off.

Every function needs the locks of a `Course`.
"""

import itertools

from db.models import PhaseRow
from db.repositories import domains
from services import phases
from services.configuring import check_seen
from services.course import COUNTED, UNDER_WAY, Course
from services.cutting import EVERYWHERE, Cut, cut, cut_generation, finished_parts
from vocabulary.campaigns import CampaignMode, CampaignStatus, PhaseKind, PhaseStart, PhaseStatus

GENERATION = PhaseKind.DOMAIN_GENERATION
_OVERLAPPING = frozenset({GENERATION, PhaseKind.DNS_VALIDATION, PhaseKind.HTTP_KEYWORD_VALIDATION})


async def hand_over(course: Course, kind: PhaseKind, finished: range, backlog: int) -> None:
    """A phase is done over the offsets `finished`: give them to the next, and let the campaign go on.

    `backlog` says with how many open shards a phase holds the one before it back.
    """
    following = next(iter(course.behind(kind)), None)
    if following is not None and finished:
        if following.status in COUNTED:
            made = await cut(course.unit, course.campaign.id, following.kind, [finished])
            following.open_shards += made.shards
        elif kind in _OVERLAPPING and _begins_by_itself(course, following):
            await _begin_early(course, following, finished)
    await go_on(course)
    _hold_back(course, backlog)


async def start(course: Course, phase: PhaseRow, cause: PhaseStart | None) -> None:
    """Begin a phase of which every phase before is over; `cause` None says that it begins by itself."""
    unit, campaign_id = course.unit, course.campaign.id
    if phase.kind is GENERATION:
        made = await cut_generation(unit, campaign_id)
    else:
        made = await cut(unit, campaign_id, phase.kind, [EVERYWHERE])
    await phases.begin(course, phase, made, cause)


async def go_on(course: Course) -> None:
    """Bring every phase as far as it is by now, and then the campaign: complete, or waiting for somebody."""
    course.count_totals()
    for kind, phase in course.phases.items():
        is_due = kind is not GENERATION and course.is_reached(kind) and _begins_by_itself(course, phase)
        if is_due and not await check_seen(course, [kind]):
            await start(course, phase, None)
        if _is_complete(course, phase):
            phases.complete(course, phase)
    _settle_campaign(course)
    course.refresh()


def _begins_by_itself(course: Course, phase: PhaseRow) -> bool:
    campaign = course.campaign
    runs_through = campaign.mode is CampaignMode.FULL_SEQUENCE and campaign.status is CampaignStatus.RUNNING
    return runs_through and phase.status is PhaseStatus.CONFIGURED


async def _begin_early(course: Course, phase: PhaseRow, finished: range) -> None:
    """Begin a phase while the one before still runs, if that has found something for it."""
    unit, campaign_id = course.unit, course.campaign.id
    if not (await domains.tally(unit.session, phase.kind, campaign_id, finished)).due:
        return
    if await check_seen(course, [phase.kind]):
        return
    before = course.before(phase.kind)[-1]
    made = await cut(unit, campaign_id, phase.kind, await finished_parts(unit, campaign_id, before.kind))
    await phases.begin(course, phase, Cut(before.total - before.failed, made.shards), None)


def _is_complete(course: Course, phase: PhaseRow) -> bool:
    has_all = course.is_reached(phase.kind) and phase.open_shards == 0
    return phase.status is PhaseStatus.IN_PROGRESS and has_all and phase.processed == phase.total


def _settle_campaign(course: Course) -> None:
    campaign = course.campaign
    if campaign.status not in {CampaignStatus.RUNNING, CampaignStatus.WAITING}:
        return
    if course.next() is None:
        campaign.completed_at = course.unit.now
        course.set_status(CampaignStatus.COMPLETED)
    elif campaign.status is CampaignStatus.RUNNING and not course.under_way():
        course.set_status(CampaignStatus.WAITING)


def _hold_back(course: Course, backlog: int) -> None:
    for phase, following in itertools.pairwise(course.phases.values()):
        if phase.status not in UNDER_WAY or following.status not in UNDER_WAY:
            continue
        if following.open_shards >= backlog:
            phase.is_held_back = True
        elif phase.is_held_back and following.open_shards <= backlog // 2:
            phase.is_held_back = False
            course.unit.work = True
