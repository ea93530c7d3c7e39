"""Verbs on principals and tokens for those who ask over the API; `services/principals.py` has the command line's.

Everybody may make and revoke tokens of their own; all else is for admins. Whoever has got hold of a token gets no more
out of it than it is: what it makes may do no more and, unless an admin asks, lasts no longer, and what may do more it
cannot end. The last admin can never be lost: nobody changes their own role or deactivates themselves, and each verb on
somebody else first locks the admins that there are and the caller must still be one of them, so that of two admins who
do it to each other at once only one succeeds.
"""

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from uuid import UUID

import msgspec

from auth.policy import require
from auth.principal import Principal
from auth.tokens import new_token
from core.errors import Conflict, ConflictDetail, Forbidden, HeliographError, Violation
from core.ids import new_id
from db.models import PrincipalRow, TokenRow
from db.repositories import principals
from db.unit_of_work import Database, UnitOfWork
from events.access_events import (
    PrincipalCreated,
    PrincipalDeactivated,
    PrincipalReactivated,
    PrincipalRoleChanged,
    TokenCreated,
    TokenRenewed,
    TokenRevoked,
)
from events.outbox import record
from services.once import Once, Request
from services.principals import MAX_LIFETIME, token_row
from services.refusals import already_exists, found_or_refuse, invalid_transition, refuse_any
from services.rules_text import check_name
from services.written import Written
from vocabulary.access import Role

DEACTIVATED = "DEACTIVATED"


class TokenDraft(msgspec.Struct, frozen=True):
    """A token to be made; `principal_id` None is the caller. Without `expires_at` it does not end."""

    name: str
    role: Role
    principal_id: UUID | None = None
    expires_at: datetime | None = None


class MadeToken(msgspec.Struct, frozen=True):
    """A token's id and the token itself, which is never told again. `repr` hides it."""

    id: UUID
    secret: str

    def __repr__(self) -> str:
        return f"<MadeToken {self.id}>"


class SecretShown(HeliographError):
    """A token was made when the same request was sent before; its secret went with that answer and is kept nowhere."""

    def __init__(self, token_id: UUID, position: int) -> None:
        self.token_id = token_id
        self.position = position
        super().__init__(
            "This token was made when the key was first sent, and its secret is shown once: whoever has not got it "
            "revokes the token and makes another one with another key."
        )


