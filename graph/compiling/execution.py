"""graphql-core's executor, which lets compiled functions complete what is plain.

All else is its own: it resolves what waits or takes arguments, and it completes again whatever a compiled function had
no opinion on, so nulls and errors are its own too. Compiled fields have no effects, so that they are read before the
others, and perhaps twice, changes nothing; what their lists gave is taken back then, so that it counts once.

Overridden are methods that graphql-core calls private; `tests/unit/graph/compiling` compares every result with that of
the executor as it is.
"""

from collections.abc import Awaitable, Sequence
from typing import Any

from graphql import GraphQLList, GraphQLObjectType, GraphQLResolveInfoHelpers
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import AwaitableOrValue, Path

from graph.compiling.counting import current, items_per_row
from graph.compiling.selections import Selection, Selections


class CompilingExecutor(Executor[Any]):
    """An executor for one operation; `selections` are those of the same operation and variables."""

    selections: Selections

    @property
    def async_helpers(self) -> GraphQLResolveInfoHelpers:
        """What resolvers are given to wait with; made for each, as the executor would otherwise keep itself.

        So all that an operation had is freed at its end, and not when the collector comes by.
        """
        return GraphQLResolveInfoHelpers(gather=self.gather_async_work, track=self.track_async_work)

    @async_helpers.setter
    def async_helpers(self, helpers: GraphQLResolveInfoHelpers) -> None:
        """graphql-core makes them once, for its own `__init__` to keep; these are as good."""

    def execute_collected_root_fields(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,  # noqa: ARG002  It is equal, but made anew for each execution.
        serially: bool,  # noqa: FBT001  As graphql-core calls it.
        new_defer_usages: Sequence[Any],
    ) -> AwaitableOrValue[dict[str, Any]]:
        """Execute the root fields: the same lists each time, so that all that follows is found again."""
        return super().execute_collected_root_fields(
            root_type, root_value, self.selections.root(), serially, new_defer_usages
        )

    def collect_and_execute_subfields(
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> AwaitableOrValue[dict[str, Any]]:
        """Complete an object: the plain fields at once, the rest as graphql-core does."""
        selection = self.selections.of(return_type, field_details_list)
        done, rest = _read(selection, result)
        if not rest:
            return done
        others = self.execute_fields(return_type, result, path, rest, position_context)
        if isinstance(others, dict):
            return _joined(selection, done, others)
        return _later(selection, done, others)

    def complete_list_value(
        self,
        return_type: GraphQLList[Any],
        field_details_list: FieldDetailsList,
        info: Any,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> AwaitableOrValue[list[Any]]:
        """Complete a list: at once, if its items are plain."""
        count = current()
        if type(result) is list or type(result) is tuple:
            count.give(len(result) // items_per_row(return_type))
        item = self.selections.value(return_type.of_type, field_details_list)
        if item is not None and type(result) is list:
            before = count.room
            try:
                return [item(each) for each in result]
            except Exception:  # Whatever it is, graphql-core comes to it and says it.
                if count.room < 0:
                    # To begin anew what is too much already would take as long once more.
                    raise
                count.room = before
        return super().complete_list_value(
            return_type, field_details_list, info, path, result, position_context
        )


def _read(selection: Selection, source: Any) -> tuple[dict[str, Any], GroupedFieldSet]:
    """The plain fields that could be read, and all others."""
    count = current()
    before = count.room
    try:
        done: dict[str, Any] = selection.read(source)
    except Exception:  # noqa: BLE001  Whatever it is, graphql-core comes to it and says it.
        if count.room >= 0:
            count.room = before
        return {}, selection.fields
    return done, selection.rest


async def _later(
    selection: Selection, done: dict[str, Any], others: Awaitable[dict[str, Any]]
) -> dict[str, Any]:
    return _joined(selection, done, await others)


def _joined(selection: Selection, done: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """All fields in the order in which they were selected; one that the schema does not know has no value."""
    if not done:
        return others
    both = {**done, **others}
    return {key: both[key] for key in selection.fields if key in both}
