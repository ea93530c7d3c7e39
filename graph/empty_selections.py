"""Selection sets of nothing, which the grammar does not have: GraphQL, section 2.4, `{ Selection+ }`.

graphql-core 3.3 takes them, at the root as well, and no rule of validation says anything of them.
"""

import re

from graphql import BREAK, DocumentNode, GraphQLError, SelectionSetNode, Visitor, VisitorAction, visit

SUSPECT = re.compile(r"\{(?:[\s,\ufeff]|#[^\n\r]*)*\}")
"""What could be one, or an object of no fields: most documents have neither, and are not walked."""


class _Seeker(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: SelectionSetNode | None = None

    def enter_selection_set(self, node: SelectionSetNode, *_: object) -> VisitorAction:
        if node.selections:
            return None
        self.found = node
        return BREAK


def check_selections(text: str, document: DocumentNode) -> GraphQLError | None:
    """What is wrong with a document that was made of this text, if anything."""
    if SUSPECT.search(text) is None:
        return None
    seeker = _Seeker()
    visit(document, seeker)
    # It has methods of its own in there, and would be there until the collector comes by.
    seeker.enter_leave_map.clear()
    if seeker.found is None:
        return None
    return GraphQLError("Syntax Error: A selection set must select something.", seeker.found)
