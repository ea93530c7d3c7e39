"""A result as a response of JSON, with the status that says how it went.

With `application/graphql-response+json` the status says it; with `application/json` every well-formed request is
answered with 200, as old clients expect.
"""

import msgspec
from aiohttp import web

from web.negotiation import MediaType
from web.refusals import json_response

PARTIAL_SUCCESS = 294


class _Shape(msgspec.Struct):
    """The two members of a result that its status depends on, unparsed."""

    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    errors: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def result_response(result: bytes, media: MediaType) -> web.Response:
    """The response to a well-formed request whose result this is, encoded already."""
    return json_response(status_of(result, media), result, media)


def status_of(result: bytes, media: MediaType) -> int:
    """The status for a result: GraphQL over HTTP, section "Status Codes"."""
    if media is MediaType.JSON:
        return 200
    shape = msgspec.json.decode(result, type=_Shape)
    if shape.data is msgspec.UNSET:
        return 400
    return 200 if shape.errors is msgspec.UNSET else PARTIAL_SUCCESS
