"""How much of a schema a selection of introspection reads: about as many values as its answer has.

Lists are as long as they are on average: of all types, or of those that fields refer to. Of a type that is asked for by
itself they are as long as the longest there is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_introspection_query,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_wrapping_type,
    parse,
)

READING = frozenset({"__schema", "__type"})
"""The two fields by which a schema is read (section 4.1 of the specification)."""
_TO_OTHERS = frozenset({"type", "ofType", "interfaces", "possibleTypes"})
_LISTS = ("fields", "inputFields", "enumValues", "interfaces", "possibleTypes")

Fragments = Mapping[str, FragmentDefinitionNode]
_Lengths = Mapping[str, float]


class SchemaSize:
    """The lengths of the lists of one schema; `of_tools` is what the query takes that tools send."""

    def __init__(self, schema: GraphQLSchema) -> None:
        types = [*schema.type_map.values()]
        fields = [each for type_ in types if is_composite_type(type_) for each in _fields(type_).values()]
        arguments = [len(each.args) for each in fields]
        wrapped = sum(_wrappings(each.type) for each in fields)
        every = {
            "types": len(types),
            "directives": len(schema.directives),
            # So many types are of another one: each field's type, and what that is of.
            "ofType": wrapped / (wrapped + len(fields)),
        }
        self._one: _Lengths = {**every, **_lengths(schema, types, max), "args": max(arguments)}
        self._all: _Lengths = {**every, **_lengths(schema, types, _mean), "args": _mean(arguments)}
        referred = [get_named_type(each.type) for each in fields]
        self._others: _Lengths = {**self._all, **_lengths(schema, referred, _mean)}
        document = parse(get_introspection_query())
        self.of_tools = sum(
            self.values(each, fragments_of(document))
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
            for each in fields_in(node.selection_set, fragments_of(document))
        )

    def __repr__(self) -> str:
        return f"<SchemaSize {self.of_tools:.0f} values>"

    def values(self, node: FieldNode, fragments: Fragments) -> float:
        """How many values a field takes that reads the schema."""
        return self._values(node, fragments, self._one, 1.0)

    def _values(self, node: FieldNode, fragments: Fragments, lengths: _Lengths, times: float) -> float:
        name = node.name.value
        each = times * lengths.get(name, 1.0)
        if node.selection_set is None:
            return each
        inside = self._all if name == "types" else self._others if name in _TO_OTHERS else lengths
        below = fields_in(node.selection_set, fragments)
        return each + sum(self._values(one, fragments, inside, each) for one in below)


def reads_nothing_else(operation: OperationDefinitionNode, fragments: Fragments) -> bool:
    """Whether an operation reads the schema and nothing beside it."""
    names = {node.name.value for node in fields_in(operation.selection_set, fragments)}
    return bool(names & READING) and names <= READING | {"__typename"}


def fragments_of(document: DocumentNode) -> Fragments:
    """The fragments of a document by their names."""
    found = (node for node in document.definitions if isinstance(node, FragmentDefinitionNode))
    return {node.name.value: node for node in found}


def fields_in(selections: SelectionSetNode, fragments: Fragments) -> Iterator[FieldNode]:
    """The fields of a selection, those of its fragments among them, each of which is looked into once."""
    pending, seen = [selections], set[str]()
    while pending:
        for node in pending.pop().selections:
            match node:
                case FieldNode():
                    yield node
                case InlineFragmentNode():
                    pending.append(node.selection_set)
                case FragmentSpreadNode() if node.name.value not in seen:
                    seen.add(node.name.value)
                    found = fragments.get(node.name.value)
                    pending += [found.selection_set] if found is not None else []


def _lengths(schema: GraphQLSchema, types: Iterable[GraphQLNamedType], of: Any) -> _Lengths:
    each = [_lists(schema, type_) for type_ in types]
    return {name: of([one[name] for one in each]) for name in _LISTS}


def _lists(schema: GraphQLSchema, type_: GraphQLNamedType) -> Mapping[str, int]:
    inputs = isinstance(type_, GraphQLInputObjectType)
    fields = len(_fields(type_))
    return {
        "fields": 0 if inputs else fields,
        "inputFields": fields if inputs else 0,
        "enumValues": len(getattr(type_, "values", ())),
        "interfaces": len(getattr(type_, "interfaces", ())),
        "possibleTypes": len(schema.get_possible_types(type_)) if is_abstract_type(type_) else 0,
    }


def _fields(type_: GraphQLNamedType) -> Mapping[str, Any]:
    return getattr(type_, "fields", {})


def _wrappings(type_: Any) -> int:
    """How many lists and "never null" a type is of."""
    return 1 + _wrappings(type_.of_type) if is_wrapping_type(type_) else 0


def _mean(numbers: Sequence[int]) -> float:
    return sum(numbers) / max(1, len(numbers))
