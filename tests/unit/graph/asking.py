"""Asking the schema: one operation, one context, closed when it is over."""

from typing import Any

from strawberry.types import ExecutionResult

from auth.principal import Principal
from db.engine import Engines
from graph.context import Context, Services
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

    async def result(self, caller: Principal, query: str, **variables: object) -> ExecutionResult:
        context = Context(caller, self.services, self.engines)
        try:
            result = await schema.execute(query, variable_values=variables, context_value=context)
        finally:
            await context.close()
        assert isinstance(result, ExecutionResult)
        return result
