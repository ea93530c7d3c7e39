"""The life of a phase: it begins, is paused and resumed, ends in one of several ways, and may be taken back.

Invariants: callers hold the locks of a `Course`. Right before an event that ends, pauses or resets a phase comes a
CampaignProgress with the same counts, so whoever follows only progress has seen the last of it. Nothing here looks
at other phases: which may begin or is complete is said in `handing_over.py`, which verb allows what in
`campaign_control.py`.
"""

from db.models import PhaseRow
from db.repositories import analysis_configs, scoring_profiles, shards
from db.unit_of_work import UnitOfWork
from events.campaign_events import (
    PhaseAutoStarted,
    PhaseCancelled,
    PhaseCompleted,
    PhaseFailed,
    PhasePaused,
    PhaseReset,
    PhaseResumed,
    PhaseSkipped,
    PhaseStarted,
)
from services import progress
from services.course import Course
from services.cutting import Cut
from vocabulary.campaigns import PhaseKind, PhaseStart, PhaseStatus
from vocabulary.leads import ScoringConfig
from vocabulary.work import ShardKind


async def begin(course: Course, phase: PhaseRow, made: Cut, cause: PhaseStart | None) -> None:
    """Start a phase with the shards that were made for it; `cause` None says that it started by itself."""
    phase.started_at = course.unit.now
    phase.completed_at = None
    phase.ran_seconds = 0.0
    _run(course.unit, phase)
    phase.total = made.total
    phase.open_shards = made.shards
    if phase.kind is PhaseKind.ANALYSIS:
        await _pin_scoring(course)
    if cause is None:
        course.tell(phase, PhaseAutoStarted)
    else:
        course.tell(phase, PhaseStarted, cause=cause)
    course.unit.work = True


async def _pin_scoring(course: Course) -> None:
    """An analysis scores every page alike, whatever becomes of the profile meanwhile."""
    session, campaign_id = course.unit.session, course.campaign.id
    version, scoring = 0, ScoringConfig()
    profile_id = (await analysis_configs.get(session, campaign_id)).profile_id
    scope = (await course.sight()).scope
    newest = None if profile_id is None else await scoring_profiles.newest(session, profile_id, scope)
    if newest is not None:
        version, scoring = newest
    await analysis_configs.pin(session, campaign_id, version, scoring)


async def again(course: Course, phase: PhaseRow) -> None:
    """Let a phase that failed go on with the shards that it has, each as if it had never failed."""
    kind = ShardKind(phase.kind.value)
    await shards.give_fresh_attempts(course.unit.session, course.campaign.id, kind, course.unit.now)
    _run(course.unit, phase)
    phase.completed_at = phase.error_code = phase.error_message = None
    course.tell(phase, PhaseStarted, cause=PhaseStart.RETRY)
    course.unit.work = True


def pause(course: Course, phase: PhaseRow) -> None:
    """Workers see it at their next write, stop between domains and give their shards back.

    They do so too if the phase goes on by then; see `services.turns.Turn.standing`.
    """
    _stand(course.unit, phase, PhaseStatus.PAUSED)
    course.tell_progress(phase)
    course.tell(phase, PhasePaused)


def resume(course: Course, phase: PhaseRow) -> None:
    """Let a paused phase go on where it was."""
    _run(course.unit, phase)
    course.tell(phase, PhaseResumed)
    course.unit.work = True


def cancel(course: Course, phase: PhaseRow) -> None:
    """End a phase for good."""
    _end(course.unit, phase, PhaseStatus.CANCELLED)
    course.tell_progress(phase)
    course.tell(phase, PhaseCancelled)


def complete(course: Course, phase: PhaseRow) -> None:
    """End a phase whose work is all done."""
    _end(course.unit, phase, PhaseStatus.COMPLETED)
    course.tell_progress(phase)
    course.tell(phase, PhaseCompleted)


def fail(course: Course, phase: PhaseRow, code: str, message: str) -> None:
    """End a phase that cannot go on. `code` is for programs, `message` for people."""
    _end(course.unit, phase, PhaseStatus.FAILED)
    phase.error_code = code
    phase.error_message = message
    course.tell_progress(phase)
    course.tell(phase, PhaseFailed, code=code, message=message)


def skip(course: Course, phase: PhaseRow) -> None:
    """Leave out a phase that has not started."""
    _end(course.unit, phase, PhaseStatus.SKIPPED)
    course.tell_progress(phase)
    course.tell(phase, PhaseSkipped)


def clear(phase: PhaseRow) -> None:
    """Make a phase as if it had never run; its results and shards are taken back elsewhere."""
    phase.status = PhaseStatus.CONFIGURED
    phase.total = phase.processed = phase.succeeded = phase.failed = phase.open_shards = 0
    phase.is_held_back = False
    phase.ran_seconds = 0.0
    phase.running_since = None
    phase.started_at = phase.completed_at = phase.error_code = phase.error_message = None


def tell_reset(course: Course, phase: PhaseRow) -> None:
    """Tell that a phase was cleared."""
    course.tell_progress(phase)
    course.tell(phase, PhaseReset)


def _run(unit: UnitOfWork, phase: PhaseRow) -> None:
    phase.status = PhaseStatus.IN_PROGRESS
    phase.running_since = unit.now


def _stand(unit: UnitOfWork, phase: PhaseRow, status: PhaseStatus) -> None:
    phase.status = status
    phase.ran_seconds = progress.seconds_run(phase, unit.now)
    phase.running_since = None


def _end(unit: UnitOfWork, phase: PhaseRow, status: PhaseStatus) -> None:
    _stand(unit, phase, status)
    phase.completed_at = unit.now
    phase.is_held_back = False
