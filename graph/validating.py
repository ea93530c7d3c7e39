"""The rules of GraphQL and ours, held against documents of strangers: what is broken, at a bounded cost.

The rules are those that `graphql.validate` goes through, and what is told is the same, but for this:

- Each error takes time of its own: its message repeats what is wrong with it, up to a whole input object, and the lines
  before it are counted anew. So errors are told until there are enough of them, of their text, or of lines to count.
- Nothing is left behind. Every rule refers to itself once it has been used, with all it knows of the document: 156 KiB
  for each document, until the collector comes by. Those circles are cut here.
- A document without variables or directives is not searched for what could be wrong with them. To find where variables
  are used takes as long as half of all other rules.
"""

from collections.abc import Iterator

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    ParallelVisitor,
    TypeInfo,
    TypeInfoVisitor,
    ValidationContext,
    Visitor,
    assert_valid_schema,
    specified_rules,
    visit,
)
from graphql.validation import (
    DeferStreamDirectiveLabel,
    DeferStreamDirectiveOnRootField,
    DeferStreamDirectiveOnValidOperationsRule,
    KnownDirectivesRule,
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    StreamDirectiveOnListField,
    UniqueDirectivesPerLocationRule,
    UniqueVariableNamesRule,
    VariablesAreInputTypesRule,
    VariablesInAllowedPositionRule,
)
from graphql.validation.validate import (
    FragmentNestingVisitor,
    ValidationAbortedError,
    query_document_keys_to_validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule

from graph.introspection import BoundedIntrospectionRule, NoIntrospectionRule
from graph.one_of import OneOfVariablesRule

Rule = type[ASTValidationRule]

RULES: tuple[Rule, ...] = (*specified_rules, MaybeNullValidationRule, OneOfVariablesRule)
OF_VARIABLES = frozenset(
    {
        NoUndefinedVariablesRule,
        NoUnusedVariablesRule,
        OneOfVariablesRule,
        UniqueVariableNamesRule,
        VariablesAreInputTypesRule,
        VariablesInAllowedPositionRule,
    }
)
OF_DIRECTIVES = frozenset(
    {
        DeferStreamDirectiveLabel,
        DeferStreamDirectiveOnRootField,
        DeferStreamDirectiveOnValidOperationsRule,
        KnownDirectivesRule,
        StreamDirectiveOnListField,
        UniqueDirectivesPerLocationRule,
    }
)

ERRORS_TOLD = 20
"""Nobody reads more of them, and each looks through the schema for what may have been meant."""
CHARACTERS_TOLD = 20_000
"""What the messages may come to: to print six thousand characters of a document takes two milliseconds."""
LINES_COUNTED = 40_000
"""So many lines are counted in five milliseconds; a document of 64 KiB may be 64 thousand lines."""


class Validation:
    """The rules of one schema. Without `introspection` nothing is told of it, so no suggestions either."""

    def __init__(self, schema: GraphQLSchema, *, introspection: bool = True) -> None:
        assert_valid_schema(schema)
        self._schema = schema
        self._rules = (*RULES, BoundedIntrospectionRule if introspection else NoIntrospectionRule)
        self._hide_suggestions = not introspection

    def __repr__(self) -> str:
        return f"<Validation by {len(self._rules)} rules>"

    def errors(self, text: str, document: DocumentNode) -> list[GraphQLError]:
        """What is wrong with a document that was made of this text, as far as it is told; nothing if it is valid."""
        told = _Told(text)
        types = TypeInfo(self._schema)
        context = ValidationContext(self._schema, document, types, told.add, self._hide_suggestions)
        visitors: list[Visitor] = [*_nesting(document), *(rule(context) for rule in self._applying(text))]
        together = ParallelVisitor(visitors)
        whole = TypeInfoVisitor(types, together)
        try:
            visit(document, whole, query_document_keys_to_validate)
        except ValidationAbortedError as enough:
            told.errors.append(enough)
        except RecursionError:
            told.errors.append(ValidationAbortedError("Validation aborted."))
        finally:
            for each in (whole, together, *visitors):
                each.enter_leave_map.clear()
        for error in told.errors:
            _forget_frames(error)
        return told.errors

    def _applying(self, text: str) -> Iterator[Rule]:
        """The rules that a document of this text can break; in a string the two characters are none of either."""
        without: frozenset[Rule] = frozenset()
        if "$" not in text:
            without |= OF_VARIABLES
        if "@" not in text:
            without |= OF_DIRECTIVES
        return (rule for rule in self._rules if rule not in without)


class _Told:
    """The errors of one document, until there are enough."""

    def __init__(self, text: str) -> None:
        self.errors: list[GraphQLError] = []
        lines = 1 + text.count("\n") + text.count("\r")
        self._most = min(ERRORS_TOLD, max(1, LINES_COUNTED // lines))
        self._characters = CHARACTERS_TOLD

    def add(self, error: GraphQLError) -> None:
        """Take one more.

        Raises:
            ValidationAbortedError: there are enough.
        """
        if len(self.errors) >= self._most or self._characters <= 0:
            # In the words of graphql-core.
            message = "Too many validation errors, error limit reached. Validation aborted."
            raise ValidationAbortedError(message)
        self._characters -= len(error.message)
        self.errors.append(error)


def _forget_frames(error: GraphQLError) -> None:
    """Let an error, and whatever it came of, keep nothing of where it was raised: the rules, and so these errors."""
    pending: list[BaseException | None] = [error]
    while pending:
        each = pending.pop()
        if each is not None:
            pending += [each.__cause__, each.__context__, getattr(each, "original_error", None)]
            each.__traceback__ = each.__context__ = None


def _nesting(document: DocumentNode) -> Iterator[Visitor]:
    """What sees to it that no rule goes through fragments deeper than the stack is."""
    fragments = {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    if fragments:
        yield FragmentNestingVisitor(fragments)
