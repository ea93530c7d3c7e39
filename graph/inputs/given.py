"""Reading inputs: ids, and what was given, left out, or set to null."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from core.errors import ValidationFailed, Violation
from graph import node_ids


def key(text: str, type_name: str) -> UUID:
    """The key in an id; that of nothing if the text is no id of such a thing.

    So a wrong id is told by the verb, which asks who the caller is first, just as it tells of an id that leads
    nowhere. Keys of things are UUIDs of version 7, and no small number is one.
    """
    return keys([text], type_name)[0]


def keys(ids: Sequence[str], type_name: str) -> tuple[UUID, ...]:
    """The keys in ids; for each text that is no id of such a thing another key of nothing."""
    return tuple(_key(text, type_name, index) for index, text in enumerate(ids))


def _key(text: str, type_name: str, index: int) -> UUID:
    try:
        return node_ids.uuid_in(text, type_name)
    except node_ids.BadId:
        return UUID(int=index)


def patch(required: dict[str, Any], removable: dict[str, Any] | None = None) -> dict[str, Any]:
    """The parts of a patch that were given, by name.

    Args:
        required: parts that cannot be without a value.
        removable: parts that null removes.

    Raises:
        ValidationFailed: null was given for a part that must have a value.
    """
    given = {name: value for name, value in required.items() if value is not strawberry.UNSET}
    nulls = [name for name, value in given.items() if value is None]
    if nulls:
        raise ValidationFailed(
            [Violation((name,), "must not be null; leave it out to keep it") for name in nulls]
        )
    return given | {name: value for name, value in (removable or {}).items() if value is not strawberry.UNSET}
