"""One line in the log for each HTTP request: method, path, status and how long it took.

The query string is left out, because a GET of a query has its variables there, and so are all headers. The
request id is bound by `web/request_ids.py`.
"""

import structlog
from aiohttp import web

log = structlog.get_logger("access")


def log_request(request: web.Request, status: int, seconds: float) -> None:
    """Write the line; an observer of `web/outcomes.py`."""
    log.info("request", method=request.method, path=request.path, status=status, ms=round(seconds * 1000, 1))
