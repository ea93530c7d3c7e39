"""Every code that a WebSocket is closed with, in one table.

Whether the official graphql-ws client comes back by itself depends on the code alone: it gives up for good on
4400, 4401, 4406, 4409, 4429, 4500, and below 2000 on all but 1000, 1001, 1005, 1006 and 1012 to 1014 (its
`isFatalInternalCloseCode` and `shouldRetryConnectOrThrow`; a test asks the client itself). So a code here is the
protocol's own where PROTOCOL.md names one, and one that clients retry wherever the client did nothing wrong. A close
reason holds at most 123 bytes (RFC 6455, section 5.5).
"""

import msgspec

REASON_BYTES = 123


class CloseCode(msgspec.Struct, frozen=True):
    """One row: the number, its default reason, whether clients come back, and when it is issued."""

    code: int
    name: str
    retried: bool
    issued: str


PROTOCOL_ERROR = CloseCode(1002, "Protocol error", False, "a frame breaks RFC 6455; by the WebSocket layer")
INVALID_TEXT = CloseCode(1007, "Invalid text", False, "a text frame is not UTF-8; by the WebSocket layer")
TOO_BIG = CloseCode(1009, "Message too big", False, "a message exceeds the limit; by the WebSocket layer")
RESTART = CloseCode(1012, "Service restart", True, "this process is about to stop; another one answers")
TRY_AGAIN = CloseCode(1013, "Try again later", True, "the token could not be checked at this moment")
BAD_REQUEST = CloseCode(4400, "Bad request", False, "a message is not one that the protocol knows")
UNAUTHORIZED = CloseCode(4401, "Unauthorized", False, "an operation arrived before the acknowledgement")
FORBIDDEN = CloseCode(
    4403, "Forbidden", True, "connection_init brought no token that is valid, or it is no longer valid"
)
BAD_SUBPROTOCOL = CloseCode(
    4406, "Subprotocol not acceptable", False, "the handshake did not offer graphql-transport-ws"
)
INIT_TIMEOUT = CloseCode(
    4408, "Connection initialisation timeout", True, "no connection_init arrived in time"
)
DUPLICATE = CloseCode(
    4409,
    "Subscriber already exists",
    False,
    "an id was used again before either side had completed its operation",
)
TOO_MANY_INITS = CloseCode(
    4429, "Too many initialisation requests", False, "a second connection_init arrived"
)
TOO_SLOW = CloseCode(
    4510, "Too slow", True, "the client took nothing for too long, and something waited for it"
)
UNFINISHED = CloseCode(
    4511, "Message not finished", True, "a message had begun, and was not there in whole in time"
)
ROLE_CHANGED = CloseCode(
    4512, "Role changed", True, "who is connected sees more or less from now on: open it anew, and resume"
)
CROWDED = CloseCode(
    4513, "Too many connections", True, "the principal has as many connections as one may have"
)
INTERNAL = CloseCode(4500, "Internal server error", False, "a defect of the server; the log has its reason")

TABLE = (
    PROTOCOL_ERROR,
    INVALID_TEXT,
    TOO_BIG,
    RESTART,
    TRY_AGAIN,
    BAD_REQUEST,
    UNAUTHORIZED,
    FORBIDDEN,
    BAD_SUBPROTOCOL,
    INIT_TIMEOUT,
    DUPLICATE,
    TOO_MANY_INITS,
    INTERNAL,
    CROWDED,
    TOO_SLOW,
    UNFINISHED,
    ROLE_CHANGED,
)


def cut(reason: str) -> bytes:
    """The reason as UTF-8 of at most 123 bytes, never cut inside a character."""
    return reason.encode("utf-8", "replace")[:REASON_BYTES].decode("utf-8", "ignore").encode()
