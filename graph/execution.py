"""Operations: what the transports can do with the schema."""

from auth.principal import Principal
from db.engine import Engines
from events.hub import Hub
from graph.context import Services
from graph.core_execution import CORE_SCHEMA, run
from graph.followed import Followed
from graph.openings import Openings
from graph.plans import Plan, Plans
from graph.rendering import Rendering
from graph.results import encoded
from vocabulary.operations import OperationKind, Request


class GraphOperations:
    """Implements `live.operations.Operations` with our schema."""

    def __init__(self, services: Services, engines: Engines, hub: Hub) -> None:
        self._rendering = Rendering(services, engines, hub)
        self.plans = Plans(CORE_SCHEMA)
        self._openings = Openings(self._rendering)

    def prepare(self, request: Request) -> Plan:
        """Parse, validate and measure.

        Raises:
            Rejected: the request is refused.
        """
        return self.plans.of(request)

    async def execute(self, plan: Plan, request: Request, caller: Principal) -> bytes:
        """Run a query or a mutation; the result as JSON.

        Raises:
            Rejected: the variables do not fit.
        """
        async with self._rendering.context(caller) as context:
            result = await run(plan, request.variables, context)
            return encoded(result, changed=plan.kind is OperationKind.MUTATION)

    async def subscribe(self, plan: Plan, request: Request, caller: Principal) -> Followed:
        """Authorise a subscription and compile it.

        Raises:
            Rejected: the variables do not fit, or the caller may not see this.
            Unavailable: the database does not answer.
        """
        return await self._openings.open(plan, request, caller)
