"""Random selections over the schema: aliases, merged fields, fragments in fragments, and directives with variables.

They are not validated, which only lets more through. An alias says what it is of, so that what is merged may be merged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from graphql import (
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)
from hypothesis import strategies as st

from graph.compiling.reading import getter
from graph.core_execution import CORE_SCHEMA

T = TypeVar("T")

DEPTH = 5
FLAGS = ("a", "b")
DIRECTIVES = (
    "@include(if: ${})",
    "@skip(if: ${})",
    "@include(if: true)",
    "@skip(if: false)",
    "@skip(if: true)",
)


@dataclass
class Document:
    """A document with the values of its variables; `is_plain` if graphql-core is needed for nothing in it."""

    text: str
    variables: dict[str, Any]
    is_plain: bool


@dataclass
class Drawing:
    """What was drawn so far: definitions of fragments, and whether all fields are plain."""

    draw: st.DrawFn
    plain_only: bool
    fragments: list[str] = field(default_factory=list)
    is_plain: bool = True

    def pick(self, options: Sequence[T]) -> T:
        """One of these. A strategy of its own for each choice would cost more than all that is tested with it."""
        return options[self.draw(st.integers(0, len(options) - 1))]

    def selection(self, type_: GraphQLNamedType, depth: int) -> str:
        """What is selected of an object of this type."""
        count = self.draw(st.integers(1, 5 if depth > 1 else 3))
        return "{ " + " ".join(self._one(type_, depth) for _ in range(count)) + " }"

    def _one(self, type_: GraphQLNamedType, depth: int) -> str:
        kind = self.pick(("field", "field", "field", "inline", "spread", "bare"))
        if kind == "field" or depth <= 0:
            return self._field(type_, depth)
        if kind == "bare":
            return f"... {self._directive()} {self.selection(type_, depth - 1)}"
        target = self.pick(self._conditions(type_))
        inside = self.selection(target, depth - 1)
        if kind == "inline":
            return f"... on {target.name} {self._directive()} {inside}"
        name = f"F{len(self.fragments)}"
        self.fragments.append(f"fragment {name} on {target.name} {inside}")
        again = self.draw(st.booleans())
        return f"...{name} {self._directive()}" + (f" ...{name}" if again else "")

    def _field(self, type_: GraphQLNamedType, depth: int) -> str:
        names = ["__typename"]
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            names += [name for name, each in type_.fields.items() if self._may_have(each, depth)]
        name = self.pick(names)
        alias = self.pick(("", "", f"x_{name.strip('_')}: ", f"y_{name.strip('_')}: "))
        if name == "__typename":
            return f"{alias}{name} {self._directive()}"
        found = type_.fields[name]  # type: ignore[attr-defined]
        if isinstance(type_, GraphQLObjectType) and getter(found) is None:
            self.is_plain = False
        inner = get_named_type(found.type)
        inside = "" if is_leaf_type(inner) else self.selection(inner, depth - 1)
        return f"{alias}{name} {self._directive()} {inside}"

    def _may_have(self, found: Any, depth: int) -> bool:
        if any(is_required_argument(each) for each in found.args.values()):
            return False
        if not is_leaf_type(get_named_type(found.type)) and depth <= 0:
            return False
        return not self.plain_only or getter(found) is not None

    def _conditions(self, type_: GraphQLNamedType) -> list[GraphQLNamedType]:
        """The types that a fragment here may be on."""
        if isinstance(type_, GraphQLUnionType | GraphQLInterfaceType):
            members = list(CORE_SCHEMA.get_possible_types(type_))
            above = [each for one in members for each in one.interfaces]
            return [type_, *members, *above]
        if isinstance(type_, GraphQLObjectType):
            return [type_, *type_.interfaces]
        return [type_]

    def _directive(self) -> str:
        if self.draw(st.integers(0, 5)):
            return ""
        return self.pick(DIRECTIVES).format(self.pick(FLAGS))


@st.composite
def subscriptions(draw: st.DrawFn, root: str, union: str, *, plain_only: bool) -> Document:
    """A subscription to a root field whose type is a union."""
    drawing = Drawing(draw, plain_only)
    alias = drawing.pick(("", "told: "))
    inside = drawing.selection(CORE_SCHEMA.type_map[union], DEPTH)
    arguments = {"campaignEvents": '(campaignId: "x")', "domainEvents": '(campaignId: "x")'}
    arguments |= {"bulkOperation": '(id: "x")', "resourceEvents": "(kinds: [PERSONA])"}
    head = ", ".join(f"${name}: Boolean!" for name in FLAGS)
    body = f"subscription ({head}) {{ {alias}{root}{arguments.get(root, '')} {inside} }}"
    flags = {name: draw(st.booleans()) for name in FLAGS}
    return Document("\n".join([body, *drawing.fragments]), flags, drawing.is_plain)


@st.composite
def queries(draw: st.DrawFn) -> Document:
    """A query of some root fields that need no arguments."""
    drawing = Drawing(draw, plain_only=False)
    root = CORE_SCHEMA.query_type
    assert root is not None
    head = ", ".join(f"${name}: Boolean!" for name in FLAGS)
    body = f"query ({head}) {drawing.selection(root, 4)}"
    flags = {name: draw(st.booleans()) for name in FLAGS}
    return Document("\n".join([body, *drawing.fragments]), flags, drawing.is_plain)
