"""What a client is told when something failed: nothing that was not written for it to read."""

from typing import Any

import structlog

from core.errors import Unavailable
from core.ids import new_id
from live.operations import Rejected
from vocabulary.operations import OUTAGE, outage_extensions

log = structlog.get_logger(__name__)


def explain(error: Exception, where: str) -> list[dict[str, Any]]:
    """The GraphQL errors to send for this failure.

    A rejection brings its own; an outage is said to be one; everything else is masked behind an id, and the
    log has the id with the reason.
    """
    if isinstance(error, Rejected):
        return error.errors
    if isinstance(error, Unavailable):
        log.warning("unavailable", where=where, reason=str(error))
        return [{"message": OUTAGE, "extensions": outage_extensions(error)}]
    request_id = structlog.contextvars.get_contextvars().get("request_id") or str(new_id())
    log.error("unexpected_failure", where=where, request_id=request_id, exc_info=error)
    return [formatted("Internal error.", "INTERNAL", requestId=request_id)]


def formatted(message: str, code: str, **extensions: Any) -> dict[str, Any]:
    """One error in the response format of the GraphQL specification (section 7.1.2)."""
    return {"message": message, "extensions": {"code": code, **extensions}}
