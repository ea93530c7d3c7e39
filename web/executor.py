"""What answers requests, over HTTP in any of its ways: who is asking, and whether this may be done for them so."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec
from aiohttp import web

from auth.quotas import Quotas
from core.clock import Clock
from core.limits import STANDARD
from live.groups import Groups
from live.operations import Authenticate, OperationKind, Operations, Plan, Request, Unauthenticated
from live.reservations import Reservations
from live.stay import Stay, Stays
from vocabulary.operations import Throttled
from web.origins import FOREIGN, ITS_OWN, Origins
from web.peers import Peers
from web.refusals import Refusal, retry_after

T = TypeVar("T")

SAFE = frozenset({"GET", "HEAD"})


class Executor(msgspec.Struct, frozen=True):
    """What answers requests.

    Attributes:
        operations: the schema.
        authenticate: who is asking.
        recognise: the same for who only reads, which may be as it was a moment ago.
        stays: the same for who stays.
        groups: whom a subscription joins.
        clock: for the latency of deliveries.
        peers: who looks after those that follow something.
        reservations: the responses that several operations share.
        quotas: what one principal may take.
        body_bytes: how long a body may be.
        origins: whose pages may change something.
    """

    operations: Operations
    authenticate: Authenticate
    recognise: Authenticate
    stays: Stays
    groups: Groups
    clock: Clock
    peers: Peers
    reservations: Reservations
    quotas: Quotas = msgspec.field(default_factory=Quotas)
    body_bytes: int = STANDARD.body_bytes
    origins: Origins = ITS_OWN

    async def admit(self, request: web.Request, graphql: Request, caller: object) -> tuple[Plan, object]:
        """The plan of a request, and its caller as they are now if it changes something.

        Raises:
            Refusal: 401, 403 for a mutation of a page of another origin, 405 for one by GET, or 429.
            Rejected: the document is not one that can be carried out.
            Unavailable: the database does not answer.
        """
        await self._within(self.quotas.request(caller))
        if not self.operations.knows(graphql):
            await self._within(self.quotas.document(caller))
        plan = self.operations.prepare(graphql)
        if plan.kind is OperationKind.MUTATION:
            # What changes something shall not be done for somebody whose token has ended meanwhile; who stays is
            # looked up when the stay begins.
            caller = await identified(request, self.authenticate)
        if plan.kind is OperationKind.MUTATION and request.method in SAFE:
            message = f"Mutations are not allowed by {request.method}."
            raise Refusal(405, "METHOD_NOT_ALLOWED", message, {"Allow": "POST"})
        if plan.kind is OperationKind.MUTATION:
            if not self.origins.welcome(request):
                raise Refusal(403, "FORBIDDEN", FOREIGN)
            await self._within(self.quotas.mutations(caller, plan.changes))
        return plan, caller

    async def _within(self, counted: Awaitable[None]) -> None:
        try:
            await counted
        except Throttled as error:
            raise _too_many(error) from error


async def identified(request: web.Request, authenticate: Authenticate) -> object:
    """Who sent a request.

    Raises:
        Refusal: 401.
        Unavailable: the database does not answer.
    """
    return await known(request.headers.get("Authorization"), authenticate)


@asynccontextmanager
async def staying(authorization: str | None, stays: Stays) -> AsyncIterator[Stay]:
    """The stay of whoever is behind the value of an Authorization header; raises what `identified` raises."""
    stay = await known(authorization, stays.begin)
    try:
        yield stay
    finally:
        stay.end()


async def known(authorization: str | None, authenticate: Callable[[str | None], Awaitable[T]]) -> T:
    """What is said of the value of an Authorization header; raises what `identified` raises."""
    try:
        return await authenticate(authorization)
    except Unauthenticated as error:
        message = "Send a valid token: Authorization: Bearer TOKEN."
        raise Refusal(401, "UNAUTHENTICATED", message, {"WWW-Authenticate": "Bearer"}) from error
    except Throttled as error:
        raise _too_many(error) from error


def _too_many(error: Throttled) -> Refusal:
    (told,) = error.errors
    code, headers = told["extensions"]["code"], retry_after(error.retry_after_seconds)
    return Refusal(429, code, told["message"], headers, told["extensions"])
