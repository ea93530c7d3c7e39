"""Requests that are refused by HTTP's own means: a status, and a body in the shape of a GraphQL response."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from live.failures import formatted
from web.negotiation import MediaType


def retry_after(seconds: float) -> dict[str, str]:
    """The header that says when to come back: RFC 9110, section 10.2.3, in whole seconds and at least one."""
    return {"Retry-After": str(max(1, math.ceil(seconds)))}


class Refusal(Exception):
    """The request is answered with this status and error, and nothing is executed."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.headers = dict(headers or {})
        self.extensions = dict(extensions or {})
        super().__init__(message)

    def response(self, media: MediaType) -> web.Response:
        """The answer in a media type that the client takes."""
        error = formatted(str(self), **{**self.extensions, "code": self.code})
        return errors_response(self.status, [error], media, self.headers)


def errors_response(
    status: int, errors: list[dict[str, Any]], media: MediaType, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A response that holds nothing but errors."""
    return json_response(status, msgspec.json.encode({"errors": errors}), media, headers)


def json_response(
    status: int, body: bytes, media: MediaType, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A response around JSON that is encoded already."""
    reason = "Partial Success" if status == 294 else None
    return web.Response(
        status=status, reason=reason, body=body, content_type=media, charset="utf-8", headers=headers
    )
