"""Scalars and enums: what graphql-core's own coercion gives, with a short way for the values that we have.

The short way looks at the exact type of a value and gives what the coercion of that type is known to give. Whatever
else comes goes through the coercion itself, so the two cannot differ in what they accept.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from math import isfinite
from typing import Any, NamedTuple
from uuid import UUID

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
    Undefined,
)
from strawberry.execution import optimized_is_awaitable

Complete = Callable[[Any], Any]

_NEITHER_FAILED_NOR_WAITING = frozenset({str, int, float, bool, datetime, UUID})


class NotPlain(Exception):
    """The value is for graphql-core to complete: null where there must be something, or nothing we know."""


class Short(NamedTuple):
    """The short way as Python: `result` is right of a value `x` for which `condition` is true.

    `{x}` is where the value is read, once, before `x` is used. `names` are what the two use besides; they are in braces
    too, for each use may have its own.
    """

    condition: str
    result: str
    names: Mapping[str, object]


def short_way(leaf: GraphQLLeafType) -> Short | None:
    """The short way of a type, if it has one."""
    return _of_enum(leaf) if isinstance(leaf, GraphQLEnumType) else _SCALARS.get(leaf)


def complete_leaf(leaf: GraphQLLeafType) -> Complete:
    """The coercion of a scalar or an enum, which never returns None; it raises NotPlain, or what the type raises."""
    coerce = leaf.coerce_output_value

    def complete(value: Any) -> Any:
        if value is None or value is Undefined:
            raise NotPlain
        if type(value) not in _NEITHER_FAILED_NOR_WAITING and _fails_or_waits(value):
            raise NotPlain
        result = coerce(value)
        if result is None or result is Undefined:
            raise NotPlain
        return result

    return complete


def _fails_or_waits(value: object) -> bool:
    return isinstance(value, Exception) or optimized_is_awaitable(value)


def _of_enum(leaf: GraphQLEnumType) -> Short | None:
    wrapped: type[Enum] | None = getattr(leaf, "wrapped_cls", None)
    if wrapped is None:
        return None
    # Strawberry gives a member of the enum the first name that its value has in the schema.
    by_value = {each.value: name for name, each in reversed(leaf.values.items())}
    known = {member: by_value[member.value] for member in wrapped if member.value in by_value}
    if len(known) < len(wrapped):
        return None
    return Short("type({x}) is {wrapped}", "{known}[x]", {"wrapped": wrapped, "known": known})


_TEXT = Short("type({x}) is str", "x", {})
_SCALARS: dict[GraphQLLeafType, Short] = {
    GraphQLString: _TEXT,
    GraphQLID: _TEXT,
    GraphQLInt: Short(f"type({{x}}) is int and {GRAPHQL_MIN_INT} <= x <= {GRAPHQL_MAX_INT}", "x", {}),
    GraphQLFloat: Short("type({x}) is float and {isfinite}(x)", "x", {"isfinite": isfinite}),
    GraphQLBoolean: Short("{x} is True or x is False", "x", {}),
}
