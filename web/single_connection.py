"""graphql-sse, single connection mode, over HTTP: PROTOCOL.md of enisdenjo/graphql-sse, section by section.

PUT makes a reservation and gives its token; GET with the token and `Accept: text/event-stream` is the response that was
reserved; any other GET, and POST, with the token is an operation whose results go there; DELETE stops one. The token is
in the header `X-GraphQL-Event-Stream-Token`, or in the URL as `token` for an `EventSource`, which can send no header:
it is good for one response and for seconds, and no longer than the token of whoever reserved it.

Operations must come from whoever made the reservation: to anybody else it is one that does not exist.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from aiohttp import web

from core.limits import Limit, exceeded
from live.messages import MAX_ID_CHARACTERS
from live.operations import OperationKind, Rejected, Request
from live.reservation import IdInUse, Reservation, SharedOperation, TooManyOperations
from live.reservations import TooManyReservations
from web.event_stream import send_delivery
from web.executor import Executor, identified, known
from web.graphql_request import read_graphql
from web.json_results import result_response
from web.negotiation import JSON_TYPES, Accept, MediaType
from web.refusals import Refusal

TOKEN_HEADER = "X-GraphQL-Event-Stream-Token"  # noqa: S105  The name of a header.
TOKEN_PARAMETER = "token"  # noqa: S105  The name of a parameter.
OPERATION_PARAMETER = "operationId"


def stream_token(request: web.Request) -> str | None:
    """The token of a reservation that a request brings."""
    return request.headers.get(TOKEN_HEADER) or request.query.get(TOKEN_PARAMETER)


class SingleConnections:
    """Answers the requests that are about reservations."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    async def reserve(self, request: web.Request, accept: Accept) -> web.Response:
        """Make a reservation; the answer is its token.

        Raises:
            Refusal: 401, 406, 429 or 503.
        """
        if accept.best(MediaType.TEXT) is None:
            raise Refusal(406, "NOT_ACCEPTABLE", "Accept must allow text/plain.")
        executor = self._executor
        stay = await known(request.headers.get("Authorization"), executor.stays.begin)
        if executor.peers.draining:
            stay.end()
            raise Refusal(503, "UNAVAILABLE", "The process is about to stop.", {"Retry-After": "1"})
        try:
            token = executor.reservations.make(stay)
        except TooManyReservations as error:
            stay.end()
            message = f"At most {error} reservations of yours may wait for their event streams."
            told = exceeded(Limit.PRINCIPAL_RESERVATIONS, int(str(error)))
            raise Refusal(429, "LIMIT_EXCEEDED", message, {"Retry-After": "1"}, told) from error
        return web.Response(status=201, text=token)

    async def answer(self, request: web.Request, accept: Accept, token: str | None) -> web.StreamResponse:
        """Answer a request that names a reservation, or should.

        Raises:
            Refusal: 400, 401, 404, 405, 406, 409 or 429.
            Unavailable: the database does not answer.
        """
        reservation = None if token is None else self._executor.reservations.find(token)
        if request.method == "GET" and accept.best(*JSON_TYPES, MediaType.EVENTS) is MediaType.EVENTS:
            return await self._attend(request, reservation)
        if request.method == "DELETE":
            return await self._stop(request, reservation)
        return await self._operate(request, accept, reservation)

    async def _attend(self, request: web.Request, reservation: Reservation | None) -> web.StreamResponse:
        executor = self._executor
        if reservation is None:
            raise self._none_of(request)
        _require_unattended(reservation)
        if "Authorization" in request.headers:
            await self._require_owner(request, reservation)
            # Another may have come meanwhile.
            _require_unattended(reservation)
        executor.reservations.attend(reservation)
        try:
            return await send_delivery(request, reservation, executor.peers, reservation.stay)
        finally:
            reservation.end()

    async def _stop(self, request: web.Request, reservation: Reservation | None) -> web.Response:
        found = await self._owned(request, reservation)
        ident = request.query.get(OPERATION_PARAMETER)
        if not ident:
            raise Refusal(400, "BAD_REQUEST", f"'{OPERATION_PARAMETER}' must say which operation to stop.")
        found.stop(ident)
        return web.Response()

    async def _operate(
        self, request: web.Request, accept: Accept, reservation: Reservation | None
    ) -> web.StreamResponse:
        media = accept.best(*JSON_TYPES)
        if media is None:
            raise Refusal(406, "NOT_ACCEPTABLE", f"Accept must allow one of {', '.join(JSON_TYPES)}.")
        found = await self._owned(request, reservation)
        graphql = await read_graphql(request, self._executor.body_bytes)
        try:
            with self._operation(found, graphql) as operation:
                await self._carry_out(request, graphql, found, operation)
                return web.Response(status=204 if operation.stopped else 202)
        except Rejected as rejected:
            return result_response(msgspec.json.encode({"errors": rejected.errors}), media)

    @contextmanager
    def _operation(self, reservation: Reservation, graphql: Request) -> Iterator[SharedOperation]:
        """An operation of the reservation with the id of the request; given up if it cannot be carried out."""
        try:
            operation = reservation.take(_operation_id(graphql))
        except IdInUse as error:
            message = f"An operation with the id {error} runs already."
            raise Refusal(409, "OPERATION_EXISTS", message) from error
        except TooManyOperations as error:
            self._executor.quotas.passed[Limit.CONNECTION_OPERATIONS] += 1
            message = f"An event stream carries at most {error} operations at a time."
            told = exceeded(Limit.CONNECTION_OPERATIONS, int(str(error)))
            raise Refusal(429, "LIMIT_EXCEEDED", message, {"Retry-After": "1"}, told) from error
        try:
            yield operation
        except BaseException:
            # The client that asked may be gone, too.
            reservation.abandon(operation)
            raise

    async def _carry_out(
        self, request: web.Request, graphql: Request, reservation: Reservation, operation: SharedOperation
    ) -> None:
        executor = self._executor
        plan, caller = await executor.admit(request, graphql, reservation.stay.caller)
        async with reservation.turn():
            if operation.stopped:
                return
            if plan.kind is OperationKind.SUBSCRIPTION:
                reservation.follow(operation, await executor.operations.subscribe(plan, graphql, caller))
            else:
                reservation.reply(operation, await executor.operations.execute(plan, graphql, caller))

    async def _owned(self, request: web.Request, reservation: Reservation | None) -> Reservation:
        """The reservation of whoever asks; 401 and 404 say nothing about those of others."""
        await self._require_owner(request, reservation)
        if reservation is None:
            raise self._none_of(request)
        return reservation

    def _none_of(self, request: web.Request) -> Refusal:
        """What is said of a token that stands for nothing, or for nothing any more."""
        reservations, token = self._executor.reservations, stream_token(request)
        if token is None or not reservations.has_lapsed(token):
            return _unknown()
        seconds = reservations.limits.unattended_seconds
        message = f"The reservation was given up: its event stream has to come within {seconds:g} seconds."
        told = exceeded(Limit.RESERVATION_SECONDS, seconds)
        return Refusal(404, "LIMIT_EXCEEDED", message, extensions=told)

    async def _require_owner(self, request: web.Request, reservation: Reservation | None) -> None:
        caller = await identified(request, self._executor.recognise)
        if reservation is not None and not reservation.stay.is_of(caller):
            raise _unknown()


def _operation_id(graphql: Request) -> str:
    ident = graphql.extensions.get(OPERATION_PARAMETER)
    if isinstance(ident, str) and 0 < len(ident) <= MAX_ID_CHARACTERS:
        return ident
    message = f"'extensions.{OPERATION_PARAMETER}' must be a string of 1 to {MAX_ID_CHARACTERS} characters."
    raise Refusal(400, "BAD_REQUEST", message)


def _require_unattended(reservation: Reservation) -> None:
    if reservation.is_attended:
        raise Refusal(409, "STREAM_TAKEN", "The reservation has an event stream already.")


def _unknown() -> Refusal:
    return Refusal(404, "STREAM_NOT_FOUND", "The token is of no reservation.")
