"""The compiled selections of one document, of which there is one for each set of values that its directives ask for."""

from collections import OrderedDict
from typing import Any
from weakref import WeakSet

from graphql import DirectiveNode, DocumentNode, VariableNode, Visitor, visit
from graphql.execution import Executor

from graph.compiling.selections import Selections
from graph.compiling.whole import Whole, whole_of

KEPT = 8


class Variants:
    """Selections by the values of the variables that directives use; those used most recently are kept.

    All else that a variable can change is an argument, which compiled functions do not know.
    """

    __slots__ = ("_kept", "_names", "_taking", "whole")

    def __init__(self, document: DocumentNode) -> None:
        found = _InDirectives()
        visit(document, found)
        # It has methods of its own in there, and would be there until the collector comes by.
        found.enter_leave_map.clear()
        self._names = tuple(sorted(found.names))
        self._kept: OrderedDict[tuple[object, ...], Selections] = OrderedDict()
        self._taking: WeakSet[Selections] = WeakSet()
        self.whole: Whole | None = None
        """The whole of a query that has no variables, as soon as `whole_of` has found it."""

    def __repr__(self) -> str:
        return f"<Variants by {', '.join(self._names) or 'nothing'}, {len(self._kept)} kept>"

    def of(self, executor: Executor[Any]) -> Selections:
        """The selections for the variables of an executor of this document's operation."""
        given = executor.variable_values.coerced
        key = tuple(given.get(name) for name in self._names)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = Selections(executor)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return found

    def whole_of(self, executor: Executor[Any], selections: Selections) -> Whole | None:
        """The query of an executor, if these selections of it need nothing of graphql-core's."""
        if selections in self._taking:
            return None
        whole = whole_of(executor, selections)
        if whole is None:
            self._taking.add(selections)
        elif not executor.operation.variable_definitions:
            self.whole = whole
        return whole


class _InDirectives(Visitor):
    """Collects the names of the variables that the arguments of directives are."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        """One use of a directive."""
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.names.add(argument.value.name.value)
