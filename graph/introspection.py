"""Introspection: how much of the schema is read at once, and that none of it is where that is turned off.

The query that tools send takes 70 ms of this schema, and a document of 6 KiB that asks for the same again and again by
aliases takes seconds. So an operation that reads nothing but the schema is carried out in a thread
(`graph/core_execution.py`), and more than that, or much of it beside other fields, is refused. `__typename` is no
introspection.
"""

from functools import cache

from graphql import FieldNode, GraphQLError, OperationDefinitionNode, ValidationRule

from graph.results import RefusalCode
from graph.schema_size import READING, SchemaSize, fields_in, fragments_of, reads_nothing_else

MESSAGE = "Introspection is turned off on this server: take the schema from `heliograph schema`, or from its operator."
MOST = 2.0
"""So many times what the query of tools reads."""
MOST_BESIDE = 0.1
"""The same beside other fields, where no thread is."""

_size_of = cache(SchemaSize)


class NoIntrospectionRule(ValidationRule):
    """Refuses the two fields by which a schema is read."""

    def enter_field(self, node: FieldNode, *_args: object) -> None:
        """Look at one field."""
        if node.name.value in READING:
            extensions = {"code": RefusalCode.NO_INTROSPECTION.value}
            self.report_error(GraphQLError(MESSAGE, node, extensions=extensions))


class BoundedIntrospectionRule(ValidationRule):
    """Refuses to read more of the schema at once than anybody needs."""

    def enter_operation_definition(self, node: OperationDefinitionNode, *_args: object) -> None:
        """Look at one operation."""
        fragments = fragments_of(self.context.document)
        reading = [each for each in fields_in(node.selection_set, fragments) if each.name.value in READING]
        if not reading:
            return
        size = _size_of(self.context.schema)
        share = sum(size.values(each, fragments) for each in reading) / size.of_tools
        if share > MOST:
            much = f"This reads {share:.1f} times as much of the schema as the introspection query of tools"
            self.report_error(GraphQLError(f"{much}; {MOST:g} times is the limit.", reading[0]))
        elif share > MOST_BESIDE and not reads_nothing_else(node, fragments):
            message = "So much of the schema is not read beside other fields: ask for it by itself."
            self.report_error(GraphQLError(message, reading[0]))
