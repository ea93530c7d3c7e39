"""How large a document and its variables may be, decided before either is read, so that reading never takes long.

graphql-core's parser and its rules take time that grows faster than the document does: fields of one name are
compared two by two, and so are fragments. What is measured here is measured in time that grows with the document
alone. Fragments are visited once and what they come to is remembered: a document whose fragments spread one another
twice would otherwise be small to send and exponential to measure.

How many *rows* an operation may read depends on its variables and is counted when it runs (`graph/context.py`).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from core.limits import Limit, Limits, exceeded

DEFINITION_WEIGHT = 200
"""An operation or a fragment takes the rules about a millisecond, as much as some hundred comparisons."""

# Section 2.1 of the specification: strings, names, numbers, punctuators, and comments, which are no tokens. What is
# none of these the parser complains about. No quantifier gives back what it took, so the time is linear.
_LEXEME = re.compile(
    r'"""(?:\\"""|[^"]|"(?!""))*+(?:""")?+|"(?:\\.|[^"\\\n\r])*+"?+|[_A-Za-z]\w*+|-?\d[\w.+-]*+|\.\.\.|[!$&()\[\]{}:=@|?]|(#[^\n\r]*+)',
    re.ASCII,
)

Fragments = dict[str, FragmentDefinitionNode]


def check_text(text: str, limits: Limits) -> GraphQLError | None:
    """What is wrong with the size of a document that is not parsed yet."""
    if len(text) > limits.max_characters:
        message = f"The document has {len(text)} characters; {limits.max_characters} is the limit."
        return _too_large(message, Limit.MAX_CHARACTERS, limits)
    if _has_more_tokens(text, limits.max_tokens):
        message = f"The document has more than {limits.max_tokens} tokens."
        return _too_large(message, Limit.MAX_TOKENS, limits)
    return None


def _has_more_tokens(text: str, most: int) -> bool:
    # A token has a character at least, so what is short needs no counting.
    if len(text) <= most:
        return False
    tokens = (found for found in _LEXEME.finditer(text) if found.lastindex is None)
    return next(islice(tokens, most, None), None) is not None


def check_variables(variables: Mapping[str, Any], limits: Limits) -> GraphQLError | None:
    """What is wrong with the size of variables: each value takes some microseconds to be read by the schema."""
    most = limits.max_values
    if not _has_more_values(variables, most):
        return None
    return _too_large(f"The variables have more than {most} values.", Limit.MAX_VALUES, limits)


def _has_more_values(variables: Mapping[str, Any], most: int) -> bool:
    # How deep they are is no matter here: `live/json_text.py` has seen to it.
    pending: list[Any] = [variables]
    values = 0
    while pending and values <= most:
        node = pending.pop()
        values += len(node)
        if values <= most:
            inside = node if isinstance(node, list) else node.values()
            pending += [each for each in inside if isinstance(each, list | dict)]
    return values > most


def check_document(document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """What is wrong with the size of a document that is parsed; nothing if it may be validated."""
    fragments = {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    depth = _Measure(fragments, lambda _, inside: 1 + inside, _deepest)
    aliases = _Measure(fragments, lambda field, inside: inside + (field.alias is not None), sum)
    errors: list[GraphQLError] = []
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            deep, aliased = depth.of(operation.selection_set), aliases.of(operation.selection_set)
            errors += _of_operation(operation, deep, aliased, limits)
    if not errors and _weighs_more(document, fragments, limits.max_complexity):
        message = (
            f"The document is more complex than {limits.max_complexity}: it selects too much, or the same again and "
            "again."
        )
        errors.append(_too_large(message, Limit.MAX_COMPLEXITY, limits))
    return errors


def _of_operation(
    operation: OperationDefinitionNode, depth: int, aliases: int, limits: Limits
) -> Iterator[GraphQLError]:
    if depth > limits.max_depth:
        message = f"Fields are nested {depth} deep; {limits.max_depth} is the limit."
        yield _too_large(message, Limit.MAX_DEPTH, limits, operation)
    if aliases > limits.max_aliases:
        message = f"There are {aliases} aliases; {limits.max_aliases} is the limit."
        yield _too_large(message, Limit.MAX_ALIASES, limits, operation)


class _Measure:
    """A measure of selections: `combine` of each field with what is inside it, `join` over a selection.

    A fragment that spreads itself counts nothing; a rule reports it. For introspection graphql-core has a rule.
    """

    def __init__(
        self,
        fragments: Fragments,
        combine: Callable[[FieldNode, int], int],
        join: Callable[[Iterable[int]], int],
    ) -> None:
        self._fragments = fragments
        self._combine = combine
        self._join = join
        self._known: dict[str, int] = {}

    def of(self, selections: SelectionSetNode | None) -> int:
        """That of a selection."""
        return self._join(map(self._of_node, selections.selections)) if selections is not None else 0

    def _of_node(self, node: Any) -> int:
        match node:
            case FieldNode():
                is_meta = node.name.value.startswith("__")
                return 0 if is_meta else self._combine(node, self.of(node.selection_set))
            case InlineFragmentNode():
                return self.of(node.selection_set)
            case FragmentSpreadNode():
                return self._of_fragment(node.name.value)
            case _:
                return 0

    def _of_fragment(self, name: str) -> int:
        if name not in self._known:
            self._known[name] = 0
            fragment = self._fragments.get(name)
            self._known[name] = self.of(fragment.selection_set) if fragment is not None else 0
        return self._known[name]


def _deepest(depths: Iterable[int]) -> int:
    return max(depths, default=0)


def _weighs_more(document: DocumentNode, fragments: Fragments, most: int) -> bool:
    """Whether there is more to compare than that, as the rule on fields that can be merged compares it.

    Selections of the same place are taken together, as the rule does; each field that is looked at counts, so that
    this ends as soon as there is too much.
    """
    weight = DEFINITION_WEIGHT * len(document.definitions)
    places = [[node.selection_set] for node in _with_selections(document)]
    while places and weight <= most:
        fields, spreads = _together(places.pop(), fragments)
        weight += spreads**2 + sum(len(each) ** 2 for each in fields.values())
        inside = ([one.selection_set for one in each if one.selection_set] for each in fields.values())
        places += [each for each in inside if each]
    return weight > most


def _with_selections(document: DocumentNode) -> Iterator[OperationDefinitionNode | FragmentDefinitionNode]:
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode):
            yield node


def _together(
    selections: Iterable[SelectionSetNode], fragments: Fragments
) -> tuple[dict[str, list[FieldNode]], int]:
    """The fields of one place by the names of their results, and how many fragments are spread there."""
    fields: dict[str, list[FieldNode]] = {}
    spread: set[str] = set()
    pending = list(selections)
    while pending:
        for node in pending.pop().selections:
            match node:
                case FieldNode():
                    fields.setdefault((node.alias or node.name).value, []).append(node)
                case InlineFragmentNode():
                    pending.append(node.selection_set)
                case FragmentSpreadNode() if node.name.value not in spread:
                    spread.add(node.name.value)
                    fragment = fragments.get(node.name.value)
                    pending += [fragment.selection_set] if fragment is not None else []
    return fields, len(spread)


def _too_large(
    message: str, limit: Limit, limits: Limits, node: OperationDefinitionNode | None = None
) -> GraphQLError:
    return GraphQLError(message, node, extensions=exceeded(limit, limits.of(limit)))
