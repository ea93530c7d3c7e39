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
    fields = ", ".join(
        f"{each.key!r}: {_of_object(number, each, known)}" for number, each in enumerate(plain)
    )
    check = "" if classes is None else "    if type(o) not in classes:\n        raise NotPlain\n"
    # Only names of the schema, of attributes and of what is in `known` are in it.
    exec(f"def complete(o):\n{check}    return {{{fields}}}\n", known)  # noqa: S102
    return _taken(known)


def columns_written(
    plain: Sequence[Plain], places: Sequence[int]
) -> Callable[[Sequence[Sequence[Any]]], list[dict[str, Any]]]:
    """From columns to the fields of each row, if at least one is read; `places` says of which column each is.

    A constant is of none, whatever its place is.
    """
    known: dict[str, Any] = {}
    keys = [f"{each.key!r}: v{number}" for number, each in enumerate(plain)]
    read = [number for number, each in enumerate(plain) if not each.is_constant]
    columns = [_column(number, plain[number], places[number], known) for number in read]
    known.update(
        {
            f"v{number}": each.complete(each.read(None))
            for number, each in enumerate(plain)
            if each.is_constant
        }
    )
    each, values = ", ".join(f"v{number}" for number in read), ", ".join(columns)
    # Only names of the schema, places and what is in `known` are in it.
    exec(f"def complete(c):\n    return [{{{', '.join(keys)}}} for {each}, in zip({values})]\n", known)  # noqa: S102
    return _taken(known)


def _taken(known: dict[str, Any]) -> Callable[[Any], Any]:
    """The function that was made, which knows all of `known`, and so may not be among it: it would never be freed."""
    complete: Callable[[Any], Any] = known.pop("complete")
    return complete


def _column(number: int, field: Plain, place: int, known: dict[str, Any]) -> str:
    """The expression for all values of one field."""
    if field.short is None:
        known[f"complete{number}"] = field.complete
        return f"map(complete{number}, c[{place}])"
    return f"[{_value(number, field, known, 'x')} for x in c[{place}]]"


def _of_object(number: int, field: Plain, known: dict[str, Any]) -> str:
    """The expression for one field of an object."""
    if field.attribute is None or not field.attribute.isidentifier():
        known[f"read{number}"] = field.read
        return _value(number, field, known, f"read{number}(o)")
    return _value(number, field, known, f"o.{field.attribute}")


def _value(number: int, field: Plain, known: dict[str, Any], read: str) -> str:
    """The expression for one value; what it uses is put under names of its own."""
    known[f"complete{number}"] = field.complete
    if field.short is None:
        return f"complete{number}({read})"
    names = {name: f"{name}{number}" for name in field.short.names}
    known.update({names[name]: value for name, value in field.short.names.items()})
    condition = field.short.condition.format(**names, x="x" if read == "x" else f"(x := {read})")
    return f"{field.short.result.format(**names)} if {condition} else complete{number}(x)"
