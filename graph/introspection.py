"""Introspection, where it is turned off: nobody learns the schema from the server. `__typename` stays."""

from graphql import FieldNode, GraphQLError, ValidationRule

from graph.results import RefusalCode

MESSAGE = "Introspection is turned off on this server: take the schema from `heliograph schema`, or from its operator."


class NoIntrospectionRule(ValidationRule):
    """Refuses the two fields by which a schema is read (section 4.1 of the specification)."""

    def enter_field(self, node: FieldNode, *_args: object) -> None:
        """Look at one field."""
        if node.name.value in {"__schema", "__type"}:
            extensions = {"code": RefusalCode.NO_INTROSPECTION.value}
            self.report_error(GraphQLError(MESSAGE, node, extensions=extensions))
