"""What an update really changes: an update that changes nothing is no event."""

from collections.abc import Mapping

import msgspec

from db.models import Model


def given(patch: msgspec.Struct) -> dict[str, object]:
    """The fields of a patch that are not UNSET, by name, in the order of the type."""
    values = {name: getattr(patch, name) for name in patch.__struct_fields__}
    return {name: value for name, value in values.items() if value is not msgspec.UNSET}


def apply(row: Model, values: Mapping[str, object]) -> tuple[str, ...]:
    """Set the columns of `row` that differ from `values`; gives their names in the order of `values`."""
    changed = tuple(name for name, value in values.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, values[name])
    return changed
