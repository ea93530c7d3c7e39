"""The head of a handshake, by the rules of RFC 6455, section 4.2.1, and what it is refused with.

aiohttp looks at the same, but lets drafts of the protocol pass, answers in plain text, and with 500 to some keys.
"""

from base64 import b64decode
from collections.abc import Mapping

from aiohttp import web

from live.failures import formatted
from web.negotiation import MediaType
from web.refusals import errors_response

VERSION = "13"
UPGRADE = {"Sec-WebSocket-Version": VERSION, "Upgrade": "websocket", "Connection": "Upgrade"}
KEY_BYTES = 16


def refusal_of(request: web.Request) -> web.Response | None:
    """How a handshake is refused that is none; None if it is in order."""
    headers = request.headers
    tokens = [token.strip().lower() for token in headers.get("Connection", "").split(",")]
    if "upgrade" not in tokens:
        return _refused(400, "Connection must have the token Upgrade.")
    if headers.get("Sec-WebSocket-Version") != VERSION:
        return _refused(426, f"The version of the WebSocket protocol must be {VERSION}.", UPGRADE)
    if not _is_key(headers.get("Sec-WebSocket-Key", "")):
        return _refused(400, f"Sec-WebSocket-Key must be base64 of {KEY_BYTES} bytes.")
    return None


def _is_key(value: str) -> bool:
    try:
        return len(b64decode(value, validate=True)) == KEY_BYTES
    except ValueError:
        return False


def _refused(status: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return errors_response(status, [formatted(message, "BAD_REQUEST")], MediaType.JSON, headers)
