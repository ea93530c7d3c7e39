"""Who is asking: from the value of an Authorization header to a principal.

A query is let pass on what was found out at most a second ago, for looking a token up is a transaction of its own and
costs more than many a query. What changes something, or stays, is looked up each time. Whatever this process changes
of principals and tokens ends all that is remembered before it is answered, so what is revoked here ends at once; what
another process revokes ends for queries within that second. Only tokens that are good are remembered, by their digest.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

import msgspec

from auth.principal import Principal
from auth.tokens import Unauthenticated, digest
from core.clock import Clock
from services.principals import Principals

SCHEME = "bearer"
REMEMBERED_SECONDS = 1.0
REMEMBERED_MOST = 10_000


class _Known(msgspec.Struct, frozen=True):
    """Whom a token was found to be of, and until when that holds, on the clock of the event loop."""

    principal: Principal
    until: float


class BearerTokens:
    """Implements `live.operations.Authenticate` with bearer tokens (RFC 6750, section 2.1).

    `on_use` hears of each use of a token that is good, by its id; it is called for every request.
    """

    def __init__(
        self, principals: Principals, clock: Clock, on_use: Callable[[UUID], None] = lambda _: None
    ) -> None:
        self._principals = principals
        self._clock = clock
        self._on_use = on_use
        self._known: dict[str, _Known] = {}
        self._changes = 0

    def __repr__(self) -> str:
        return f"<BearerTokens {len(self._known)} remembered>"

    async def __call__(self, authorization: str | None) -> Principal:
        """The principal behind the value of an Authorization header, as the database knows them now.

        Raises:
            Unauthenticated: nobody that is known.
            Unavailable: the database does not answer.
        """
        return (await self.look_up(authorization))[1]

    async def look_up(self, authorization: str | None) -> tuple[str, Principal]:
        """The same with the digest of the token; raises the same."""
        token = _token(authorization)
        return digest(token), await self._look_up(token)

    async def look_up_again(self, digests: Sequence[str]) -> Mapping[str, Principal]:
        """Of these tokens those that are good, with whoever they are of, as the database knows them now.

        Raises:
            Unavailable: the database does not answer.
        """
        return await self._principals.holders(digests)

    async def recognise(self, authorization: str | None) -> Principal:
        """The same as it was at most `REMEMBERED_SECONDS` ago, for who only reads; raises the same."""
        token = _token(authorization)
        known = self._known.get(digest(token))
        if known is not None and not self._is_over(known):
            self.used_by(known.principal)
            return known.principal
        return await self._look_up(token)

    def used_by(self, principal: Principal) -> None:
        """Tell of a use of the token that somebody was recognised by."""
        if principal.token_id is not None:
            self._on_use(principal.token_id)

    def forget(self) -> None:
        """Remember nobody, for somebody may be another one from now on, or nobody."""
        self._known.clear()
        self._changes += 1

    def _is_over(self, known: _Known) -> bool:
        expires = known.principal.expires_at
        if expires is not None and expires <= self._clock.now():
            return True
        return known.until <= asyncio.get_running_loop().time()

    async def _look_up(self, token: str) -> Principal:
        key, changes = digest(token), self._changes
        until = asyncio.get_running_loop().time() + REMEMBERED_SECONDS
        # One that is refused now, or cannot be told from others in an outage, shall not be let pass after that.
        self._known.pop(key, None)
        principal = await self._principals.authenticate(token)
        # What was read before a change may be what was changed.
        if changes == self._changes:
            if len(self._known) >= REMEMBERED_MOST:
                self._known.clear()
            self._known[key] = _Known(principal, until)
        self.used_by(principal)
        return principal


def _token(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme.lower() != SCHEME:
        raise Unauthenticated
    return token.strip()
