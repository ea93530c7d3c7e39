"""Scalars and enums: what graphql-core's own coercion gives, with a short way for the values that we have.

The short way looks at the exact type of a value and gives what the coercion of that type is known to give. Whatever
else comes goes through the coercion itself, so the two cannot differ in what they accept.
"""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from math import isfinite
from typing import Any
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


def complete_leaf(leaf: GraphQLLeafType) -> Complete:
    """The coercion of a scalar or an enum, which never returns None; it raises NotPlain, or what the type raises."""
    coerced = _coerced(leaf)
    if isinstance(leaf, GraphQLEnumType):
        return _of_enum(leaf, coerced)
    short = _SHORT.get(leaf)
    return coerced if short is None else short(coerced)


def _coerced(leaf: GraphQLLeafType) -> Complete:
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


def _of_enum(leaf: GraphQLEnumType, coerced: Complete) -> Complete:
    # Strawberry gives a member of the enum the name that its value has in the schema.
    wrapped: type[Enum] | None = getattr(leaf, "wrapped_cls", None)
    by_value = {each.value: name for name, each in reversed(leaf.values.items())}
    members = () if wrapped is None else wrapped
    names = {member: by_value[member.value] for member in members if member.value in by_value}

    def complete(value: Any) -> Any:
        return names[value] if type(value) is wrapped and value in names else coerced(value)

    return complete


def _string(coerced: Complete) -> Complete:
    def complete(value: Any) -> Any:
        return value if type(value) is str else coerced(value)

    return complete


def _integer(coerced: Complete) -> Complete:
    def complete(value: Any) -> Any:
        fits = type(value) is int and GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT
        return value if fits else coerced(value)

    return complete


def _number(coerced: Complete) -> Complete:
    def complete(value: Any) -> Any:
        return value if type(value) is float and isfinite(value) else coerced(value)

    return complete


def _boolean(coerced: Complete) -> Complete:
    def complete(value: Any) -> Any:
        return value if value is True or value is False else coerced(value)

    return complete


_SHORT: dict[GraphQLLeafType, Callable[[Complete], Complete]] = {
    GraphQLString: _string,
    GraphQLID: _string,
    GraphQLInt: _integer,
    GraphQLFloat: _number,
    GraphQLBoolean: _boolean,
}
