"""What answers requests, over HTTP in any of its ways: who is asking, and whether this may be done for them so."""

import msgspec
from aiohttp import web

from core.clock import Clock
from live.groups import Groups
from live.operations import Authenticate, OperationKind, Operations, Plan, Request, Unauthenticated
from live.reservations import Reservations
from web.peers import Peers
from web.refusals import Refusal

SAFE = frozenset({"GET", "HEAD"})


class Executor(msgspec.Struct, frozen=True):
    """What answers requests.

    Attributes:
        operations: the schema.
        authenticate: who is asking.
        recognise: the same for who only reads, which may be as it was a moment ago.
        groups: whom a subscription joins.
        clock: for the latency of deliveries.
        peers: who looks after those that follow something.
        reservations: the responses that several operations share.
    """

    operations: Operations
    authenticate: Authenticate
    recognise: Authenticate
    groups: Groups
    clock: Clock
    peers: Peers
    reservations: Reservations

    async def admit(self, request: web.Request, graphql: Request, caller: object) -> tuple[Plan, object]:
        """The plan of a request, and its caller as they are now if it is for more than reading.

        Raises:
            Refusal: 401, or 405 for a mutation by GET.
            Rejected: the document is not one that can be carried out.
            Unavailable: the database does not answer.
        """
        plan = self.operations.prepare(graphql)
        if plan.kind is not OperationKind.QUERY:
            # What changes something or stays shall not begin with somebody whose token has ended meanwhile.
            caller = await identified(request, self.authenticate)
        if plan.kind is OperationKind.MUTATION and request.method in SAFE:
            message = f"Mutations are not allowed by {request.method}."
            raise Refusal(405, "METHOD_NOT_ALLOWED", message, {"Allow": "POST"})
        return plan, caller


async def identified(request: web.Request, authenticate: Authenticate) -> object:
    """Who sent a request.

    Raises:
        Refusal: 401.
        Unavailable: the database does not answer.
    """
    return await known(request.headers.get("Authorization"), authenticate)


async def known(authorization: str | None, authenticate: Authenticate) -> object:
    """Who is behind the value of an Authorization header; raises what `identified` raises."""
    try:
        return await authenticate(authorization)
    except Unauthenticated as error:
        message = "Send a valid token: Authorization: Bearer TOKEN."
        raise Refusal(401, "UNAUTHENTICATED", message, {"WWW-Authenticate": "Bearer"}) from error
