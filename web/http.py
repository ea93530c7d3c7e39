"""GraphQL over HTTP, edition of September 2026, and graphql-sse in distinct connections mode, on one URL.

The order is: method, media type of the answer, who is asking, the request, the operation. Nothing is executed
before all of them are in order. With `application/graphql-response+json` the status says how it went; with
`application/json` every well-formed request is answered with 200, as old clients expect. A subscription that cannot
begin now, in an outage or because the process is to stop, is an event stream that ends at once (`web/event_stream.py`).

A client that goes away cancels its operation: run the application with `handler_cancellation=True`.
"""

import math
from collections.abc import Awaitable, Callable

import msgspec
import structlog
from aiohttp import web

from core.clock import Clock
from core.errors import Unavailable
from live import sse
from live.event_text import ALONE
from live.failures import explain
from live.groups import Groups
from live.operations import (
    Authenticate,
    OperationKind,
    Operations,
    Plan,
    Rejected,
    Request,
    Unauthenticated,
)
from web.event_stream import ask_to_come_back, of, send_delivery, send_events
from web.graphql_request import read_graphql
from web.negotiation import JSON_TYPES, SUPPORTED, Accept, MediaType
from web.peers import Peers
from web.refusals import Refusal, errors_response, json_response
from web.request_ids import KEY

Page = Callable[[web.Request], Awaitable[web.StreamResponse]]
PARTIAL_SUCCESS = 294

log = structlog.get_logger(__name__)


class _Shape(msgspec.Struct):
    """The two members of a result that its status depends on, unparsed."""

    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    errors: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Executor(msgspec.Struct, frozen=True):
    """What answers requests.

    Attributes:
        operations: the schema.
        authenticate: who is asking.
        recognise: the same for who only reads, which may be as it was a moment ago.
        groups: whom a subscription joins.
        clock: for the latency of deliveries.
        peers: who looks after those that follow something.
    """

    operations: Operations
    authenticate: Authenticate
    recognise: Authenticate
    groups: Groups
    clock: Clock
    peers: Peers


class GraphQLEndpoint:
    """Handles GET and POST on the URL of the schema; `page` is what a browser gets that sends no query."""

    def __init__(self, executor: Executor, page: Page) -> None:
        self._executor = executor
        self._page = page

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, whatever it is."""
        # Several lines of one field are one list (RFC 9110, section 5.3).
        accept = Accept.of(", ".join(request.headers.getall("Accept", ())) or None)
        media = accept.best(*JSON_TYPES) or MediaType.JSON
        try:
            return await self._answer(request, accept)
        except Refusal as refusal:
            return refusal.response(media)
        except Unavailable as error:
            headers = {"Retry-After": str(math.ceil(error.retry_after_seconds))}
            return errors_response(503, explain(error, "http"), media, headers)
        except Exception:
            log.exception("request_failed")
            return _masked(request, media)

    async def _answer(self, request: web.Request, accept: Accept) -> web.StreamResponse:
        if request.method not in {"GET", "POST"}:
            message = f"{request.method} is not allowed here."
            raise Refusal(405, "METHOD_NOT_ALLOWED", message, {"Allow": "GET, POST"})
        best = accept.best(*SUPPORTED)
        if best is MediaType.HTML and request.method == "GET" and "query" not in request.query:
            return await self._page(request)
        if accept.best(*JSON_TYPES, MediaType.EVENTS) is None:
            message = f"Accept must allow one of {', '.join((*JSON_TYPES, MediaType.EVENTS))}."
            raise Refusal(406, "NOT_ACCEPTABLE", message)
        graphql = None
        try:
            caller = await _identified(request, self._executor.recognise)
            graphql = await read_graphql(request)
            return await self._run(request, graphql, caller, accept)
        except Unavailable as error:
            if not accept.names(MediaType.EVENTS):
                raise
            if not self._follows(graphql or await read_graphql(request)):
                raise
            log.warning("event_stream_put_off", reason=str(error))
            return await ask_to_come_back(request)

    def _follows(self, graphql: Request) -> bool:
        """Whether a request is for a subscription."""
        try:
            plan = self._executor.operations.prepare(graphql)
        except Rejected:
            return False
        return plan.kind is OperationKind.SUBSCRIPTION

    async def _run(
        self, request: web.Request, graphql: Request, caller: object, accept: Accept
    ) -> web.StreamResponse:
        media = accept.best(*JSON_TYPES, MediaType.EVENTS) or MediaType.JSON
        try:
            plan = self._executor.operations.prepare(graphql)
            if plan.kind is not OperationKind.QUERY:
                # What changes something or stays shall not begin with somebody whose token has ended meanwhile.
                caller = await _identified(request, self._executor.authenticate)
            if plan.kind is OperationKind.SUBSCRIPTION:
                return await self._subscribe(request, graphql, plan, caller, accept)
            if plan.kind is OperationKind.MUTATION and request.method == "GET":
                message = "Mutations are not allowed by GET."
                raise Refusal(405, "METHOD_NOT_ALLOWED", message, {"Allow": "POST"})
            result = await self._executor.operations.execute(plan, graphql, caller)
        except Rejected as rejected:
            result = msgspec.json.encode({"errors": rejected.errors})
        if media is MediaType.EVENTS:
            return await send_events(request, of(ALONE.next(result) + ALONE.complete))
        return json_response(status_of(result, media), result, media)

    async def _subscribe(
        self, request: web.Request, graphql: Request, plan: Plan, caller: object, accept: Accept
    ) -> web.StreamResponse:
        # Only an event stream can carry a subscription, so it is the best of what a client lists at all; a
        # mere */* is not taken for a wish to wait for ever.
        if not accept.names(MediaType.EVENTS):
            message = "Subscriptions need Accept: text/event-stream, or a WebSocket."
            raise Refusal(406, "NOT_ACCEPTABLE", message)
        executor = self._executor
        if executor.peers.draining:
            return await ask_to_come_back(request)
        stream = await executor.operations.subscribe(plan, graphql, caller)
        ping_seconds = executor.peers.patience.ping_seconds
        delivery = sse.Delivery(executor.groups, stream, executor.clock, ping_seconds)
        return await send_delivery(request, delivery, executor.peers)


async def _identified(request: web.Request, authenticate: Authenticate) -> object:
    try:
        return await authenticate(request.headers.get("Authorization"))
    except Unauthenticated as error:
        message = "Send a valid token: Authorization: Bearer TOKEN."
        raise Refusal(401, "UNAUTHENTICATED", message, {"WWW-Authenticate": "Bearer"}) from error


def status_of(result: bytes, media: MediaType) -> int:
    """The status for a result: GraphQL over HTTP, section "Status Codes"."""
    if media is MediaType.JSON:
        return 200
    shape = msgspec.json.decode(result, type=_Shape)
    if shape.data is msgspec.UNSET:
        return 400
    return 200 if shape.errors is msgspec.UNSET else PARTIAL_SUCCESS


def _masked(request: web.Request, media: MediaType) -> web.Response:
    extensions = {"code": "INTERNAL", "requestId": request.get(KEY)}
    return errors_response(500, [{"message": "Internal error.", "extensions": extensions}], media)
