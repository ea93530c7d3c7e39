"""Verbs on principals and their tokens.

They are the command line's and the start's, which hold the database itself, so they ask for no caller; what
they do is recorded as done by the system, for admins to see. The API's are in `services/access.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from auth.principal import Principal
from auth.tokens import MAX_TOKEN, Unauthenticated, digest, is_sendable, new_token
from core.errors import Conflict, Misconfigured, NotFound, Violation
from core.ids import new_id
from core.together import Together
from db.models import PrincipalRow, TokenRow
from db.repositories import principals
from db.repositories.principals import Holder
from db.unit_of_work import Database, UnitOfWork
from events.access_events import PrincipalCreated, TokenCreated, TokenRevoked
from events.outbox import record
from services.refusals import already_exists, found_or_refuse, refuse_any
from services.rules_text import check_name
from services.written import Written, transaction
from vocabulary.access import SYSTEM, Role

FIRST_PRINCIPAL = "admin"
FIRST_TOKEN = "bootstrap"  # noqa: S105  Its name, not the token.
MAX_LIFETIME = timedelta(days=3650)


class TokenInfo(msgspec.Struct, frozen=True):
    """What may be told of a token: everything but the token."""

    id: UUID
    principal_name: str
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def _is_good(holder: Holder, now: datetime) -> bool:
    is_over = holder.expires_at is not None and holder.expires_at <= now
    return not is_over and holder.revoked_at is None and holder.deactivated_at is None


def _principal(holder: Holder) -> Principal:
    return Principal(
        id=holder.principal_id,
        name=holder.name,
        role=min(holder.role, holder.token_role, key=lambda role: role.rank),
        token_id=holder.token_id,
        expires_at=holder.expires_at,
    )


class Principals:
    """Making principals and tokens, and recognising those who ask.

    Everything raises Unavailable if the database does not answer.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recognised = Together(self._recognise)

    async def bootstrap(self, token: str | None) -> str | None:
        """On an empty database make the principal `admin` with a token: `token`, or a random one.

        Gives the random token, to be shown once. None if nothing was made, or `token` was, which is known.

        Raises:
            Misconfigured: no Authorization header can carry `token`.
        """
        if token is not None and not is_sendable(token):
            message = f"must be 1 to {MAX_TOKEN} letters, digits and -._~+/ (RFC 6750)"
            raise Misconfigured(f"HELIOGRAPH_BOOTSTRAP_TOKEN: {message}")
        value = token or new_token()
        try:
            made = await self._make_first(value)
        except Conflict:
            # Another process that started at the same time was the first.
            return None
        return value if made and token is None else None

    async def _make_first(self, token: str) -> bool:
        async with transaction(self._database) as unit:
            if await principals.any_exists(unit.session):
                return False
            owner = await _add_principal(unit, FIRST_PRINCIPAL, Role.ADMIN)
            await _add_token(unit, owner, token_row(unit, owner, FIRST_TOKEN, Role.ADMIN, token))
        return True

    async def authenticate(self, token: str) -> Principal:
        """Who has this token. Nothing is remembered between calls, so a revoked token ends at once.

        Raises:
            Unauthenticated: it is unknown, revoked or expired, or its principal is deactivated.
        """
        if not is_sendable(token):
            raise Unauthenticated
        # After a restart everybody comes at once: one look at the database tells who all of them are.
        return await self._recognised.of(digest(token))

    async def _recognise(self, digests: Sequence[str]) -> list[Principal | Exception]:
        known = await self.holders(digests)
        return [known.get(key) or Unauthenticated() for key in digests]

    async def holders(self, digests: Sequence[str]) -> Mapping[str, Principal]:
        """Who has the tokens with these digests, of those that are good; nothing is remembered, as above."""
        async with self._database.engines.reading() as session:
            found = await principals.find_by_digests(session, set(digests))
        now = self._database.clock.now()
        return {key: _principal(each) for key, each in found.items() if _is_good(each, now)}

    async def note_uses(self, uses: Mapping[UUID, datetime], seconds: float | None = None) -> None:
        """Keep when tokens were used at last. It is no event: nobody is woken by it, and no log grows.

        Args:
            uses: when each token was used; whatever is known of a later use stays.
            seconds: how long it may take, if less than what a transaction may take otherwise.
        """
        async with self._database.engines.writing(seconds) as session:
            await principals.note_uses(session, uses)

    async def create(self, name: str, role: Role) -> Written[UUID]:
        """Make a principal.

        Raises:
            ValidationFailed: the name breaks a rule.
            Conflict: there is a principal with this name (ALREADY_EXISTS).
        """
        refuse_any(check_name(name))
        async with transaction(self._database) as unit:
            if await principals.find_by_name(unit.session, name.strip()) is not None:
                raise already_exists("A principal with this name", ("name",))
            row = await _add_principal(unit, name.strip(), role)
        return Written(row.id, unit.position)

    async def create_token(
        self, principal_name: str, token_name: str, role: Role, expires_in: timedelta | None = None
    ) -> tuple[str, TokenInfo]:
        """Make a token: the token itself, which is never told again, and what may be told of it.

        Raises:
            NotFound: there is no principal with this name.
            ValidationFailed: the name or the lifetime breaks a rule, or the role is more than the principal's.
        """
        token = new_token()
        async with transaction(self._database) as unit:
            owner = await principals.find_by_name(unit.session, principal_name.strip())
            if owner is None:
                raise NotFound("principal", principal_name, ("principalName",))
            refuse_any(_check_token(owner, token_name, role, expires_in))
            row = token_row(unit, owner, token_name.strip(), role, token)
            row.expires_at = None if expires_in is None else unit.now + expires_in
            await _add_token(unit, owner, row)
        return token, _info(row, owner)

    async def list_tokens(self) -> Sequence[TokenInfo]:
        """All tokens, oldest first, those that are over included."""
        async with self._database.engines.reading() as session:
            rows = await principals.list_tokens(session)
        return [_info(row, owner) for row, owner in rows]

    async def revoke_token(self, token_id: UUID) -> Written[UUID]:
        """End a token, and whatever is connected with it. One that is revoked already stays so, unrecorded.

        Raises:
            NotFound: there is no token with this id.
        """
        async with transaction(self._database) as unit:
            found = await principals.find_token(unit.session, token_id)
            row, owner = found_or_refuse(found, "token", token_id)
            if await principals.revoke(unit.session, token_id, unit.now):
                event = TokenRevoked(token_id=row.id, principal_name=owner.name, name=row.name)
                record(unit, event, actor=SYSTEM, owner_id=None)
        return Written(token_id, unit.position)


