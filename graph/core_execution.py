"""The one place that talks to graphql-core's executor.

A subscription is compiled once for its group and executed once per event. What is plain in a selection is completed by
compiled functions (`graph/compiling/`), in queries and mutations too.

graphql-core 3.3.2 keeps, in the executor that all events of a subscription share, an entry for each selection of each
event, for as long as the subscription lives: 2.9 KiB per event, found by nothing, for the key is the id of a list that
each event makes anew. Ours finds the same lists each time; `tests/unit/graph/test_memory.py` holds that in place.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeGuard, cast

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    create_source_event_stream,
    execute_subscription_event,
    execute_sync,
)
from strawberry.execution import optimized_is_awaitable

from graph.compiling.counting import CountedBy
from graph.compiling.execution import CompilingExecutor
from graph.compiling.whole import Whole
from graph.context import Context
from graph.plans import Plan
from graph.results import RefusalCode, malformed, outage, rejected
from graph.schema import schema
from graph.streams.source import Source
from vocabulary.operations import OperationKind

CORE_SCHEMA: GraphQLSchema = schema._schema  # noqa: SLF001  Strawberry has no public name for it.

Compiled = CompilingExecutor

_READER = ThreadPoolExecutor(1, "schema")
"""One thread, for each more that runs Python would take its share of the time of the event loop's."""

_Later = Awaitable[ExecutionResult]

_is_awaitable = cast("Callable[[Any], TypeGuard[Awaitable[Any]]]", optimized_is_awaitable)


async def run(plan: Plan, variables: dict[str, Any], context: Context) -> ExecutionResult:
    """Execute a query or a mutation.

    Raises:
        Rejected: the variables do not fit.
    """
    if plan.reads_schema:
        return _valid(
            await asyncio.get_running_loop().run_in_executor(_READER, _schema_read, plan, variables)
        )
    with CountedBy(context.budget):
        return await _run(plan, variables, context)


async def _run(plan: Plan, variables: dict[str, Any], context: Context) -> ExecutionResult:
    executor = None
    whole = plan.variants.whole
    if whole is None:
        executor = compiled(plan, variables, context)
        whole = _whole(plan, executor)
    if whole is not None:
        context.loaders.expect(len(whole.asked))
        try:
            return ExecutionResult(await whole.data(context), None)
        except Exception:  # noqa: BLE001  Whatever it is, graphql-core comes to it and says it.
            await context.begin_again()
    found = (executor or compiled(plan, variables, context)).execute_operation()
    result = found if isinstance(found, ExecutionResult) else await cast("_Later", found)
    return _valid(result)


def _valid(result: ExecutionResult) -> ExecutionResult:
    if result.data is None and result.errors and all(error.path is None for error in result.errors):
        raise malformed(result.errors, RefusalCode.BAD_VARIABLES)
    return result


def _schema_read(plan: Plan, variables: dict[str, Any]) -> ExecutionResult:
    """What an operation reads that reads the schema only: in a thread, as nobody shall wait that long."""
    return execute_sync(
        CORE_SCHEMA, plan.document, variable_values=variables, operation_name=plan.operation_name
    )


def _whole(plan: Plan, executor: Compiled) -> Whole | None:
    if plan.kind is not OperationKind.QUERY:
        return None
    try:
        return plan.variants.whole_of(executor, executor.selections)
    except GraphQLError:
        # An argument does not fit, and graphql-core says which.
        return None


def compiled(plan: Plan, variables: dict[str, Any], context: Context) -> Compiled:
    """An operation with its variables coerced, to be executed; a subscription again and again.

    Raises:
        Rejected: the variables do not fit.
    """
    built = CompilingExecutor.build(
        CORE_SCHEMA,
        plan.document,
        context_value=context,
        raw_variable_values=variables,
        operation_name=plan.operation_name,
        is_awaitable=_is_awaitable,
        hide_suggestions=plan.hides_schema,
    )
    if isinstance(built, list):
        raise malformed(built, RefusalCode.BAD_VARIABLES)
    executor = cast("CompilingExecutor", built)
    executor.selections = plan.variants.of(executor)
    return executor


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
    with CountedBy(context.budget):
        result = execute_subscription_event(event)
        return result if isinstance(result, ExecutionResult) else await result