class Access:
    """Who may ask. Everything raises Unavailable if the database does not answer.

    `on_change` is called when somebody may have become another one, before whoever did it is answered.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._once = Once(database, UUID)
        self.on_change: Callable[[], None] = lambda: None

    @property
    def now(self) -> datetime:
        """The moment by which tokens are over."""
        return self._database.clock.now()

    async def create_principal(
        self, caller: Principal, name: str, role: Role, key: str | None = None
    ) -> Written[UUID]:
        """Make somebody who may ask, without a token yet.

        Raises:
            Forbidden: the caller is no admin.
            ValidationFailed: the name breaks a rule.
            Conflict: there is a principal with this name (ALREADY_EXISTS), or as `Once.run` says.
        """
        require(caller, Role.ADMIN)
        refuse_any(check_name(name))
        # Nobody becomes another one by it, so nobody has to be told.
        asked = Request("CREATE_PRINCIPAL", (name, role))
        return await self._once.run(caller, asked, key, lambda unit: _add(unit, caller, name, role))

    async def set_role(
        self, caller: Principal, principal_id: UUID, role: Role, key: str | None = None
    ) -> Written[UUID]:
        """Let somebody do more or less; their tokens never do more than they may. The same role changes nothing.

        Raises:
            Forbidden: the caller is no admin.
            NotFound: there is no such principal.
            Conflict: it is the caller (ONESELF), or as `Once.run` says.
        """
        require(caller, Role.ADMIN)
        asked = Request("SET_PRINCIPAL_ROLE", (principal_id, role))
        return await self._run(caller, asked, key, lambda unit: _set_role(unit, caller, principal_id, role))

    async def deactivate(
        self, caller: Principal, principal_id: UUID, key: str | None = None
    ) -> Written[UUID]:
        """Let somebody ask no more, and end what they are connected with. Whoever is deactivated already stays so.

        Their bulk operations end with the next look at who asked for them; their campaigns go on.

        Raises:
            Forbidden: the caller is no admin.
            NotFound: there is no such principal.
            Conflict: it is the caller (ONESELF), or as `Once.run` says.
        """
        require(caller, Role.ADMIN)
        asked = Request("DEACTIVATE_PRINCIPAL", principal_id)
        return await self._run(caller, asked, key, lambda unit: _deactivate(unit, caller, principal_id))

    async def reactivate(
        self, caller: Principal, principal_id: UUID, key: str | None = None
    ) -> Written[UUID]:
        """Let somebody ask again, with the tokens that are still good. Whoever is active already stays so.

        Raises:
            Forbidden: the caller is no admin.
            NotFound: there is no such principal.
            Conflict: it is the caller (ONESELF), or as `Once.run` says.
        """
        require(caller, Role.ADMIN)
        asked = Request("REACTIVATE_PRINCIPAL", principal_id)
        return await self._run(caller, asked, key, lambda unit: _reactivate(unit, caller, principal_id))

    async def create_token(
        self, caller: Principal, draft: TokenDraft, key: str | None = None
    ) -> Written[MadeToken]:
        """Make a token of the caller's, or of anybody's if the caller is an admin.

        What is remembered under a key is which token was made, and not its secret.

        Raises:
            NotFound: there is no such principal, or it is somebody else and the caller is no admin.
            ValidationFailed: the name or the end breaks a rule, the role is more than the principal's or the caller's
                own, or it would outlast the token that asks, and the caller is no admin.
            Conflict: the principal is deactivated (INVALID_TRANSITION), or as `Once.run` says.
            SecretShown: it was made when this request was sent before.
        """
        made = MadeToken(new_id(), new_token())
        asked = Request("CREATE_TOKEN", draft)
        written = await self._run(caller, asked, key, lambda unit: _add_token(unit, caller, draft, made))
        if written.value != made.id:
            raise SecretShown(written.value, written.position)
        return Written(made, written.position)

    async def revoke_token(self, caller: Principal, token_id: UUID, key: str | None = None) -> Written[UUID]:
        """End a token, and whatever is connected with it. One that is revoked already stays so, unrecorded.

        Raises:
            NotFound: there is no such token, or it is somebody else's and the caller is no admin.
            Forbidden: the token may do more than the caller.
            Conflict: as `Once.run` says of keys.
        """
        asked = Request("REVOKE_TOKEN", token_id)
        return await self._run(caller, asked, key, lambda unit: _revoke(unit, caller, token_id))

    async def renew_token(
        self, caller: Principal, token_id: UUID | None, expires_at: datetime, key: str | None = None
    ) -> Written[UUID]:
        """Let a token, or the caller's own one, end at another moment; one that ends then already stays as it is.

        It is the same token afterwards, so what is connected with it goes on, and whoever could make one with this
        role may do it.

        Raises:
            NotFound: there is no such token, or it is somebody else's and the caller is no admin.
            Forbidden: the token may do more than the caller.
            ValidationFailed: the end breaks a rule.
            Conflict: the token was revoked, or is over (INVALID_TRANSITION), or as `Once.run` says.
        """
        ident = token_id or caller.token_id or caller.id
        asked = Request("RENEW_TOKEN", (ident, expires_at))
        return await self._run(caller, asked, key, lambda unit: _renew(unit, caller, ident, expires_at))

    async def _run(
        self,
        caller: Principal,
        asked: Request,
        key: str | None,
        verb: Callable[[UnitOfWork], Awaitable[UUID]],
    ) -> Written[UUID]:
        try:
            return await self._once.run(caller, asked, key, verb)
        finally:
            # A commit that was cut short may have happened all the same.
            self.on_change()


async def _add(unit: UnitOfWork, caller: Principal, name: str, role: Role) -> UUID:
    if await principals.find_by_name(unit.session, name.strip()) is not None:
        raise already_exists("A principal with this name", ("name",))
    row = PrincipalRow(id=new_id(), name=name.strip(), role=role, created_at=unit.now)
    await principals.add_principal(unit.session, row)
    event = PrincipalCreated(principal_id=row.id, name=row.name, role=role)
    record(unit, event, actor=caller.actor, owner_id=None)
    return row.id


async def _set_role(unit: UnitOfWork, caller: Principal, principal_id: UUID, role: Role) -> UUID:
    row = await _other(unit, caller, principal_id, "SET_ROLE")
    if row.role is not role:
        previous, row.role = row.role, role
        event = PrincipalRoleChanged(principal_id=row.id, name=row.name, role=role, previous=previous)
        record(unit, event, actor=caller.actor, owner_id=None)
    return principal_id


async def _deactivate(unit: UnitOfWork, caller: Principal, principal_id: UUID) -> UUID:
    row = await _other(unit, caller, principal_id, "DEACTIVATE")
    if row.deactivated_at is None:
        row.deactivated_at = unit.now
        event = PrincipalDeactivated(principal_id=row.id, name=row.name, role=row.role)
        record(unit, event, actor=caller.actor, owner_id=None)
    return principal_id


async def _reactivate(unit: UnitOfWork, caller: Principal, principal_id: UUID) -> UUID:
    row = await _other(unit, caller, principal_id, "REACTIVATE")
    if row.deactivated_at is not None:
        row.deactivated_at = None
        event = PrincipalReactivated(principal_id=row.id, name=row.name, role=row.role)
        record(unit, event, actor=caller.actor, owner_id=None)
    return principal_id


async def _add_token(unit: UnitOfWork, caller: Principal, draft: TokenDraft, made: MadeToken) -> UUID:
    owner = await _owner(unit, caller, draft.principal_id or caller.id)
    most = _lesser(owner.role, caller.role)
    refuse_any([*_check_token(draft, most, unit.now), *_check_stay(draft, caller)])
    row = token_row(unit, owner, draft.name.strip(), draft.role, made.secret)
    row.id, row.expires_at = made.id, draft.expires_at
    await principals.add_token(unit.session, row)
    event = TokenCreated(token_id=row.id, principal_name=owner.name, name=row.name, role=row.role)
    record(unit, event, actor=caller.actor, owner_id=None)
    return row.id


async def _revoke(unit: UnitOfWork, caller: Principal, token_id: UUID) -> UUID:
    row, owner = await _token(unit, caller, token_id)
    # What it may do now: whoever had a greater role once can still end what is left of it.
    require(caller, _lesser(row.role, owner.role))
    if await principals.revoke(unit.session, token_id, unit.now):
        event = TokenRevoked(token_id=row.id, principal_name=owner.name, name=row.name)
        record(unit, event, actor=caller.actor, owner_id=None)
    return token_id


async def _renew(unit: UnitOfWork, caller: Principal, token_id: UUID, expires_at: datetime) -> UUID:
    refuse_any(_check_end(expires_at, unit.now))
    row, owner = await _token(unit, caller, token_id)
    require(caller, row.role)
    before = row.expires_at
    if not await principals.renew(unit.session, row.id, expires_at, unit.now):
        raise invalid_transition("token", "REVOKED" if row.revoked_at else "EXPIRED", "RENEW_TOKEN")
    if before != expires_at:
        event = TokenRenewed(token_id=row.id, principal_name=owner.name, name=row.name, expires_at=expires_at)
        record(unit, event, actor=caller.actor, owner_id=None)
    return row.id


async def _other(unit: UnitOfWork, caller: Principal, principal_id: UUID, attempted: str) -> PrincipalRow:
    """Somebody else, locked after all who may administrate."""
    admins = await principals.lock_active_admins(unit.session)
    if caller.id not in {row.id for row in admins}:
        # Another admin was faster, between the request's recognition and this lock.
        raise Forbidden(Role.ADMIN.value)
    row = found_or_refuse(await principals.lock(unit.session, principal_id), "principal", principal_id)
    if row.id == caller.id:
        raise Conflict("Nobody may do this to themselves.", ConflictDetail("ONESELF", attempted=attempted))
    return row


async def _owner(unit: UnitOfWork, caller: Principal, principal_id: UUID) -> PrincipalRow:
    found = await principals.lock(unit.session, principal_id) if caller.scope.sees(principal_id) else None
    row = found_or_refuse(found, "principal", principal_id)
    if row.deactivated_at is not None:
        raise invalid_transition("principal", DEACTIVATED, "CREATE_TOKEN")
    return row


async def _token(unit: UnitOfWork, caller: Principal, token_id: UUID) -> tuple[TokenRow, PrincipalRow]:
    found = await principals.find_token(unit.session, token_id)
    if found is not None and not caller.scope.sees(found[1].id):
        found = None
    return found_or_refuse(found, "token", token_id)


def _check_token(draft: TokenDraft, most: Role, now: datetime) -> Iterator[Violation]:
    yield from check_name(draft.name)
    if draft.role.rank > most.rank:
        yield Violation(("role",), f"must not be more than {most}, the lesser of yours and theirs", most)
    if draft.expires_at is not None:
        yield from _check_end(draft.expires_at, now)


def _check_stay(draft: TokenDraft, caller: Principal) -> Iterator[Violation]:
    if caller.role is Role.ADMIN or caller.expires_at is None:
        return
    if draft.expires_at is None or draft.expires_at > caller.expires_at:
        end = caller.expires_at.isoformat()
        yield Violation(("expiresAt",), f"must not be later than the end of the token that asks, {end}", end)


def _lesser(one: Role, other: Role) -> Role:
    return min(one, other, key=lambda role: role.rank)


def _check_end(expires_at: datetime, now: datetime) -> Iterator[Violation]:
    if not now < expires_at <= now + MAX_LIFETIME:
        limit = f"now<..{MAX_LIFETIME.days} days"
        yield Violation(("expiresAt",), f"must lie ahead, by at most {MAX_LIFETIME.days} days", limit)
