"""What became of each request, told once to whoever keeps count of it: the access log and the metrics."""

import asyncio
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from web.socket import is_handshake

GONE = 499
"""What is told of a client that left before its answer, as nginx does."""
SWITCHED = 101

Observer = Callable[[web.Request, int, float], None]


def watch(app: web.Application, *observers: Observer) -> None:
    """Call each observer with the request, the status and the seconds that it took, when a request is over.

    A request that became a socket or an event stream is over when that ends.
    """

    @web.middleware
    async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
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
            # The end of a socket is that its client leaves.
            status = SWITCHED if is_handshake(request) else GONE
            raise
        else:
            return response
        finally:
            for observer in observers:
                observer(request, status, loop.time() - start)

    app.middlewares.append(observe)
