"""Random documents of the schema: mostly such as somebody could mean, with now and then a value that nobody would.

Everything is drawn from one generator of random numbers, so a seed gives the same documents again.
"""

import json
from collections.abc import Callable, Mapping
from random import Random

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

DEPTH = 4
HOSTILE_SHARE = 0.02
OPTIONAL_SHARE = 0.25
ALIASES = 10_000
DIRECTIVES = ("", " @include(if: true)", " @skip(if: true)", " @skip(if: $x)", " @unknown")
DIRECTIVE_WEIGHTS = (200, 5, 5, 1, 1)
TEXTS = (
    "",
    "a",
    "wind",
    "0" * 300,
    "\x00",
    "é😀",
    "\u202e",
    "%s{0}$(x)",
    "'; DROP TABLE campaigns;--",
    "a\nb",
)
IDS = (
    "",
    "0",
    "Q2FtcGFpZ246",
    "Q2FtcGFpZ246MDE5MjAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAw",
    "x" * 300,
    "\x00",
)
INTEGERS = ("0", "1", "1", "5", "50", "-1", "2147483647")
FLOATS = (*INTEGERS, "0.5", "1e308", "1e-400")
ODD = (
    "null",
    "$undeclared",
    "[[[[[]]]]]",
    "{a: {a: {a: 1}}}",
    "UNKNOWN",
    '"\\uD800"',
    "true",
    "1.",
    "2147483648",
    "-99999999999999999999",
    "1e400",
    '""""""',
    "-",
)
SCALARS: Mapping[str, tuple[str, ...]] = {
    "Boolean": ("true", "false"),
    "Int": INTEGERS,
    "Float": FLOATS,
    "ID": tuple(json.dumps(each) for each in IDS),
}


class DocumentMaker:
    """Makes documents of one schema."""

    def __init__(self, schema: GraphQLSchema, random: Random) -> None:
        self._random = random
        self._schema = schema
        self._roots = {
            "query": schema.query_type,
            "mutation": schema.mutation_type,
            "subscription": schema.subscription_type,
        }

    def document(self) -> str:
        """A document with one operation, or more."""
        names = ("A", "B") if self._random.random() < HOSTILE_SHARE else ("",)
        return " ".join(self._operation(name) for name in names)

    def broken(self) -> str:
        """A document with something cut out, doubled or put in."""
        text = self.document()
        start, end = sorted(self._random.randrange(len(text) + 1) for _ in range(2))
        rest = ("", "{", "}", '"', '"""', "...", "@include", "\ufeff", "#", text[start:end], "$a: ", "!" * 50)
        return text[:start] + self._random.choice(rest) + text[min(end, start + 20) :]

    def _operation(self, name: str) -> str:
        kind = self._random.choices(tuple(self._roots), (70, 20, 10))[0]
        root = self._roots[kind]
        assert root is not None
        return f"{kind} {name} {self._selection(root, DEPTH, many=kind != 'subscription')}"

    def _selection(self, kind: GraphQLOutputType, depth: int, *, many: bool = True) -> str:
        named = get_named_type(kind)
        if isinstance(named, GraphQLUnionType | GraphQLInterfaceType):
            possible = self._schema.get_possible_types(named)
            some = self._random.sample(possible, min(len(possible), 2))
            parts = [f"... on {one.name} {self._selection(one, depth - 1)}" for one in some]
            return f"{{ __typename {' '.join(parts)} }}"
        if not isinstance(named, GraphQLObjectType):
            return ""
        fields = [
            (name, field)
            for name, field in named.fields.items()
            if depth > 1 or is_leaf_type(get_named_type(field.type))
        ]
        if not fields:
            return "{ __typename }"
        some_fields = self._random.sample(fields, min(len(fields), self._random.randint(1, 4) if many else 1))
        return f"{{ {' '.join(self._field(name, field, depth) for name, field in some_fields)} }}"

    def _field(self, name: str, field: GraphQLField, depth: int) -> str:
        alias = f"a{self._random.randrange(ALIASES)}: " if self._random.random() < OPTIONAL_SHARE else ""
        given = [
            f"{name}: {self._value(argument.type)}"
            for name, argument in field.args.items()
            if self._is_given(argument, is_required_argument)
        ]
        arguments = f"({', '.join(given)})" if given else ""
        directive = self._random.choices(DIRECTIVES, DIRECTIVE_WEIGHTS)[0]
        return f"{alias}{name}{arguments}{directive} {self._selection(field.type, depth - 1)}"

    def _is_given(self, argument: GraphQLArgument, is_required: Callable[[GraphQLArgument], bool]) -> bool:
        return is_required(argument) or self._random.random() < OPTIONAL_SHARE

    def _value(self, kind: GraphQLInputType, depth: int = DEPTH) -> str:
        if self._random.random() < HOSTILE_SHARE:
            return self._random.choice(ODD)
        if isinstance(kind, GraphQLNonNull):
            return self._value(kind.of_type, depth)
        if isinstance(kind, GraphQLList):
            count = self._random.choice((0, 1, 1, 2, 3)) if depth else 0
            return f"[{', '.join(self._value(kind.of_type, depth - 1) for _ in range(count))}]"
        if isinstance(kind, GraphQLEnumType):
            name: str = self._random.choice(tuple(kind.values))
            return name
        if isinstance(kind, GraphQLInputObjectType):
            return self._object(kind, depth)
        return self._random.choice(SCALARS.get(kind.name) or tuple(json.dumps(each) for each in TEXTS))

    def _object(self, kind: GraphQLInputObjectType, depth: int) -> str:
        given = [
            f"{name}: {self._value(field.type, depth - 1)}"
            for name, field in kind.fields.items()
            if is_required_input_field(field) or (depth > 0 and self._random.random() < OPTIONAL_SHARE)
        ]
        return f"{{{', '.join(given)}}}"