def _check_token(
    owner: PrincipalRow, name: str, role: Role, expires_in: timedelta | None
) -> Iterator[Violation]:
    yield from check_name(name, ("name",))
    if role.rank > owner.role.rank:
        yield Violation(("role",), f"must not be more than {owner.role}, the principal's", owner.role)
    if expires_in is not None and not timedelta(0) < expires_in <= MAX_LIFETIME:
        limit = f"0<..{MAX_LIFETIME.days} days"
        yield Violation(("expiresIn",), f"must be more than 0 and at most {MAX_LIFETIME.days} days", limit)


async def _add_principal(unit: UnitOfWork, name: str, role: Role) -> PrincipalRow:
    row = PrincipalRow(id=new_id(), name=name, role=role, created_at=unit.now)
    await principals.add_principal(unit.session, row)
    event = PrincipalCreated(principal_id=row.id, name=name, role=role)
    record(unit, event, actor=SYSTEM, owner_id=None)
    return row


def token_row(unit: UnitOfWork, owner: PrincipalRow, name: str, role: Role, token: str) -> TokenRow:
    """The row of a token that is made now and does not end."""
    return TokenRow(
        id=new_id(),
        principal_id=owner.id,
        name=name,
        role=role,
        digest=digest(token),
        created_at=unit.now,
    )


async def _add_token(unit: UnitOfWork, owner: PrincipalRow, row: TokenRow) -> None:
    await principals.add_token(unit.session, row)
    event = TokenCreated(token_id=row.id, principal_name=owner.name, name=row.name, role=row.role)
    record(unit, event, actor=SYSTEM, owner_id=None)


def _info(row: TokenRow, owner: PrincipalRow) -> TokenInfo:
    return TokenInfo(
        id=row.id,
        principal_name=owner.name,
        name=row.name,
        role=row.role,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
