"""Pages of which origins may change something, or open a socket.

A browser sends with a request of a page where the page is from, and lets nobody forge that. What a page does on its own
account is to come from the very origin that serves it, compared as a whole: a name that merely ends alike is another
one. Behind a balancer that speaks TLS with browsers this server does not know its own origin, so it can be told.
Whoever sends no Origin is no page. Nothing is answered for scripts of other origins to read (CORS): this is about what
a request does, and not about who reads the answer.
"""

import msgspec
import structlog
from aiohttp import web

FOREIGN = "This is not for pages of other origins."

log = structlog.get_logger(__name__)


class Origins(msgspec.Struct, frozen=True):
    """Those that are welcome besides the one that a request was sent to."""

    allowed: frozenset[str] = frozenset()

    def welcome(self, request: web.Request) -> bool:
        """Whether a request comes from a page of a good origin, or from none; one that does not is logged."""
        origin = request.headers.get("Origin")
        if origin is None or origin == f"{request.scheme}://{request.host}" or origin in self.allowed:
            return True
        log.warning("foreign_origin", origin=origin)
        return False


ITS_OWN = Origins()
