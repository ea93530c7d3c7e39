"""Who is asking: from the value of an Authorization header to a principal."""

from auth.principal import Principal
from auth.tokens import Unauthenticated
from services.principals import Principals

SCHEME = "bearer"


class BearerTokens:
    """Implements `live.operations.Authenticate` with bearer tokens (RFC 6750, section 2.1)."""

    def __init__(self, principals: Principals) -> None:
        self._principals = principals

    async def __call__(self, authorization: str | None) -> Principal:
        """The principal behind the value of an Authorization header.

        Raises:
            Unauthenticated: nobody that is known.
            Unavailable: the database does not answer.
        """
        scheme, _, token = (authorization or "").strip().partition(" ")
        if scheme.lower() != SCHEME:
            raise Unauthenticated
        return await self._principals.authenticate(token.strip())
