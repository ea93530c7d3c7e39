"""Operations: what the transports can do with the schema."""

import msgspec

from auth.principal import Principal
from db.engine import Engines
from events import cursor
from events.cursor import Cursor as Place
from events.hub import Hub
from graph.context import Services
from graph.core_execution import CORE_SCHEMA, compiled, run, source_of
from graph.enums import ResetReason
from graph.followed import Beginning, Followed
from graph.plans import Plan, Plans
from graph.rendering import Rendering
from graph.results import encoded
from vocabulary.operations import OperationKind, Rejected, Request

LAST_EVENT_ID = "lastEventId"


class GraphOperations:
    """Implements `live.operations.Operations` with our schema."""

    def __init__(self, services: Services, engines: Engines, hub: Hub) -> None:
        self._rendering = Rendering(services, engines, hub)
        self.plans = Plans(CORE_SCHEMA)

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
        async with self._rendering.context(caller, _last_event(request)) as context:
            executor = compiled(plan, request.variables, context)
            source = await source_of(executor)
        # Outside of the snapshot, whose connection the others wait for: whoever asks for a second one while holding one
        # waits for ever when as many do so as there are connections.
        beginning = await self._begin(source.after)
        return Followed(
            key=(plan.identity, _shared_variables(plan, request), caller.scope.owner_id),
            field=plan.field,
            executor=executor,
            source=source,
            beginning=beginning,
            rendering=self._rendering,
            caller=caller,
        )

    async def _begin(self, after: Place | None) -> Beginning:
        if after is None:
            return Beginning(after=None)
        hub = self._rendering.hub
        era = hub.era
        if not await hub.knows(after):
            return Beginning(after=None, reset=ResetReason.LOG_REPLACED)
        return Beginning(after=after.position, era=era)


def _last_event(request: Request) -> Place | None:
    """Where a browser's EventSource resumes.

    Raises:
        Rejected: it is no cursor.
    """
    text = request.extensions.get(LAST_EVENT_ID)
    if not isinstance(text, str) or not text:
        return None
    try:
        return cursor.decode(text)
    except ValueError as error:
        told = {"message": f"Last-Event-ID: {error}", "extensions": {"code": "BAD_CURSOR"}}
        raise Rejected([told]) from error


def _shared_variables(plan: Plan, request: Request) -> bytes:
    shared = {name: value for name, value in request.variables.items() if name in plan.shared_variables}
    return msgspec.json.encode(shared, order="deterministic")
