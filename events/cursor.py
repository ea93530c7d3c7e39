"""Cursors: a position in one log, opaque to clients.

The text is base64url of a version byte, the log's incarnation (6 bytes) and the position (8 bytes, big
endian). The incarnation tells the log of one database from that of another or a restored one, so that a cursor
is never answered with the wrong events.
"""

import base64
import struct
from dataclasses import dataclass

_VERSION = 1
# The first byte of cursors to come; that of any text, and so of what is no cursor at all, is greater.
_OTHER_VERSIONS = range(2, 32)
_LAYOUT = struct.Struct(">B6sQ")
_TEXT_LENGTH = 20
_LONGEST = 200


@dataclass(frozen=True)
class Cursor:
    """A decoded cursor: `incarnation` as 12 hexadecimal digits, `position` ≥ 0."""

    incarnation: str
    position: int


def encode(incarnation: str, position: int) -> str:
    """The text for clients."""
    packed = _LAYOUT.pack(_VERSION, bytes.fromhex(incarnation), position)
    return base64.urlsafe_b64encode(packed).decode()


def decode(text: str) -> Cursor:
    """Read a cursor that `encode` wrote.

    Raises:
        ValueError: the text is no cursor, or one of another version, which is said.
    """
    packed = _unpacked(text)
    if packed and packed[0] in _OTHER_VERSIONS:
        raise ValueError("This cursor is of a version that this server does not know.")
    if len(text) != _TEXT_LENGTH or len(packed) != _LAYOUT.size or packed[0] != _VERSION:
        raise ValueError("This is no cursor of a stream.")
    _, incarnation, position = _LAYOUT.unpack(packed)
    return Cursor(incarnation.hex(), position)


def _unpacked(text: str) -> bytes:
    if len(text) > _LONGEST or not text.isascii():
        raise ValueError("This is no cursor of a stream.")
    try:
        return base64.b64decode(text, altchars=b"-_", validate=True)
    except ValueError as error:
        raise ValueError("This is no cursor of a stream.") from error
