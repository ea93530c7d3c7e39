"""Python for the fields of an object: one dictionary, in which the short way of each scalar is written out.

A function made of closures, one for each field, takes three times as long.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from graph.compiling.leaves import Complete, NotPlain, Short
from graph.compiling.reading import Get


class Plain(NamedTuple):
    """A plain field: under which key it is told, how it is read, and how what was read is completed.

    `attribute` is what `read` reads, if it is one. `short` is the short way of a scalar; `complete` is for whatever
    does not go it, null among it. `is_constant` if it is the same of all objects.
    """

    key: str
    read: Get
    complete: Complete
    attribute: str | None = None
    short: Short | None = None
    is_constant: bool = False


def written(plain: Sequence[Plain], classes: frozenset[type] | None = None) -> Complete:
    """From an object to its fields; of one of these classes, if they are given.

    The function raises whatever a field raises, and NotPlain for an object of another class.
    """
    known: dict[str, Any] = {"classes": classes, "NotPlain": NotPlain}
    fields = ", ".join(f"{each.key!r}: {_value(number, each, known)}" for number, each in enumerate(plain))
    check = "" if classes is None else "    if type(o) not in classes:\n        raise NotPlain\n"
    # Only names of the schema, of attributes and of what is in `known` are in it.
    exec(f"def complete(o):\n{check}    return {{{fields}}}\n", known)  # noqa: S102
    complete: Callable[[Any], Any] = known["complete"]
    return complete


def rows_written(plain: Sequence[Plain]) -> Callable[[Sequence[Any]], list[dict[str, Any]]]:
    """From many rows to their fields; `attribute` is where in a row a field is, as `[3]`."""
    known: dict[str, Any] = {}
    fields = ", ".join(f"{each.key!r}: {_value(number, each, known)}" for number, each in enumerate(plain))
    # Only names of the schema, places and what is in `known` are in it.
    exec(f"def complete(rows):\n    return [{{{fields}}} for o in rows]\n", known)  # noqa: S102
    complete: Callable[[Sequence[Any]], list[dict[str, Any]]] = known["complete"]
    return complete


def _value(number: int, field: Plain, known: dict[str, Any]) -> str:
    """The expression for one field; what it uses is put under names of its own."""
    known[f"complete{number}"] = field.complete
    read = f"o.{field.attribute}"
    if field.attribute is not None and field.attribute.startswith("["):
        read = f"o{field.attribute}"
    elif field.attribute is None or not field.attribute.isidentifier():
        known[f"read{number}"] = field.read
        read = f"read{number}(o)"
    if field.short is None:
        return f"complete{number}({read})"
    names = {name: f"{name}{number}" for name in field.short.names}
    known.update({names[name]: value for name, value in field.short.names.items()})
    condition = field.short.condition.format(**names, x=f"(x := {read})")
    return f"{field.short.result.format(**names)} if {condition} else complete{number}(x)"
