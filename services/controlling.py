"""What every control verb has in common: who may, the state that the caller expects, and the key of the request.

The row of the key is the first lock (`services/once.py`), that of the campaign the second.
"""

import hashlib
from collections.abc import Awaitable, Callable
from types import NoneType
from uuid import UUID

import msgspec

from auth.policy import require
from auth.principal import Principal
from core.errors import Conflict, ConflictDetail
from db.unit_of_work import Database, UnitOfWork
from services.course import Course
from services.once import Once
from services.refusals import found_or_refuse
from services.written import Written
from vocabulary.access import Role
from vocabulary.campaigns import CampaignStatus


class Control(msgspec.Struct, frozen=True):
    """What a caller says beside the verb: in which state the campaign must be, and the key of this request."""

    expected_state: CampaignStatus | None = None
    idempotency_key: str | None = None


PLAIN = Control()


class Asked(msgspec.Struct, frozen=True):
    """A request: the verb, the campaign and what else it is about. Two that are equal are the same request."""

    verb: str
    campaign_id: UUID
    expected_state: CampaignStatus | None = None
    about: tuple[str | None, ...] = ()

    @property
    def fingerprint(self) -> str:
        """64 hex digits that tell it from any other request."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


Verb = Callable[[Course], Awaitable[None]]


class Controlling:
    """Runs control verbs."""

    def __init__(self, database: Database) -> None:
        self._once = Once(database, NoneType)

    async def run(
        self, caller: Principal, asked: Asked, key: str | None, verb: Verb, seconds: float | None = None
    ) -> Written[UUID]:
        """Do what is asked, or answer what was answered to the same request before.

        Raises:
            Forbidden: the caller is a viewer.
            Conflict: the campaign is not in the state that the caller expects (EXPECTED_STATE_MISMATCH).
            NotFound, Conflict, ValidationFailed: as the verb refuses, and as `Once.run` does.
        """
        require(caller, Role.OPERATOR)

        async def controlled(unit: UnitOfWork) -> None:
            course = await Course.take(unit, asked.campaign_id, caller.actor, caller.scope)
            course = found_or_refuse(course, "campaign", asked.campaign_id)
            _expect_state(course, asked.expected_state)
            await verb(course)
            course.refresh()

        written = await self._once.run(caller, asked, key, controlled, seconds)
        return Written(asked.campaign_id, written.position)


def _expect_state(course: Course, expected: CampaignStatus | None) -> None:
    status = course.campaign.status
    if expected is not None and status is not expected:
        raise Conflict(
            f"The campaign is {status}, not {expected}.",
            ConflictDetail("EXPECTED_STATE_MISMATCH", current_state=status, path=("expectedState",)),
        )
