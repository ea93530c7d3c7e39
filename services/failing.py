"""What becomes of a campaign when a phase of it cannot go on."""

from db.models import PhaseRow
from services import phases
from services.course import Course
from vocabulary.campaigns import CampaignStatus, PhaseStatus


def fail(course: Course, phase: PhaseRow, code: str, message: str) -> None:
    """End a phase that cannot go on; its campaign has failed, and the phases beside it are paused until a retry."""
    phases.fail(course, phase, code, message)
    for other in course.under_way():
        if other.status is PhaseStatus.IN_PROGRESS:
            phases.pause(course, other)
    course.campaign.completed_at = course.unit.now
    course.set_status(CampaignStatus.FAILED)
