"""What a resolver gave and nobody awaited, for whoever should have done it was cancelled before it began."""

import asyncio
from collections.abc import Coroutine
from inspect import CORO_CLOSED, getcoroutinestate
from typing import Any

from graphql import GraphQLString, build_schema, parse
from graphql.pyutils import Path

from graph.compiling.execution import CompilingExecutor

SCHEMA = build_schema("type Query { a: String }")


async def resolver() -> str:
    return "value"


def completion(given: Any) -> Coroutine[Any, Any, Any]:
    """What completes a field of which a resolver gave that."""
    executor: Any = CompilingExecutor.build(SCHEMA, parse("{ a }"))
    none: Any = None
    return CompilingExecutor.complete_awaitable_value(
        executor, GraphQLString, [], none, Path(None, "a", "Query"), given, none
    )


async def cancelled_before_it_begins(work: Coroutine[Any, Any, Any]) -> bool:
    task = asyncio.ensure_future(work)
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled()


async def test_it_is_closed_with_whoever_should_have_awaited_it() -> None:
    given = resolver()
    assert await cancelled_before_it_begins(completion(given))
    assert getcoroutinestate(given) == CORO_CLOSED


async def test_what_is_awaited_has_its_value_and_its_own_end() -> None:
    assert await completion(resolver()) == "value"
    future = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(completion(future))
    future.set_result("later")
    assert await task == "later"
