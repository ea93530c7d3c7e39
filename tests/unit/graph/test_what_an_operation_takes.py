"""What an operation may take while it runs: rows, and time. Each refusal names its limit and is counted."""

from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from core.limits import Limit, Limits
from db.engine import READERS, Engines
from graph.execution import GraphOperations
from tests.fakes.stage import Stage
from tests.unit.graph.test_execution import CREATE, in_use
from vocabulary.operations import Rejected, Request


class Narrow:
    """The operations of a stage with other limits."""

    def __init__(self, stage: Stage, **limits: Any) -> None:
        self.passed = Counter[Limit]()
        self._caller = stage.house.alice
        services = replace(stage.services, limits=Limits(**limits))
        self._operations = GraphOperations(services, stage.engines, stage.hub, self.passed)

    async def ask(self, query: str, **variables: object) -> Any:
        request = Request(query, variables=variables)
        plan = self._operations.prepare(request)
        return msgspec.json.decode(await self._operations.execute(plan, request, self._caller))


def extensions(result: Any) -> list[Any]:
    return [error["extensions"] for error in result.get("errors", ())]


@pytest.mark.effect("setting.max_rows")
async def test_max_rows(stage: Stage) -> None:
    narrow = Narrow(stage, max_rows=50)
    assert extensions(await narrow.ask("{ campaigns(first: 50) { nodes { name } } }")) == []
    query = "{ campaigns(first: 50) { nodes { name } } proxies(first: 1) { nodes { name } } }"
    assert extensions(await narrow.ask(query)) == [
        {"code": "LIMIT_EXCEEDED", "limit": 50, "limitName": "maxRows"}
    ]
    assert narrow.passed == {Limit.MAX_ROWS: 1}


@pytest.mark.effect("setting.max_page")
async def test_max_page(stage: Stage) -> None:
    narrow = Narrow(stage, max_page=5)
    assert extensions(await narrow.ask("{ campaigns(first: 5) { totalCount } }")) == []
    for query in (
        "{ campaigns(first: 6) { totalCount } }",
        "{ dashboard { activity(first: 6) { cursor } } }",
    ):
        assert extensions(await narrow.ask(query)) == [
            {"code": "LIMIT_EXCEEDED", "limit": 5, "limitName": "maxPage"}
        ]
    assert narrow.passed == {Limit.MAX_PAGE: 2}


@pytest.mark.effect("setting.max_values")
async def test_max_values(stage: Stage) -> None:
    narrow = Narrow(stage, max_values=100)
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert extensions(await narrow.ask(query, ids=["a"] * 99)) == []
    assert narrow.passed == {}
    nested: list[Any] = [["a"] * 100, [{"a": {"b": ["a"] * 97}}], [{"a": 1}] * 50]
    for ids in nested:
        with pytest.raises(Rejected) as info:
            await narrow.ask(query, ids=ids)
        assert [error["extensions"] for error in info.value.errors] == [
            {"code": "LIMIT_EXCEEDED", "limit": 100, "limitName": "maxValues"}
        ]
    assert narrow.passed == {Limit.MAX_VALUES: 3}


async def test_what_is_refused_before_it_runs_is_counted_too(stage: Stage) -> None:
    narrow = Narrow(stage, max_depth=1)
    with pytest.raises(Rejected):
        await narrow.ask("{ me { role } }")
    with pytest.raises(Rejected):
        await narrow.ask("{ nothing }")
    assert narrow.passed == {Limit.MAX_DEPTH: 1}


async def _all_readers(stack: AsyncExitStack, engines: Engines) -> None:
    for _ in range(READERS):
        session = await stack.enter_async_context(engines.reading())
        await session.connection()


@pytest.mark.effect("setting.query_seconds")
async def test_query_seconds(stage: Stage) -> None:
    narrow = Narrow(stage, query_seconds=0.05)
    async with AsyncExitStack() as stack:
        await _all_readers(stack, stage.engines)
        result = await narrow.ask("{ campaigns { totalCount } }")
    told = {"code": "LIMIT_EXCEEDED", "limit": 0.05, "limitName": "querySeconds"}
    assert (result["data"], extensions(result)) == (None, [told])
    assert in_use(stage.engines) == 0
    assert narrow.passed == {Limit.QUERY_SECONDS: 1}
    assert (await narrow.ask("{ campaigns { totalCount } }"))["data"] == {"campaigns": {"totalCount": "0"}}


@pytest.mark.effect("setting.mutation_seconds")
async def test_mutation_seconds(stage: Stage) -> None:
    narrow = Narrow(stage, mutation_seconds=0.05)
    async with stage.engines.writing() as session:
        await session.connection()
        result = await narrow.ask(CREATE, name="one")
    told = {"code": "LIMIT_EXCEEDED", "limit": 0.05, "limitName": "mutationSeconds", "isInDoubt": True}
    assert (result["data"], extensions(result)) == (None, [told])
    assert in_use(stage.engines) == 0
    assert narrow.passed == {Limit.MUTATION_SECONDS: 1}
    assert await stage.head() == 0
