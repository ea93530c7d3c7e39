"""A GraphQL request out of an HTTP request: GraphQL over HTTP, sections "GET" and "POST".

What is not a well-formed request is refused with 400 whatever the response's media type: JSON that does not
parse, members of wrong types, a batch. (The edition of September 2026 recommends 422 for some of these; all
audits of the npm package `graphql-http` ask for 400, and so do its clients.)
"""

from typing import Any

import msgspec
from aiohttp import web

from live.json_text import Malformed, decode
from live.messages import read_request
from live.operations import Request
from web.executor import SAFE
from web.negotiation import MediaType
from web.refusals import Refusal
from web.request_body import read_body

LAST_EVENT_ID = "Last-Event-ID"
TEXTS = ("query", "documentId", "operationName")


def names_document(request: web.Request) -> bool:
    """Whether the URL says what is to be carried out; else a browser that sends it wants a page."""
    return any(name in request.query for name in ("query", "documentId", "extensions"))


async def read_graphql(request: web.Request, most_bytes: int) -> Request:
    """The GraphQL request of a GET or a POST, with the cursor of a returning event stream in its extensions.

    Raises:
        Refusal: 400, 413 or 415; the message says what is wrong.
    """
    try:
        found = _from_url(request) if request.method in SAFE else await _from_body(request, most_bytes)
    except Malformed as error:
        raise Refusal(400, "BAD_REQUEST", f"{error}.") from error
    cursor = request.headers.get(LAST_EVENT_ID)
    if not cursor:
        return found
    return msgspec.structs.replace(found, extensions={**found.extensions, "lastEventId": cursor})


def _from_url(request: web.Request) -> Request:
    parameters: dict[str, Any] = {}
    for name in (*TEXTS, "variables", "extensions"):
        values = request.query.getall(name, [])
        if len(values) > 1:
            raise Malformed(f"'{name}' must be given once")
        # An empty parameter is the same as none; `null` as an operation's name is a name.
        if values and values[0]:
            parameters[name] = values[0] if name in TEXTS else decode(values[0])
    return read_request(parameters)


async def _from_body(request: web.Request, most_bytes: int) -> Request:
    _check_content_type(request)
    payload = decode(await read_body(request, most_bytes))
    if isinstance(payload, list):
        raise Malformed("Batches are not supported: send one request at a time")
    if not isinstance(payload, dict):
        raise Malformed("The body must be a JSON object")
    return read_request(payload)


def _check_content_type(request: web.Request) -> None:
    if "Content-Type" not in request.headers:
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json.")
    if request.content_type != MediaType.JSON:
        reason = f"Content-Type must be application/json, not {request.content_type}."
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", reason)
    if (request.charset or "utf-8").lower() not in {"utf-8", "utf8"}:
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "The charset must be utf-8.")
