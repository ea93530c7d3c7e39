"""Whether what is selected depends on who looks at it, as the schema says.

A field that is read from its object alone is the same for everybody who is shown the object. One with a resolver may
read in the scope of whoever looks, so it counts as one that does, unless it is declared to be the same for all
(`graph/fields.py`). Every field of a document counts, whether its values ever come or not.
"""

from collections.abc import Iterator

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    is_abstract_type,
    is_interface_type,
    is_object_type,
    visit,
)

from graph.compiling.reading import definition_of, getter
from graph.fields import SAME_FOR_ALL


def reads_viewer(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    """Whether anything that is selected below the root fields may be different for another viewer."""
    fragments = (each for each in document.definitions if isinstance(each, FragmentDefinitionNode))
    info = TypeInfo(schema)
    found = _Fields(schema, info)
    for node in (operation, *fragments):
        visit(node, TypeInfoVisitor(info, found))
    return found.reads_viewer


class _Fields(Visitor):
    """Looks at each field of a selection."""

    def __init__(self, schema: GraphQLSchema, info: TypeInfo) -> None:
        super().__init__()
        self._schema = schema
        self._info = info
        self.reads_viewer = False

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """One field, of whatever types its object may be."""
        if (
            node.name.value != "__typename"
            and self._info.get_parent_type() is not self._schema.subscription_type
        ):
            fields = list(self._definitions(node.name.value))
            self.reads_viewer |= not fields or any(_may_read_viewer(each) for each in fields)

    def _definitions(self, name: str) -> Iterator[GraphQLField]:
        parent = self._info.get_parent_type()
        types = [parent, *self._schema.get_possible_types(parent)] if is_abstract_type(parent) else [parent]
        for each in types:
            if (is_object_type(each) or is_interface_type(each)) and name in each.fields:
                yield each.fields[name]


def _may_read_viewer(field: GraphQLField) -> bool:
    if getter(field) is not None:
        return False
    found = definition_of(field)
    return found is None or not found.metadata.get(SAME_FOR_ALL, False)
