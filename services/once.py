"""Requests with a key are done once: what all verbs of the API have in common, for each takes an `idempotencyKey`.

The row of the key is the first lock. What was answered is written in the transaction of the change; a refusal in one of
its own, after that was rolled back, unless somebody else has been answered under the key meanwhile: then that is the
answer to both. The same request with the same key is answered so for a day, whatever happened since; another request
with it is refused. A process that dies has either done all of it, the answer included, or nothing. Who was forbidden
something is not held to that, for they may have been given the role since.

What was answered to an admin may name what others do not see, and the same principal may come again as less, with
another token or after losing the role. That it was done they are still told, for else they would do it again, unless
the value itself names things (`names_things`); how it was refused they are not. Then their key was used, which is true
and says nothing else, and nothing is lost: nothing was done, or it harms nobody to ask for it once more.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from types import UnionType
from typing import Generic, Protocol, TypeVar

import msgspec

from auth.principal import Principal
from core.errors import Conflict, ConflictDetail, NotFound, ValidationFailed, Violation
from db.models import IdempotencyRow
from db.repositories import event_log, idempotency
from db.scope import EVERYTHING
from db.unit_of_work import Database, UnitOfWork, append_events
from services.refusals import refuse_any
from services.rules_text import check_text
from services.written import Written, transaction

T = TypeVar("T")
W = TypeVar("W")

MAX_KEY = 64
KEPT = timedelta(hours=24)


class Asking(Protocol):
    """A request: what it is called, and 64 hex digits that tell it from any other."""

    @property
    def verb(self) -> str:
        """What shall be done, in the words of conflicts."""

    @property
    def fingerprint(self) -> str:
        """Equal for the same request."""


class Request(msgspec.Struct, frozen=True):
    """A request: the verb, and what it is about, without secrets. Two that are equal are the same request."""

    verb: str
    about: object = None

    @property
    def fingerprint(self) -> str:
        """64 hex digits that tell it from any other request, in any process."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What all answers have: whether it was given to somebody who sees everything."""

    saw_everything: bool = False


class Done(_Answer, frozen=True, tag=True):
    """It was done: the position of the change's last event, and what the verb gave back, as JSON."""

    position: int
    value: msgspec.Raw = msgspec.Raw(b"null")


class RefusedConflict(_Answer, frozen=True, tag=True):
    """A Conflict."""

    message: str
    detail: ConflictDetail


class RefusedInput(_Answer, frozen=True, tag=True):
    """ValidationFailed."""

    violations: tuple[Violation, ...]


class RefusedUnknown(_Answer, frozen=True, tag=True):
    """NotFound."""

    noun: str
    ident: str


Refused = RefusedConflict | RefusedInput | RefusedUnknown
Answer = Done | Refused
_read: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)


