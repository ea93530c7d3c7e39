"""What is written for an object does what its fields say, and no more."""

from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import GraphQLBoolean, GraphQLFloat, GraphQLInt, GraphQLLeafType, GraphQLString

from graph.compiling.leaves import NotPlain, complete_leaf, short_way
from graph.compiling.writing import Plain, written
from graph.core_execution import CORE_SCHEMA


def field(leaf: GraphQLLeafType, name: str = "a") -> Plain:
    return Plain("told", attrgetter(name), complete_leaf(leaf), name, short_way(leaf))


def test_fields_are_in_their_order_under_their_keys() -> None:
    plain = [Plain(key, lambda value: value * 2, str) for key in ("b", "a", "__typename")]
    assert list(written(plain)(4).items()) == [("b", "8"), ("a", "8"), ("__typename", "8")]


def test_an_object_of_another_class_is_not_read() -> None:
    complete = written([], frozenset({int}))
    assert complete(1) == {}
    with pytest.raises(NotPlain):
        complete(True)


@pytest.mark.parametrize(
    ("leaf", "values"),
    [
        (GraphQLString, ["x", "", 3, True, 1.5]),
        (GraphQLInt, [0, -(2**31), 2**31 - 1, True, "7", 3.0]),
        (GraphQLFloat, [0.5, 1, True, "2.5"]),
        (GraphQLBoolean, [True, False, 0, 1, 2.5]),
    ],
)
def test_the_short_way_gives_what_the_type_gives(leaf: Any, values: list[Any]) -> None:
    complete = written([field(leaf)])
    for value in values:
        expected = leaf.coerce_output_value(value)
        found = complete(SimpleNamespace(a=value))["told"]
        assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("leaf", "value"),
    [
        (GraphQLString, None),
        (GraphQLString, [1]),
        (GraphQLInt, 2**31),
        (GraphQLInt, 0.5),
        (GraphQLFloat, float("nan")),
        (GraphQLFloat, float("inf")),
        (GraphQLBoolean, "true"),
        (GraphQLBoolean, ValueError("x")),
    ],
)
def test_what_does_not_fit_raises(leaf: Any, value: Any) -> None:
    complete = written([field(leaf)])
    with pytest.raises(Exception):  # noqa: B017, PT011  Any means that it has no opinion.
        complete(SimpleNamespace(a=value))


def test_every_member_of_every_enum_has_its_name() -> None:
    leaves: Any = [each for each in CORE_SCHEMA.type_map.values() if hasattr(each, "wrapped_cls")]
    assert len(leaves) > 20
    for leaf in leaves:
        complete = written([field(leaf)])
        members = list(leaf.wrapped_cls)
        found = [complete(SimpleNamespace(a=member))["told"] for member in members]
        assert found == [leaf.coerce_output_value(member) for member in members]
