"""What every control verb has in common: who may, the state that the caller expects, and the key of the request.

A request with a key is done once. The row of the key is the first lock; what was answered is written in the
transaction of the change, a refusal in one of its own after that was rolled back. The same request with the same key
is answered so for a day, whatever happened since; another request with it is refused.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import msgspec

from auth.policy import require
from auth.principal import Principal
from core.errors import Conflict, ConflictDetail, NotFound, ValidationFailed, Violation
from db.models import IdempotencyRow
from db.repositories import event_log, idempotency
from db.unit_of_work import Database, UnitOfWork, append_events
from services.course import Course
from services.refusals import found_or_refuse, refuse_any
from services.rules_text import check_text
from services.written import Written, transaction
from vocabulary.access import Role
from vocabulary.campaigns import CampaignStatus

MAX_KEY = 64
KEPT = timedelta(hours=24)


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


class Done(msgspec.Struct, frozen=True, tag=True):
    """It was done, and the position of the change's last event."""

    position: int


class RefusedConflict(msgspec.Struct, frozen=True, tag=True):
    """A Conflict."""

    message: str
    detail: ConflictDetail


class RefusedInput(msgspec.Struct, frozen=True, tag=True):
    """ValidationFailed."""

    violations: tuple[Violation, ...]


class RefusedUnknown(msgspec.Struct, frozen=True, tag=True):
    """NotFound."""

    noun: str
    ident: str


Answer = Done | RefusedConflict | RefusedInput | RefusedUnknown
Verb = Callable[[Course], Awaitable[None]]
_read: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)


class Controlling:
    """Runs control verbs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(
        self, caller: Principal, asked: Asked, key: str | None, verb: Verb, seconds: float | None = None
    ) -> Written[UUID]:
        """Do what is asked, or answer what was answered to the same request before.

        Raises:
            Forbidden: the caller is a viewer.
            ValidationFailed: the key is empty, too long, or no text that can be stored.
            Conflict: the key was used for another request (IDEMPOTENCY_KEY_REUSED), or the campaign is not in the
                state that the caller expects (EXPECTED_STATE_MISMATCH).
            NotFound, Conflict, ValidationFailed: as the verb refuses, or refused.
        """
        require(caller, Role.OPERATOR)
        if key is not None:
            refuse_any(check_text(key, ("idempotencyKey",), 1, MAX_KEY))
        try:
            answer = await self._do(caller, asked, key, verb, seconds)
        except (Conflict, NotFound, ValidationFailed) as refusal:
            if key is not None:
                await self._keep(caller, asked, key, _told(refusal))
            raise
        if not isinstance(answer, Done):
            raise _refusal(answer)
        return Written(asked.campaign_id, answer.position)

    async def _do(
        self, caller: Principal, asked: Asked, key: str | None, verb: Verb, seconds: float | None
    ) -> Answer:
        async with transaction(self._database, seconds) as unit:
            if key is not None:
                before = await _recall(unit, caller, asked, key)
                if before is not None:
                    return before
            course = await Course.take(unit, asked.campaign_id, caller.actor, caller.scope)
            course = found_or_refuse(course, "campaign", asked.campaign_id)
            _expect_state(course, asked.expected_state)
            await verb(course)
            course.refresh()
            if key is not None:
                await _remember(unit, caller, key)
        return Done(unit.position)

    async def _keep(self, caller: Principal, asked: Asked, key: str, answer: Answer) -> None:
        """Write a refusal down, unless something was answered to this key meanwhile."""
        async with self._database.write() as unit:
            row = _row(unit, caller, asked, key, msgspec.json.encode(answer).decode())
            await idempotency.take(unit.session, row, unit.now - KEPT)


async def _recall(unit: UnitOfWork, caller: Principal, asked: Asked, key: str) -> Answer | None:
    found = await idempotency.take(unit.session, _row(unit, caller, asked, key, ""), unit.now - KEPT)
    if found is None:
        return None
    if found.fingerprint != asked.fingerprint:
        detail = ConflictDetail("IDEMPOTENCY_KEY_REUSED", attempted=asked.verb, path=("idempotencyKey",))
        return RefusedConflict("This key was used for another request; take a new one.", detail)
    return _read.decode(found.answer)


async def _remember(unit: UnitOfWork, caller: Principal, key: str) -> None:
    # The position of the last event is a part of the answer, so the events take theirs now.
    position = await append_events(unit) or (await event_log.head(unit.session)).position
    unit.position = position
    await idempotency.answer(unit.session, caller.id, key, msgspec.json.encode(Done(position)).decode())


def _row(unit: UnitOfWork, caller: Principal, asked: Asked, key: str, answer: str) -> IdempotencyRow:
    return IdempotencyRow(
        principal_id=caller.id,
        key=key,
        fingerprint=asked.fingerprint,
        answer=answer,
        created_at=unit.now,
    )


def _expect_state(course: Course, expected: CampaignStatus | None) -> None:
    status = course.campaign.status
    if expected is not None and status is not expected:
        raise Conflict(
            f"The campaign is {status}, not {expected}.",
            ConflictDetail("EXPECTED_STATE_MISMATCH", current_state=status, path=("expectedState",)),
        )


def _told(refusal: Conflict | NotFound | ValidationFailed) -> Answer:
    match refusal:
        case Conflict():
            return RefusedConflict(str(refusal), refusal.detail)
        case NotFound():
            return RefusedUnknown(refusal.noun, refusal.ident)
        case ValidationFailed():
            return RefusedInput(refusal.violations)


def _refusal(answer: RefusedConflict | RefusedInput | RefusedUnknown) -> Exception:
    match answer:
        case RefusedConflict():
            return Conflict(answer.message, answer.detail)
        case RefusedUnknown():
            return NotFound(answer.noun, answer.ident)
        case RefusedInput():
            return ValidationFailed(answer.violations)
