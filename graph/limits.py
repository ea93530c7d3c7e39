"""How large a document may be, decided before it is executed.

The rules are classes made once, at import, so that a cache of validated documents can be keyed by them. They
visit each fragment once and remember what it comes to: a document whose fragments spread one another twice would
otherwise be small to send and exponential to measure.

How many *rows* an operation may read depends on its variables and is counted when it runs (`graph/context.py`).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
    specified_rules,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

MAX_TOKENS = 3000
MAX_DEPTH = 14
MAX_ALIASES = 50

PARSE_OPTIONS: Mapping[str, Any] = {"max_tokens": MAX_TOKENS}


def _of_fragments(
    context: ValidationContext,
    combine: Callable[[FieldNode | None, int], int],
    join: Callable[[Iterable[int]], int],
) -> Callable[[SelectionSetNode], int]:
    """A measure of selections: `combine` of each field with what is inside it, `join` over a selection.

    A fragment that spreads itself counts nothing; another rule reports it.
    """
    known: dict[str, int] = {}

    def of_selections(selections: SelectionSetNode | None) -> int:
        return join(of(one) for one in selections.selections) if selections is not None else 0

    def of(node: Any) -> int:
        match node:
            case FieldNode():
                return (
                    0
                    if node.name.value.startswith("__")
                    else combine(node, of_selections(node.selection_set))
                )
            case InlineFragmentNode():
                return of_selections(node.selection_set)
            case FragmentSpreadNode():
                return of_fragment(node.name.value)
            case _:
                return 0

    def of_fragment(name: str) -> int:
        if name not in known:
            known[name] = 0
            fragment: FragmentDefinitionNode | None = context.get_fragment(name)
            known[name] = of_selections(fragment.selection_set) if fragment is not None else 0
        return known[name]

    return of_selections


def _deepest(depths: Iterable[int]) -> int:
    return max(depths, default=0)


class DepthRule(ValidationRule):
    """Fields may be nested to a depth of 14; introspection has a rule of its own in graphql-core."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._depth = _of_fragments(context, lambda _, inside: 1 + inside, _deepest)

    def enter_operation_definition(self, node: OperationDefinitionNode, *_args: object) -> None:
        """Measure one operation."""
        depth = self._depth(node.selection_set)
        if depth > MAX_DEPTH:
            self.report_error(
                _too_large(f"Fields are nested {depth} deep; {MAX_DEPTH} is the limit.", MAX_DEPTH, node)
            )


class AliasRule(ValidationRule):
    """An operation may have 50 aliases, those in fragments counted as often as they are spread."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._aliases = _of_fragments(
            context, lambda field, inside: inside + (field is not None and field.alias is not None), sum
        )

    def enter_operation_definition(self, node: OperationDefinitionNode, *_args: object) -> None:
        """Measure one operation."""
        aliases = self._aliases(node.selection_set)
        if aliases > MAX_ALIASES:
            self.report_error(
                _too_large(f"There are {aliases} aliases; {MAX_ALIASES} is the limit.", MAX_ALIASES, node)
            )


def _too_large(message: str, limit: int, node: OperationDefinitionNode) -> GraphQLError:
    return GraphQLError(message, node, extensions={"code": "LIMIT_EXCEEDED", "limit": limit})


RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule, DepthRule, AliasRule)
