"""A selection set of nothing is a syntax error, wherever it stands and whatever is ignored in it."""

import pytest
from graphql import parse

from graph.empty_selections import check_selections


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "query { }",
        "{ \ufeff, # nothing\n }",
        "mutation {}",
        "subscription A {}",
        "{ a { b {} } }",
        "{ ... on A {} }",
        "{ ...F } fragment F on A {}",
    ],
)
def test_is_found(text: str) -> None:
    error = check_selections(text, parse(text))
    assert error is not None
    assert error.message == "Syntax Error: A selection set must select something."
    assert error.locations


@pytest.mark.parametrize(
    "text", ["{ a }", "{ a(b: {}) }", '{ a(b: "{}") }', "{ a # {}\n }", "query A($b: C = {}) { a }"]
)
def test_is_not_taken_for_what_looks_alike(text: str) -> None:
    assert check_selections(text, parse(text)) is None
