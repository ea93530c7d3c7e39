"""Requests and results as they pass between the transports and the schema, which do not know each other."""

from enum import Enum, StrEnum
from typing import Any

import msgspec

from core.errors import Unavailable


class OperationKind(StrEnum):
    """The three kinds of operations of the GraphQL specification, section 2.3."""

    QUERY = "query"
    MUTATION = "mutation"
    SUBSCRIPTION = "subscription"


class Request(msgspec.Struct, frozen=True):
    """One GraphQL request, whichever transport brought it.

    `document_id` is the id of a document that the server has; `query` may be empty then. `extensions["lastEventId"]` is
    the cursor that a server-sent event stream resumes after.
    """

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] = {}
    extensions: dict[str, Any] = {}
    document_id: str | None = None


class Rejected(Exception):
    """The request was refused before anything was executed.

    `errors` holds at least one error as the GraphQL specification formats it (section 7.1.2).
    """

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        self.errors = errors
        super().__init__("; ".join(str(error.get("message")) for error in errors))


class Throttled(Rejected):
    """The request was refused because there were too many; `retry_after_seconds` is when to come back."""

    def __init__(self, errors: list[dict[str, Any]], retry_after_seconds: float) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(errors)


OUTAGE = "The service is not available now; try again."


def outage_extensions(error: Unavailable) -> dict[str, Any]:
    """The `extensions` of an error that tells of an outage, the same on every transport."""
    return {
        "code": "UNAVAILABLE",
        "retryable": True,
        "retryAfterSeconds": error.retry_after_seconds,
    }


class Frame(msgspec.Struct, frozen=True):
    """One result of a subscription, encoded once for everybody who receives it.

    Attributes:
        position: the place in the log that the result is exact at.
        cursor: the same place, opaque, as clients send it back to resume.
        payload: the execution result as JSON in UTF-8.
        last: the stream completes after this frame.
    """

    position: int
    cursor: str
    payload: bytes
    last: bool = False


class NotNow(Enum):
    """What a stream says of an event whose frame it would have to wait for."""

    NOT_NOW = "not now"


NOT_NOW = NotNow.NOT_NOW
