"""From what graphql-core gives to JSON, with everything unexpected masked.

An expected failure (`Refused`, a variable that does not fit) is told as it is. An outage says that the same
request may work later. All else is a defect: the client gets an id, and the log gets the id and the traceback.
"""

import re
import secrets
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, cast

import msgspec
import structlog
from graphql import ExecutionResult, GraphQLError

from core.errors import Unavailable
from core.limits import Limit, exceeded
from vocabulary.operations import OUTAGE, Rejected, outage_extensions

# graphql-core repeats a whole input object, or what stands where a text should: that may be somebody's password.
_REPEATED = re.compile(
    r", found: {.*| Found: {.*|(?<=to be an object), found: .*|(?<=String cannot represent a non string value): .*",
    re.DOTALL,
)

log = structlog.get_logger(__name__)


class RefusalCode(StrEnum):
    """Why a request was not executed, in the words that clients of GraphQL know from other servers."""

    SYNTAX = "GRAPHQL_PARSE_FAILED"
    INVALID = "GRAPHQL_VALIDATION_FAILED"
    NO_OPERATION = "OPERATION_RESOLUTION_FAILURE"
    BAD_VARIABLES = "BAD_USER_INPUT"
    DOCUMENT_NOT_FOUND = "PERSISTED_DOCUMENT_NOT_FOUND"
    DOCUMENT_REQUIRED = "PERSISTED_DOCUMENT_REQUIRED"
    DOCUMENT_MISMATCH = "PERSISTED_DOCUMENT_MISMATCH"
    QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    NO_INTROSPECTION = "INTROSPECTION_DISABLED"


def encoded(
    result: ExecutionResult, extensions: dict[str, object] | None = None, *, changed: bool = False
) -> bytes:
    """The result as JSON; `changed` says that it is a mutation's, whose payload is read when the change is made."""
    body: dict[str, Any] = {}
    if result.errors:
        body["errors"] = [told(error, changed=changed) for error in result.errors]
    body["data"] = result.data
    if extensions:
        body["extensions"] = extensions
    return msgspec.json.encode(body)


def encoded_data(data: object, extensions: dict[str, object]) -> bytes:
    """What `encoded` gives for a result without errors."""
    return msgspec.json.encode({"data": data, "extensions": extensions})


def unfinished(limit: Limit, seconds: float, *, changed: bool) -> bytes:
    """The result of an operation that was cancelled after so long; a mutation may have been done all the same."""
    extensions = exceeded(limit, seconds)
    message = f"The operation was cancelled: it took longer than {seconds:g} seconds."
    if changed:
        extensions["isInDoubt"] = True
    return msgspec.json.encode({"errors": [{"message": message, "extensions": extensions}], "data": None})


def unopened(limit: Limit, seconds: float) -> Rejected:
    """The refusal of a subscription whose opening was cancelled after so long."""
    message = f"The subscription was not opened: it took longer than {seconds:g} seconds."
    return Rejected([{"message": message, "extensions": exceeded(limit, seconds)}])


def rejected(errors: Sequence[GraphQLError]) -> Rejected:
    """The refusal by a resolver of a request that was not executed."""
    return Rejected([told(error) for error in errors])


def malformed(errors: Sequence[GraphQLError], code: RefusalCode) -> Rejected:
    """The refusal of a document or of variables; what is wrong with them is told, but not what was said as text."""
    return Rejected([_coded(error, code) for error in errors])


def _coded(error: GraphQLError, code: RefusalCode) -> dict[str, Any]:
    formatted = cast("dict[str, Any]", error.formatted)
    message = _REPEATED.sub("", formatted["message"])
    if message != formatted["message"] and not message.endswith("?"):
        message += "."
    return {
        **formatted,
        "message": message,
        "extensions": {"code": code.value, **formatted.get("extensions", {})},
    }


def told(error: GraphQLError, *, changed: bool = False) -> dict[str, Any]:
    """One error as the GraphQL specification formats it (section 7.1.2)."""
    cause = _cause(error)
    if cause is None:
        return cast("dict[str, Any]", error.formatted)
    if isinstance(cause, Unavailable):
        log.warning("unavailable", path=error.path, reason=str(cause))
        doubt = {"isInDoubt": True} if changed else {}
        return _masked(error, OUTAGE, {**outage_extensions(cause), **doubt})
    request_id = structlog.contextvars.get_contextvars().get("request_id") or secrets.token_hex(8)
    log.error("request_failed", request_id=request_id, path=error.path, exc_info=cause)
    return _masked(error, "Internal error.", {"code": "INTERNAL", "requestId": request_id})


def outage(errors: Sequence[GraphQLError] | None) -> Unavailable | None:
    """The outage among the errors, if there is one."""
    for error in errors or ():
        cause = _cause(error)
        if isinstance(cause, Unavailable):
            return cause
    return None


def _cause(error: GraphQLError) -> BaseException | None:
    """What a resolver raised, unless it was meant for the client."""
    cause: BaseException | None = error.original_error
    return None if cause is None or isinstance(cause, GraphQLError) else cause


def _masked(error: GraphQLError, message: str, extensions: dict[str, object]) -> dict[str, Any]:
    formatted = cast("dict[str, Any]", error.formatted)
    return {**formatted, "message": message, "extensions": extensions}
