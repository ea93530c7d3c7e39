"""The cursors of connections: a place in one list in one order, opaque to clients.

base64url of JSON: a version, the list's name, its order, and the key of a row. It holds values and not a row
number, so it stays good when rows before it come and go, and when its own row is deleted.
"""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from graph.errors import Refused
from graph.scalars import INT64_MAX, INT64_MIN
from services.rules_text import is_storable

_VERSION = 1
_LONGEST = 4096
# What a database can be asked for; it fails on anything else.
_STORABLE: dict[type, Any] = {
    int: Annotated[int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX)],
    datetime: Annotated[datetime, msgspec.Meta(tz=True)],
}


def encode(order: str, key: tuple[Any, ...]) -> str:
    """The cursor of the row with this key in the list and order that `order` names."""
    packed = msgspec.json.encode((_VERSION, order, key))
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode(text: str, order: str, types: tuple[type, ...]) -> tuple[Any, ...]:
    """The key that `encode` wrote for the same list and order.

    Raises:
        Refused: it is no cursor, or one of another list, order or version.
    """
    _, found, key = _unpack(text)
    if found != order:
        raise _bad("This cursor is of another list, or of the same one in another order.")
    try:
        values: tuple[Any, ...] = msgspec.convert(key, _shape(types), strict=True)
    except msgspec.ValidationError as error:
        raise _bad("This is no cursor of a list.") from error
    if not all(_is_storable(value) for value in values):
        raise _bad("This is no cursor of a list.")
    return values


def _is_storable(value: object) -> bool:
    if isinstance(value, str):
        return is_storable(value)
    if isinstance(value, datetime):
        try:
            value.astimezone(UTC)
        except OverflowError:
            return False
    return True


def _unpack(text: str) -> tuple[int, str, list[object]]:
    try:
        if len(text) > _LONGEST:
            raise _bad("This is no cursor of a list.")
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        packed = base64.b64decode(padded, altchars=b"-_", validate=True)
        _refuse_other_version(packed)
        return msgspec.json.decode(packed, type=tuple[int, str, list[object]])
    except (UnicodeEncodeError, binascii.Error, msgspec.DecodeError) as error:
        raise _bad("This is no cursor of a list.") from error


def _refuse_other_version(packed: bytes) -> None:
    """What follows the version may have any form in another one."""
    parts = msgspec.json.decode(packed)
    if isinstance(parts, list) and parts and type(parts[0]) is int and parts[0] != _VERSION:
        raise _bad("This cursor is of a version that this server does not know.")


def _shape(types: tuple[type, ...]) -> Any:
    return tuple[tuple(_STORABLE.get(one, one) for one in types)]  # type: ignore[misc]


def _bad(message: str) -> Refused:
    return Refused("BAD_CURSOR", message)
