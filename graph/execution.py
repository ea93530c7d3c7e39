"""Operations: what the transports can do with the schema."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import structlog

from auth.principal import Principal
from core.limits import Limit
from db.engine import Engines
from events.hub import Hub
from graph.admission import Admission, begin_anew
from graph.context import Services
from graph.core_execution import CORE_SCHEMA, run
from graph.followed import Followed
from graph.limits import check_variables
from graph.opening_time import OpeningTime
from graph.openings import Openings
from graph.plans import Plan, Plans
from graph.rendering import Rendering
from graph.results import RefusalCode, encoded, malformed, unfinished
from vocabulary.operations import OperationKind, Rejected, Request

log = structlog.get_logger(__name__)

_NAMES = {limit.value: limit for limit in Limit}


class GraphOperations:
    """Implements `live.operations.Operations` with our schema; counts how often each limit was passed."""

    def __init__(
        self,
        services: Services,
        engines: Engines,
        hub: Hub,
        passed: Counter[Limit] | None = None,
        plans: Plans | None = None,
        admission: Admission | None = None,
    ) -> None:
        self._limits = services.limits
        self._passed: Counter[Limit] = Counter() if passed is None else passed
        self._opening = OpeningTime(engines, self._limits.query_seconds, self._passed)
        self._rendering = Rendering(services, engines, hub, self._opening)
        self.plans = plans or Plans(CORE_SCHEMA, services.limits)
        self._openings = Openings(self._rendering)
        self._admission = admission or Admission()

    def knows(self, request: Request) -> bool:
        """Whether preparing it costs next to nothing."""
        return self.plans.knows(request)

    def prepare(self, request: Request) -> Plan:
        """Parse, validate and measure.

        Raises:
            Rejected: the request is refused.
        """
        try:
            return self._prepared(request)
        except Rejected as rejected:
            self._count(error["extensions"] for error in rejected.errors)
            raise

    def _prepared(self, request: Request) -> Plan:
        plan = self.plans.of(request)
        too_large = check_variables(request.variables, self._limits)
        if too_large is not None:
            raise malformed([too_large], RefusalCode.BAD_VARIABLES)
        return plan

    async def execute(self, plan: Plan, request: Request, caller: Principal) -> bytes:
        """Run a query or a mutation; the result as JSON, which is none if it takes longer than it may.

        Raises:
            Rejected: the variables do not fit.
        """
        changed = plan.kind is OperationKind.MUTATION
        bound = Limit.MUTATION_SECONDS if changed else Limit.QUERY_SECONDS
        seconds = self._limits.of(bound)
        limit = asyncio.timeout(seconds)
        query = self._admission.query(caller.id, partial(begin_anew, limit, seconds))
        try:
            with query:
                async with limit, self._rendering.context(caller) as context:
                    if not changed:
                        context.read_as(query)
                    result = await run(plan, request.variables, context)
                    self._count(error.extensions for error in result.errors or ())
                    return encoded(result, changed=changed)
        except TimeoutError:
            if not limit.expired():
                raise
            self._passed[bound] += 1
            log.warning("operation_cancelled", field=plan.field, limit=bound.value)
            return unfinished(bound, seconds, changed=changed)

    async def subscribe(self, plan: Plan, request: Request, caller: Principal) -> Followed:
        """Authorise a subscription and compile it.

        Raises:
            Rejected: the variables do not fit, the caller may not see this, or it takes longer than a query may.
            Unavailable: the database does not answer.
        """
        async with self._opening.bound(plan.field):
            try:
                return await self._openings.open(plan, request, caller)
            except Rejected as rejected:
                self._count(error.get("extensions") for error in rejected.errors)
                raise

    def _count(self, extensions: Iterable[Mapping[str, Any] | None]) -> None:
        for each in extensions:
            limit = _NAMES.get((each or {}).get("limitName", ""))
            if limit is not None:
                self._passed[limit] += 1
