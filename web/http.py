"""GraphQL over HTTP, edition of September 2026, and graphql-sse, on one URL.

The order is: method, media type of the answer, who is asking, the request, the operation. Nothing is executed
before all of them are in order. An operation whose result is the response is answered here, with JSON or, in
graphql-sse's distinct connections mode, with events; what is about a response that several operations share is answered
by `web/single_connection.py`. A subscription that cannot begin now, in an outage or because the process is to stop, is
an event stream that ends at once (`web/event_stream.py`).

A client that goes away cancels its operation: run the application with `handler_cancellation=True`.
"""

from collections.abc import Awaitable, Callable

import msgspec
import structlog
from aiohttp import web

from core.errors import Unavailable
from core.limits import Limit
from live import sse
from live.event_text import ALONE
from live.failures import explain
from live.operations import OperationKind, Plan, Rejected, Request
from web.event_stream import ask_to_come_back, of, send_delivery, send_events
from web.executor import SAFE, Executor, identified, staying
from web.graphql_request import names_document, read_graphql
from web.json_results import result_response
from web.negotiation import JSON_TYPES, SUPPORTED, Accept, MediaType
from web.refusals import Refusal, errors_response, retry_after
from web.request_body import BodyTooLarge
from web.request_ids import KEY
from web.single_connection import SingleConnections, stream_token

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")

Page = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger(__name__)


class GraphQLEndpoint:
    """Answers what comes to the URL of the schema; `page` is what a browser gets that sends no query."""

    def __init__(self, executor: Executor, page: Page) -> None:
        self._executor = executor
        self._page = page
        self._single = SingleConnections(executor)

    def close(self) -> None:
        """End what was reserved: nobody will come for it any more."""
        self._executor.reservations.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, whatever it is."""
        # Several lines of one field are one list (RFC 9110, section 5.3).
        accept = Accept.of(", ".join(request.headers.getall("Accept", ())) or None)
        media = accept.best(*JSON_TYPES) or MediaType.JSON
        try:
            return await self._answer(request, accept)
        except BodyTooLarge as refusal:
            self._executor.quotas.passed[Limit.BODY_BYTES] += 1
            return refusal.response(media)
        except Refusal as refusal:
            return refusal.response(media)
        except Unavailable as error:
            return errors_response(503, explain(error, "http"), media, retry_after(error.retry_after_seconds))
        except Exception:
            log.exception("request_failed")
            return _masked(request, media)

    async def _answer(self, request: web.Request, accept: Accept) -> web.StreamResponse:
        if request.method not in METHODS:
            message = f"{request.method} is not allowed here."
            raise Refusal(405, "METHOD_NOT_ALLOWED", message, {"Allow": ", ".join(METHODS)})
        if request.method == "PUT":
            return await self._single.reserve(request, accept)
        token = stream_token(request)
        if token is not None or request.method == "DELETE":
            return await self._single.answer(request, accept, token)
        best = accept.best(*SUPPORTED)
        if best is MediaType.HTML and request.method in SAFE and not names_document(request):
            return await self._page(request)
        return await self._answer_operation(request, accept)

    async def _answer_operation(self, request: web.Request, accept: Accept) -> web.StreamResponse:
        if accept.best(*JSON_TYPES, MediaType.EVENTS) is None:
            message = f"Accept must allow one of {', '.join((*JSON_TYPES, MediaType.EVENTS))}."
            raise Refusal(406, "NOT_ACCEPTABLE", message)
        graphql = None
        try:
            caller = await identified(request, self._executor.recognise)
            graphql = await read_graphql(request, self._executor.body_bytes)
            return await self._run(request, graphql, caller, accept)
        except Unavailable as error:
            if not accept.names(MediaType.EVENTS):
                raise
            if not self._follows(graphql or await read_graphql(request, self._executor.body_bytes)):
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
            plan, caller = await self._executor.admit(request, graphql, caller)
            if plan.kind is OperationKind.SUBSCRIPTION:
                return await self._subscribe(request, graphql, plan, accept)
            result = await self._executor.operations.execute(plan, graphql, caller)
        except Rejected as rejected:
            result = msgspec.json.encode({"errors": rejected.errors})
        if media is MediaType.EVENTS:
            return await send_events(request, of(ALONE.next(result) + ALONE.complete))
        return result_response(result, media)

    async def _subscribe(
        self, request: web.Request, graphql: Request, plan: Plan, accept: Accept
    ) -> web.StreamResponse:
        # Only an event stream can carry a subscription, so it is the best of what a client lists at all; a
        # mere */* is not taken for a wish to wait for ever.
        if not accept.names(MediaType.EVENTS):
            message = "Subscriptions need Accept: text/event-stream, or a WebSocket."
            raise Refusal(406, "NOT_ACCEPTABLE", message)
        executor = self._executor
        if executor.peers.draining or request.method == "HEAD":
            return await ask_to_come_back(request)
        async with staying(request.headers.get("Authorization"), executor.stays) as stay:
            stream = await executor.operations.subscribe(plan, graphql, stay.caller)
            ping_seconds = executor.peers.patience.ping_seconds
            delivery = sse.Delivery(executor.groups, stream, executor.clock, ping_seconds)
            return await send_delivery(request, delivery, executor.peers, stay)


def _masked(request: web.Request, media: MediaType) -> web.Response:
    extensions = {"code": "INTERNAL", "requestId": request.get(KEY)}
    return errors_response(500, [{"message": "Internal error.", "extensions": extensions}], media)
