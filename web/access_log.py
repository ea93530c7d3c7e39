"""One line in the log for each HTTP request: method, path, status and how long it took.

The query string is left out, because a GET of a query has its variables there, and so are all headers. A request
that became a socket or an event stream is written down when it ends.
"""

import asyncio

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

GONE = 499
"""What is written for a client that left before its answer, as nginx does."""

log = structlog.get_logger("access")


@web.middleware
async def log_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Write the line when the request is over, however it ended. The request id is bound by `request_ids`."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    status = 500
    try:
        response = await handler(request)
        status = response.status
    except web.HTTPException as answer:
        status = answer.status
        raise
    except asyncio.CancelledError:
        status = GONE
        raise
    else:
        return response
    finally:
        milliseconds = round((loop.time() - start) * 1000, 1)
        log.info("request", method=request.method, path=request.path, status=status, ms=milliseconds)
