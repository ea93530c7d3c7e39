"""How large a document may be: measured once per fragment, refused with the limit."""

from typing import Any

import pytest
from graphql import GraphQLSyntaxError, get_introspection_query, parse, validate

from graph.limits import MAX_ALIASES, MAX_DEPTH, MAX_TOKENS, PARSE_OPTIONS, RULES
from graph.schema import schema


def errors(query: str) -> list[tuple[Any, str]]:
    found = validate(schema._schema, parse(query, **PARSE_OPTIONS), RULES)
    return [((error.extensions or {}).get("code"), error.message) for error in found]


def activities(rounds: int) -> str:
    """activity.nodes.campaign, `rounds` times, and a name: 3 · rounds + 1 deep."""
    query = "name"
    for _ in range(rounds):
        query = f"activity {{ nodes {{ campaign {{ {query} }} }} }}"
    return f"{{ {query} }}"


def test_a_document_may_be_as_deep_as_the_limit() -> None:
    assert MAX_DEPTH == 14
    assert errors(activities(4)) == []
    assert errors(activities(5)) == [("LIMIT_EXCEEDED", "Fields are nested 16 deep; 14 is the limit.")]


def test_fragments_count_with_their_depth() -> None:
    step = "activity { nodes { campaign { %s } } }"
    fragment = f"fragment F on Campaign {{ ... on Campaign {{ {step % (step % 'name')} }} name }}"
    query = f"{{ {step % (step % '...F')} }} {fragment}"
    assert errors(query) == []
    assert errors(query.replace("...F }", f"{step % '...F'} }}", 1)) == [
        ("LIMIT_EXCEEDED", "Fields are nested 16 deep; 14 is the limit.")
    ]


def test_aliases_are_counted_as_often_as_they_are_spread() -> None:
    exactly = " ".join(f"a{n}: cursor" for n in range(MAX_ALIASES))
    assert errors(f"{{ {exactly} }}") == []
    message = f"There are {MAX_ALIASES + 1} aliases; {MAX_ALIASES} is the limit."
    assert errors(f"{{ {exactly} b: cursor }}") == [("LIMIT_EXCEEDED", message)]
    spread = (
        "{ a: campaigns { nodes { ...F } } b: campaigns { nodes { ...F } } } fragment F on Campaign { %s }"
    )
    inside = " ".join(f"a{n}: name" for n in range(25))
    assert errors(spread % inside) == [("LIMIT_EXCEEDED", "There are 52 aliases; 50 is the limit.")]


def test_fragments_that_spread_one_another_twice_are_measured_at_once() -> None:
    levels = 100
    fragments = [f"fragment F{n} on Query {{ ...F{n + 1} x: __typename ...F{n + 1} }}" for n in range(levels)]
    query = "{ ...F0 } " + " ".join(fragments) + f" fragment F{levels} on Query {{ a: cursor }}"
    assert errors(query) == [("LIMIT_EXCEEDED", f"There are {2**levels} aliases; 50 is the limit.")]


def test_a_fragment_in_itself_is_reported_and_not_followed() -> None:
    assert [message for _, message in errors("{ ...F } fragment F on Query { cursor ...F }")] == [
        "Cannot spread fragment 'F' within itself."
    ]


def test_tokens_are_counted_by_the_parser() -> None:
    with pytest.raises(GraphQLSyntaxError, match=str(MAX_TOKENS)):
        errors("{ " + "cursor " * MAX_TOKENS + "}")


def test_tools_may_introspect() -> None:
    assert errors(get_introspection_query(input_value_deprecation=True)) == []
