"""Asking the schema: one operation, one context, closed when it is over."""

from typing import Any

import msgspec
from graphql import OperationDefinitionNode, parse
from strawberry.types import ExecutionResult

from auth.principal import Principal
from db.engine import Engines
from graph.context import Context, Services
from graph.core_execution import run
from graph.plans import plan_of
from graph.schema import schema

Data = dict[str, Any]


class Desk:
    """Where tests ask: each question is an operation of its own."""

    def __init__(self, engines: Engines, services: Services) -> None:
        self.engines = engines
        self.services = services

    async def ask(self, caller: Principal, query: str, **variables: object) -> Data:
        """The data of an operation that must succeed."""
        result = await self.result(caller, query, **variables)
        assert result.errors is None, result.errors
        assert result.data is not None
        return result.data

    async def refused(self, caller: Principal, query: str, **variables: object) -> list[tuple[str, str]]:
        """The code and message of each error of an operation that must fail."""
        result = await self.result(caller, query, **variables)
        assert result.errors
        return [((error.extensions or {}).get("code", ""), error.message) for error in result.errors]

    async def both(self, caller: Principal, query: str, **variables: object) -> Data:
        """The data of a query that must succeed, and that compiled selections give the same bytes of."""
        expected = await self.ask(caller, query, **variables)
        document = parse(query)
        (operation,) = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
        context = Context(caller, self.services, self.engines)
        try:
            found = await run(plan_of(document, operation, None), variables, context)
        finally:
            await context.close()
        assert found.errors is None
        assert msgspec.json.encode(found.data) == msgspec.json.encode(expected)
        return expected

    async def result(self, caller: Principal, query: str, **variables: object) -> ExecutionResult:
        context = Context(caller, self.services, self.engines)
        try:
            result = await schema.execute(query, variable_values=variables, context_value=context)
        finally:
            await context.close()
        assert isinstance(result, ExecutionResult)
        return result
