"""How large a document may be: measured once per fragment, refused with the limit."""

from contextlib import suppress
from typing import Any

import pytest
from graphql import GraphQLSyntaxError, get_introspection_query
from graphql.language import Lexer, Source, TokenKind
from hypothesis import given
from hypothesis import strategies as st

from core.limits import STANDARD, Limit, Limits
from core.settings import Settings
from graph.core_execution import CORE_SCHEMA
from graph.limits import check_text
from graph.plans import Plans
from tools import settings_page
from vocabulary.operations import Rejected, Request

MAX_ALIASES = STANDARD.max_aliases


def refused(query: str, **limits: int) -> list[dict[str, Any]]:
    """What a document of one operation, or of many, is refused with."""
    try:
        Plans(CORE_SCHEMA, Limits(**limits)).of(Request(query))
    except Rejected as rejected:
        return [error for error in rejected.errors if "several operations" not in error["message"]]
    return []


def errors(query: str) -> list[tuple[Any, str]]:
    return [(error["extensions"]["code"], error["message"]) for error in refused(query)]


def named(query: str, **limits: int) -> list[dict[str, Any]]:
    return [error["extensions"] for error in refused(query, **limits)]


def activities(rounds: int) -> str:
    """activity.nodes.campaign, `rounds` times, and a name: 3 · rounds + 1 deep."""
    query = "name"
    for _ in range(rounds):
        query = f"activity {{ nodes {{ campaign {{ {query} }} }} }}"
    return f"{{ {query} }}"


def test_a_document_may_be_as_deep_as_the_limit() -> None:
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


@pytest.mark.effect("setting.max_depth")
def test_max_depth() -> None:
    assert named("{ campaigns { nodes { name } } }", max_depth=2) == [
        {"code": "LIMIT_EXCEEDED", "limit": 2, "limitName": "maxDepth"}
    ]
    assert named("{ campaigns { nodes { name } } }", max_depth=3) == []


@pytest.mark.effect("setting.max_aliases")
def test_max_aliases() -> None:
    assert named("{ a: cursor b: cursor }", max_aliases=1) == [
        {"code": "LIMIT_EXCEEDED", "limit": 1, "limitName": "maxAliases"}
    ]
    assert named("{ a: cursor b: cursor }", max_aliases=2) == []


@pytest.mark.effect("setting.max_characters")
def test_max_characters() -> None:
    document = "{ cursor } #" + "x" * 88
    assert named(document, max_characters=99) == [
        {"code": "LIMIT_EXCEEDED", "limit": 99, "limitName": "maxCharacters"}
    ]
    assert named(document, max_characters=100) == []


@pytest.mark.effect("setting.max_tokens")
def test_max_tokens() -> None:
    assert named("{ " + "cursor " * 7 + "}", max_tokens=8) == [
        {"code": "LIMIT_EXCEEDED", "limit": 8, "limitName": "maxTokens"}
    ]
    assert named("{ " + "cursor " * 6 + "}", max_tokens=8) == []


@pytest.mark.effect("setting.max_complexity")
def test_max_complexity() -> None:
    # One operation, and so many fields of one name in one place.
    repeated = "{ " + "cursor " * 30 + "}"
    assert named(repeated, max_complexity=1_099) == [
        {"code": "LIMIT_EXCEEDED", "limit": 1_099, "limitName": "maxComplexity"}
    ]
    assert named(repeated, max_complexity=1_100) == []


@pytest.mark.parametrize(
    "document",
    [
        "{ " + "viewer { id } " * 350 + "}",
        "{ " + "... { cursor } " * 350 + "}",
        "{ " + "__typename " * 1_400 + "}",
        "{ cursor } fragment F on Query { " + "viewer { id } " * 350 + "}",
        "{ "
        + " ".join(f"...F{n}" for n in range(200))
        + " }"
        # None of these has a field of the others, and the rules compare each with each all the same.
        + " ".join(f"fragment F{n} on Query {{ __typename }}" for n in range(120)),
        " ".join(f"query Q{n} {{ cursor }}" for n in range(290)),
        "{ viewer { " + " ".join(f"...F{n}" for n in range(200)) + " } } fragment F0 on Viewer { id }",
    ],
)
def test_what_is_small_and_takes_long_to_validate_is_refused_before(document: str) -> None:
    assert [each.get("limitName") for each in named(document)] == ["maxComplexity"]


LEXEMES = [
    "name",
    "_",
    "$",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    "=",
    "@",
    "|",
    "!",
    "&",
    "...",
    "1",
    "-2.5e+3",
    "0",
]
LEXEMES += [
    '""',
    '"a \\" # b"',
    '"""',
    '"""a"b \\""" #"""',
    '"\\\\"',
    "#comment\n",
    '# "x\n',
    ",",
    " ",
    "\n",
    "\ufeff",
]


@given(st.lists(st.sampled_from(LEXEMES), max_size=30), st.integers(0, 30))
def test_tokens_are_those_of_the_lexer(parts: list[str], most: int) -> None:
    text = " ".join(parts)
    lexer, tokens = Lexer(Source(text)), 0
    with suppress(GraphQLSyntaxError):
        while lexer.advance().kind is not TokenKind.EOF:
            tokens += 1
        limits = Limits(max_tokens=most)
        assert (check_text(text, limits) is not None) == (tokens > most)


def test_every_limit_is_a_setting_of_the_same_name() -> None:
    assert [settings_page.camel(name) for name in Limits.__struct_fields__] == [
        limit.value for limit in Limit
    ]
    assert Settings(max_depth=3).limits == Limits(max_depth=3)


def test_tools_may_introspect() -> None:
    assert errors(get_introspection_query(input_value_deprecation=True)) == []
