"""The one place that talks to graphql-core's executor.

A subscription is compiled once for its group and executed once per event. graphql-core 3.3.2 keeps, in the
executor that all events of a subscription share, an entry for each selection of each event, for as long as the
subscription lives: 2.9 KiB per event, found by nothing, for the key is the id of a list that each event makes
anew. So each event's executor gets a memo of its own. It is private to graphql-core;
`tests/unit/graph/test_memory.py` holds it in place.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeGuard, cast

from graphql import (
    ExecutionResult,
    GraphQLSchema,
    create_source_event_stream,
    execute,
    execute_subscription_event,
)
from graphql.execution import Executor
from strawberry.execution import optimized_is_awaitable

from graph.context import Context
from graph.plans import Plan
from graph.results import RefusalCode, malformed, outage, rejected
from graph.schema import schema
from graph.streams.source import Source

CORE_SCHEMA: GraphQLSchema = schema._schema  # noqa: SLF001  Strawberry has no public name for it.

Compiled = Executor[Any]

_is_awaitable = cast("Callable[[Any], TypeGuard[Awaitable[Any]]]", optimized_is_awaitable)


async def run(plan: Plan, variables: dict[str, Any], context: Context) -> ExecutionResult:
    """Execute a query or a mutation.

    Raises:
        Rejected: the variables do not fit.
    """
    result = execute(
        CORE_SCHEMA,
        plan.document,
        context_value=context,
        variable_values=variables,
        operation_name=plan.operation_name,
        is_awaitable=_is_awaitable,
    )
    if not isinstance(result, ExecutionResult):
        result = await result
    if result.data is None and result.errors and all(error.path is None for error in result.errors):
        raise malformed(result.errors, RefusalCode.BAD_VARIABLES)
    return result


def compiled(plan: Plan, variables: dict[str, Any], context: Context) -> Compiled:
    """A subscription with its variables coerced, to be executed again and again.

    Raises:
        Rejected: the variables do not fit.
    """
    built = Executor.build(
        CORE_SCHEMA,
        plan.document,
        context_value=context,
        raw_variable_values=variables,
        operation_name=plan.operation_name,
        is_awaitable=_is_awaitable,
    )
    if isinstance(built, list):
        raise malformed(built, RefusalCode.BAD_VARIABLES)
    return built


async def source_of(executor: Compiled) -> Source:
    """What the subscription's resolver says is to be followed.

    Raises:
        Rejected: it refuses.
        Unavailable: the database does not answer.
    """
    found: Any = create_source_event_stream(executor)
    if not isinstance(found, Source | ExecutionResult):
        found = await found
    # Each event brings a context of its own; this one is over soon, and its executor lives on.
    executor.context_value = None
    if isinstance(found, Source):
        return found
    if not isinstance(found, ExecutionResult):
        raise TypeError(f"A subscription's resolver returns a Source, not {found!r}.")
    trouble = outage(found.errors)
    if trouble is not None:
        raise trouble
    raise rejected(found.errors or [])


async def executed(executor: Compiled, payload: object, context: Context) -> ExecutionResult:
    """Execute a compiled subscription on one payload."""
    event = executor.build_per_event_executor(payload)
    event.context_value = context
    fresh_memo(event)
    result = execute_subscription_event(event)
    return result if isinstance(result, ExecutionResult) else await result


def fresh_memo(event: Compiled) -> None:
    """Give the executor of one event a memo of its own; the head of this file says why."""
    event._relevant_sub_fields = {}  # noqa: SLF001  graphql-core has no public name for it.
