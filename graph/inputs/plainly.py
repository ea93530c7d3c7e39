"""Inputs of which a thousand come in one list, made at once of what a client sent.

Strawberry asks anew for each field of each object what it is called and of which type: 30 microseconds for a rule, so
that nobody else was served for a sixth of a second while 5,000 of a client's were made, and refused for being so many.
Here that is asked once. What is a scalar or an enum graphql-core has made already; what is neither, nor an input or a
list of inputs of this kind, is left to Strawberry.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING
from typing import Any, TypeVar

from strawberry.types.arguments import InputContext
from strawberry.types.base import (
    StrawberryList,
    StrawberryObjectDefinition,
    StrawberryOptional,
    get_object_definition,
)
from strawberry.types.enum import StrawberryEnumDefinition

T = TypeVar("T")

_Made = Callable[[Any, InputContext], Any]


def made_plainly(input_type: type[T]) -> type[T]:
    """Say so of an input type, above what makes it one."""
    get_object_definition(input_type, strict=True).from_input = _Maker()
    return input_type


class _Maker:
    """Makes objects of one input type."""

    def __init__(self) -> None:
        self._fields: tuple[tuple[str, str, _Made | None], ...] | None = None
        self._absent: dict[str, None] = {}

    def __call__(self, input_type: type, sent: Mapping[str, Any], context: InputContext) -> Any:
        if self._fields is None:
            definition = get_object_definition(input_type, strict=True)
            self._absent = {
                field.python_name: None
                for field in definition.fields
                if field.default_value is MISSING and field.default_factory is MISSING
            }
            self._fields = tuple(_fields(definition, context))
        return input_type(
            **self._absent
            | {
                name: sent[key] if made is None or sent[key] is None else made(sent[key], context)
                for key, name, made in self._fields
                if key in sent
            }
        )


def _fields(
    definition: StrawberryObjectDefinition, context: InputContext
) -> Iterator[tuple[str, str, _Made | None]]:
    """What each field is called by clients and by us, and what makes its values, if they are not made yet."""
    for field in definition.fields:
        type_: Any = field.resolve_type(type_definition=definition)
        type_ = type_.of_type if isinstance(type_, StrawberryOptional) else type_
        yield context.config.name_converter.from_field(field), field.python_name, _made(type_)


def _made(type_: Any) -> _Made | None:
    inner: Any = type_.of_type if isinstance(type_, StrawberryList) else None
    item = _maker(inner)
    if item is not None:
        return lambda sent, context: [item(inner, each, context) for each in sent]
    maker = _maker(type_)
    if maker is not None:
        return lambda sent, context: maker(type_, sent, context)
    if isinstance(type_, type | StrawberryEnumDefinition) and get_object_definition(type_) is None:
        return None
    return lambda sent, context: context.convert(sent, type_)


def _maker(type_: Any) -> _Maker | None:
    definition = get_object_definition(type_)
    made = definition.from_input if definition is not None else None
    return made if isinstance(made, _Maker) else None
