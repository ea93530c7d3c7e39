"""Node ids: base64 of a type's name and its key, opaque to clients and unique over all types (Relay).

`Campaign:UUID` and the like; a domain is `Domain:UUID of its campaign:offset`, an activity `Activity:position`.
"""

import base64
from uuid import UUID

import strawberry

from graph.scalars import INT64_MAX

_LONGEST = 200


class BadId(ValueError):
    """The text is no id of this server, or one of another type."""


def encode(type_name: str, *key: UUID | int) -> strawberry.ID:
    """The id of something."""
    text = ":".join([type_name, *map(str, key)])
    return strawberry.ID(base64.b64encode(text.encode()).decode())


def decode(text: str) -> tuple[str, tuple[str, ...]]:
    """The type's name and the parts of the key.

    Raises:
        BadId: it is no id.
    """
    try:
        if len(text) > _LONGEST:
            raise BadId("This is no id of this server.")
        plain = base64.b64decode(text, validate=True).decode("ascii")
    except ValueError as error:
        raise BadId("This is no id of this server.") from error
    type_name, *key = plain.split(":")
    if not type_name or not key:
        raise BadId("This is no id of this server.")
    return type_name, tuple(key)


def uuid_in(text: str, type_name: str) -> UUID:
    """The UUID in the id of a `type_name`.

    Raises:
        BadId: it is no id, or one of another type.
    """
    found, key = decode(text)
    if found != type_name or len(key) != 1:
        raise BadId(f"This is no id of a {type_name}.")
    return as_uuid(key[0])


def as_uuid(text: str) -> UUID:
    """A UUID that was written by `encode`.

    Raises:
        BadId: it was not.
    """
    try:
        value = UUID(text)
    except ValueError as error:
        raise BadId("This is no id of this server.") from error
    if str(value) != text:
        raise BadId("This is no id of this server.")
    return value


def as_position(text: str) -> int:
    """An integer from 0 to 2^63 − 1 that was written by `encode`.

    Raises:
        BadId: it was not.
    """
    if len(text) <= len(str(INT64_MAX)) and text.isdigit() and str(int(text)) == text:
        value = int(text)
        if value <= INT64_MAX:
            return value
    raise BadId("This is no id of this server.")
