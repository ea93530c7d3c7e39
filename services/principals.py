"""Verbs on principals and their tokens; the command line's, so they ask for no caller."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from auth.principal import Principal
from db.unit_of_work import Database
from services.written import Written
from vocabulary.access import Role


class TokenInfo(msgspec.Struct, frozen=True):
    """What may be told of a token: everything but the token."""

    id: UUID
    principal_name: str
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class Principals:
    """Making principals and tokens, and recognising those who ask."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bootstrap(self, token: str | None) -> str | None:
        """On an empty database make the principal `admin`; gives the token if one was made at random."""
        raise NotImplementedError

    async def authenticate(self, token: str) -> Principal:
        """Who has this token."""
        raise NotImplementedError

    async def create(self, name: str, role: Role) -> Written[UUID]:
        """Make a principal."""
        raise NotImplementedError

    async def create_token(
        self, principal_name: str, token_name: str, role: Role, expires_in: timedelta | None = None
    ) -> tuple[str, TokenInfo]:
        """Make a token: the token itself, which is never told again, and what may be told of it."""
        raise NotImplementedError

    async def list_tokens(self) -> Sequence[TokenInfo]:
        """All tokens, oldest first."""
        raise NotImplementedError

    async def revoke_token(self, token_id: UUID) -> Written[UUID]:
        """End a token at once."""
        raise NotImplementedError
