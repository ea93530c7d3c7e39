"""Operations: what the transports can do with the schema."""

from collections.abc import Hashable
from weakref import WeakValueDictionary

import msgspec

from auth.principal import Principal
from db.engine import Engines
from events import cursor
from events.cursor import Cursor as Place
from events.hub import Hub
from graph.context import Services
from graph.core_execution import CORE_SCHEMA, Compiled, compiled, run, source_of
from graph.enums import ResetReason
from graph.followed import Beginning, Followed, Shared
from graph.plans import Plan, Plans
from graph.rendering import Rendering
from graph.results import encoded
from vocabulary.operations import OperationKind, Rejected, Request

LAST_EVENT_ID = "lastEventId"

_NOWHERE = Beginning(after=None)


class GraphOperations:
    """Implements `live.operations.Operations` with our schema."""

    def __init__(self, services: Services, engines: Engines, hub: Hub) -> None:
        self._rendering = Rendering(services, engines, hub)
        self.plans = Plans(CORE_SCHEMA)
        self._shared: WeakValueDictionary[Hashable, Shared] = WeakValueDictionary()

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
        key = (plan.identity, _shared_variables(plan, executor), caller.scope.owner_id)
        shared = self._shared.get(key)
        if shared is None:
            complete = executor.selections.data() if source.tells_at_once else None
            shared = Shared(key, plan.field, executor, source, self._rendering, complete)
            self._shared[key] = shared
        return Followed(shared, beginning, caller)

    async def _begin(self, after: Place | None) -> Beginning:
        if after is None:
            return _NOWHERE
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


def _shared_variables(plan: Plan, executor: Compiled) -> bytes:
    """The variables that make a difference, as the schema reads them, however they were written."""
    given = executor.variable_values.coerced
    shared = {name: value for name, value in given.items() if name in plan.shared_variables}
    return msgspec.json.encode(shared, order="deterministic")
