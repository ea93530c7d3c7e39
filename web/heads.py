"""Requests whose heads cannot be read: each is answered with the status that says why, as JSON.

aiohttp answers all of them with 400 and repeats a piece of what was sent, as plain text, and logs each with a traceback
as an error of ours. What a stranger sends is none: it is a line of the log.
"""

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from web.answer_headers import keep_nowhere, say_who
from web.negotiation import MediaType
from web.refusals import Refusal

URI_BYTES = 16 * 1024
FIELD_BYTES = 8 * 1024
"""The two differ, for it is by its limit that a line that is too long is known to be the first or another one."""
TOO_MANY = "Too many headers"
CONTINUE = "100-continue"

log = structlog.get_logger(__name__)


class HeadHandler(web.RequestHandler):
    """aiohttp's handler of a connection, which answers what it cannot read in our way."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to a request that is none, after which the connection is closed."""
        response = self._answer_to_error(request, status, exc, message)
        say_who(response)
        keep_nowhere(response)
        return response

    def _answer_to_error(
        self, request: web.BaseRequest, status: int, exc: BaseException | None, message: str | None
    ) -> web.StreamResponse:
        if isinstance(exc, ConnectionResetError) and _is_gone(request):
            return _unsaid()
        if isinstance(exc, HttpProcessingError):
            return _refused(refusal_of(exc), exc)
        if isinstance(exc, UnicodeError) and request.headers.get("Expect", "").lower() != CONTINUE:
            # aiohttp repeats what is expected of it, and cannot say everything that can be sent.
            return _refused(Refusal(417, "BAD_REQUEST", f"Expect must be {CONTINUE}."), exc)
        return super().handle_error(request, status, exc, message)


def _refused(refusal: Refusal, reason: Exception) -> web.StreamResponse:
    log.info("head_refused", status=refusal.status, reason=type(reason).__name__)
    response = refusal.response(MediaType.JSON)
    response.force_close()
    return response


def _is_gone(request: web.BaseRequest) -> bool:
    return request.transport is None or request.transport.is_closing()


def _unsaid() -> web.StreamResponse:
    """What nobody is there to be told, and no error of ours: a client left while it was answered."""
    response = web.Response()
    response.force_close()
    return response


def refusal_of(error: HttpProcessingError) -> Refusal:
    """What aiohttp's parser has found, in the words and statuses of RFC 9110 and RFC 6585."""
    if isinstance(error, LineTooLong):
        limit = error.args[1]
        if limit == URI_BYTES:
            return Refusal(414, "URI_TOO_LONG", f"The URI must not exceed {limit} bytes: send it by POST.")
        return Refusal(431, "HEADERS_TOO_LARGE", f"A header must not exceed {limit} bytes.")
    if TOO_MANY in error.message:
        return Refusal(431, "HEADERS_TOO_LARGE", "There are too many headers.")
    return Refusal(400, "BAD_REQUEST", "This is not a request of HTTP/1.1.")
