"""Inputs that have one field of several: graphql-core knows the rules of @oneOf, and is told which inputs they are for.

Strawberry keeps that to itself, and its own rule for them fails for a variable that nobody defined and in a fragment
before the operation. One rule is left to us: that a variable for such a field cannot be null. graphql-core sees to it
where the input itself may be null, and not where it may not.
"""

from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLSchema,
    NonNullTypeNode,
    OperationDefinitionNode,
    ValidationRule,
)


def tell_one_of(core: GraphQLSchema) -> None:
    """Say of each input of a schema of Strawberry's whether it has one field of several."""
    for kind in core.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            definition = kind.extensions.get("strawberry-definition")
            kind.is_one_of = definition is not None and definition.is_one_of


class OneOfVariablesRule(ValidationRule):
    """A variable for a field of an input that has one of several is there, whatever the input stands in."""

    def leave_operation_definition(self, operation: OperationDefinitionNode, *_: Any) -> None:
        """One operation, with the fragments that it spreads."""
        nullable = {
            each.variable.name.value: each
            for each in operation.variable_definitions or ()
            if not isinstance(each.type, NonNullTypeNode)
        }
        for usage in self.context.get_recursive_variable_usages(operation):
            name, inside = usage.node.name.value, usage.parent_type
            if name in nullable and isinstance(inside, GraphQLNonNull) and _is_one_of(inside.of_type):
                used = f"used for OneOf Input Object '{inside.of_type}'"
                message = f"Variable '${name}' must be non-nullable to be {used}."
                self.report_error(GraphQLError(message, [nullable[name], usage.node]))


def _is_one_of(kind: object) -> bool:
    return isinstance(kind, GraphQLInputObjectType) and kind.is_one_of
