"""An id for each request: in the `X-Request-ID` header of every response, in the log, and in masked errors.

A caller's own id is kept if it is short and plain, so that a request can be followed through a proxy.
"""

import re
from collections.abc import Awaitable

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from core.ids import new_id

HEADER = "X-Request-ID"
KEY = web.RequestKey("request_id", str)
PLAIN = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


@web.middleware
def with_request_id(request: web.Request, handler: Handler) -> Awaitable[web.StreamResponse]:
    """Give the request its id and bind it to the log for as long as the request lasts.

    No coroutine of its own: there would be one for each socket, for as long as that is open.
    """
    given = request.headers.get(HEADER, "")
    request[KEY] = given if PLAIN.fullmatch(given) else str(new_id())
    # Nothing to undo: each request is a task of its own, and so the context that this is bound in ends with it.
    structlog.contextvars.bind_contextvars(request_id=request[KEY])
    return handler(request)


async def show_request_id(request: web.Request, response: web.StreamResponse) -> None:
    """A signal handler for `on_response_prepare`: streams and errors carry the header too."""
    if KEY in request:
        response.headers[HEADER] = request[KEY]


def install(app: web.Application) -> None:
    """Put ids on every request and response of `app`."""
    app.middlewares.insert(0, with_request_id)
    app.on_response_prepare.append(show_request_id)