class Once(Generic[T]):
    """Runs verbs that give back a T, which must be something that JSON can hold.

    `names_things` says that a T may name what only an admin sees, so that it cannot be told to less than one. Of any
    other T nothing is told but what whoever asks sees.
    """

    def __init__(self, database: Database, kind: type[T] | UnionType, *, names_things: bool = False) -> None:
        self._database = database
        self._names_things = names_things
        self._value: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)

    async def run(
        self,
        caller: Principal,
        asked: Asking,
        key: str | None,
        verb: Callable[[UnitOfWork], Awaitable[T]],
        seconds: float | None = None,
    ) -> Written[T]:
        """Do what is asked, or answer what was answered to the same request before. Without a key, do it.

        Raises:
            ValidationFailed: the key is empty, too long, or no text that can be stored.
            Conflict: the key was used for another request, or by an admin whose answer the caller may not have
                (IDEMPOTENCY_KEY_REUSED).
            NotFound, Conflict, ValidationFailed: as the verb refuses, or refused.
        """
        if key is None:
            async with transaction(self._database, seconds) as unit:
                value = await verb(unit)
            return Written(value, unit.position)
        return await self._answered(caller, asked, key, lambda: self._do(caller, asked, key, verb, seconds))

    async def run_after(
        self,
        caller: Principal,
        asked: Asking,
        key: str | None,
        work: Callable[[], Awaitable[W]],
        verb: Callable[[UnitOfWork, W], Awaitable[T]],
    ) -> Written[T]:
        """The same of a verb that needs something that takes long to get, which `work` does with no transaction open.

        Under a key that was answered there is no more work. Of two who send the same at the same moment both may work,
        and what one of them has got is the answer to both.

        Raises:
            NotFound, Conflict, ValidationFailed: as `work` refuses, or refused, and as `run` says.
        """
        if key is None:
            made = await work()
            return await self.run(caller, asked, None, lambda unit: verb(unit, made))

        async def done() -> Answer:
            before = await self._look(caller, asked, key)
            if before is not None:
                return before
            made = await work()
            return await self._do(caller, asked, key, lambda unit: verb(unit, made), None)

        return await self._answered(caller, asked, key, done)

    async def _answered(
        self, caller: Principal, asked: Asking, key: str, done: Callable[[], Awaitable[Answer]]
    ) -> Written[T]:
        """The answer to a request with a key, also if it is a refusal."""
        refuse_any(check_text(key, ("idempotencyKey",), 1, MAX_KEY))
        try:
            answer = await done()
        except (Conflict, NotFound, ValidationFailed) as refusal:
            told = _told(refusal, saw_everything=_sees_everything(caller))
            answer = await self._keep(caller, asked, key, told)
            if answer is told:
                raise
        if not isinstance(answer, Done):
            raise _refusal(answer)
        return Written(self._value.decode(answer.value), answer.position)

    async def _look(self, caller: Principal, asked: Asking, key: str) -> Answer | None:
        """What was answered to this key, if anything was."""
        expired = _expired(self._database.clock.now())
        async with self._database.engines.reading() as session:
            found = await idempotency.find(session, caller.id, key, expired)
        return None if found is None else self._answer_of(found, caller, asked)

    async def _do(
        self,
        caller: Principal,
        asked: Asking,
        key: str,
        verb: Callable[[UnitOfWork], Awaitable[T]],
        seconds: float | None,
    ) -> Answer:
        async with transaction(self._database, seconds) as unit:
            before = await self._recall(unit, caller, asked, key)
            if before is not None:
                return before
            return await _remember(unit, caller, key, await verb(unit))

    async def _keep(self, caller: Principal, asked: Asking, key: str, refused: Refused) -> Answer:
        """Write a refusal down; gives it, or what was answered to this key meanwhile."""
        async with self._database.write() as unit:
            text = msgspec.json.encode(refused).decode()
            return await self._recall(unit, caller, asked, key, text) or refused

    async def _recall(
        self, unit: UnitOfWork, caller: Principal, asked: Asking, key: str, text: str = ""
    ) -> Answer | None:
        """What was answered to this key; None if it was free, and then `text` is."""
        row = IdempotencyRow(
            principal_id=caller.id, key=key, fingerprint=asked.fingerprint, answer=text, created_at=unit.now
        )
        found = await idempotency.take(unit.session, row, _expired(unit.now))
        return None if found is None else self._answer_of(found, caller, asked)

    def _answer_of(self, found: IdempotencyRow, caller: Principal, asked: Asking) -> Answer:
        """What was answered, if it was this that was asked for, and if the caller may be told."""
        if found.fingerprint != asked.fingerprint:
            return _reused(asked, "This key was used for another request; take a new one.")
        answer = _read.decode(found.answer)
        may_name = self._names_things or not isinstance(answer, Done)
        if may_name and answer.saw_everything and not _sees_everything(caller):
            return _reused(asked, "What this key was answered is for admins alone; take a new one.")
        return answer


def _expired(now: datetime) -> datetime:
    """What was answered then or before is no more."""
    return now - KEPT


def _sees_everything(caller: Principal) -> bool:
    return caller.scope == EVERYTHING


def _reused(asked: Asking, message: str) -> RefusedConflict:
    detail = ConflictDetail("IDEMPOTENCY_KEY_REUSED", attempted=asked.verb, path=("idempotencyKey",))
    return RefusedConflict(message, detail)


async def _remember(unit: UnitOfWork, caller: Principal, key: str, value: object) -> Done:
    # The position of the last event is a part of the answer, so the events take theirs now.
    unit.position = await append_events(unit) or (await event_log.head(unit.session)).position
    told = msgspec.Raw(msgspec.json.encode(value))
    done = Done(unit.position, told, saw_everything=_sees_everything(caller))
    await idempotency.answer(unit.session, caller.id, key, msgspec.json.encode(done).decode())
    return done


def _told(refusal: Conflict | NotFound | ValidationFailed, *, saw_everything: bool) -> Refused:
    match refusal:
        case Conflict():
            return RefusedConflict(str(refusal), refusal.detail, saw_everything=saw_everything)
        case NotFound():
            return RefusedUnknown(refusal.noun, refusal.ident, saw_everything=saw_everything)
        case ValidationFailed():
            return RefusedInput(refusal.violations, saw_everything=saw_everything)


def _refusal(answer: Refused) -> Exception:
    match answer:
        case RefusedConflict():
            return Conflict(answer.message, answer.detail)
        case RefusedUnknown():
            return NotFound(answer.noun, answer.ident)
        case RefusedInput():
            return ValidationFailed(answer.violations)
