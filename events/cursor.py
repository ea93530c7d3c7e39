"""Cursors: a place in one log, opaque to clients.

The text is base64url without padding of a version byte, the log's incarnation (6 bytes), the position (8 bytes) and
its tag (4 bytes), big endian. The incarnation tells the log of one database from that of another. The tag tells two
pasts of one log apart: after a database was restored its log goes on from an earlier position, and gives positions
that clients have seen to other events. So a cursor is never answered with the wrong events.

Version 1 had no tag. It is still read, and trusted as far as it goes.
"""

import base64
import struct
from dataclasses import dataclass

_VERSION = 2
# The first byte of cursors to come; that of any text, and so of what is no cursor at all, is greater.
_OTHER_VERSIONS = range(3, 32)
_LAYOUT = struct.Struct(">B6sQI")
_LAYOUT_1 = struct.Struct(">B6sQ")
_LONGEST = 200
# What a database can count to; nothing is committed beyond it, and no statement can ask for it.
_LAST_POSITION = 2**63 - 1


@dataclass(frozen=True)
class Cursor:
    """A decoded cursor: `incarnation` as 12 hexadecimal digits, 0 ≤ `position` < 2**63, `tag` None if it has none."""

    incarnation: str
    position: int
    tag: int | None


def encode(incarnation: str, position: int, tag: int) -> str:
    """The text for clients."""
    packed = _LAYOUT.pack(_VERSION, bytes.fromhex(incarnation), position, tag)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode(text: str) -> Cursor:
    """Read a cursor that `encode` wrote, now or as version 1.

    Raises:
        ValueError: the text is no cursor, or one of another version, which is said.
    """
    packed = _unpacked(text)
    version = packed[0] if packed else 0
    if version in _OTHER_VERSIONS:
        raise ValueError("This cursor is of a version that this server does not know.")
    if "=" in text:
        raise ValueError("This is no cursor of a stream.")
    if version == _VERSION and len(packed) == _LAYOUT.size:
        _, incarnation, position, tag = _LAYOUT.unpack(packed)
    elif version == 1 and len(packed) == _LAYOUT_1.size:
        (_, incarnation, position), tag = _LAYOUT_1.unpack(packed), None
    else:
        raise ValueError("This is no cursor of a stream.")
    if position > _LAST_POSITION:
        raise ValueError("This is no cursor of a stream.")
    return Cursor(incarnation.hex(), position, tag)


def _unpacked(text: str) -> bytes:
    if len(text) > _LONGEST or not text.isascii():
        raise ValueError("This is no cursor of a stream.")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise ValueError("This is no cursor of a stream.") from error
