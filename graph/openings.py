"""How a subscription is opened: compiled once for all that are equal, and authorised for each.

A client that comes to a stream which others follow finds what was made for the first of them: the document parsed, the
variables coerced, the executor built. What is left is its own: where it goes on, and whether it may. That is read from
the database each time, after it has asked and never from memory, and with all who have asked by then in one snapshot;
after a restart thousands ask at once.
"""

import asyncio
from collections.abc import Hashable, Sequence
from weakref import WeakValueDictionary

import msgspec

from auth.principal import Principal
from core.errors import Unavailable
from core.together import Together
from events.cursor import Cursor as Place
from events.log import has_come_by
from graph.context import Context
from graph.core_execution import Compiled, compiled, source_of
from graph.enums import ResetReason
from graph.errors import Refused
from graph.followed import Beginning, Followed, Prepared, Shared
from graph.plans import Plan
from graph.rendering import Rendering
from graph.results import rejected
from graph.resuming import Untold, last_event
from graph.streams.source import Source
from vocabulary.operations import Request

_NOWHERE = Beginning(after=None)


class _Asker(msgspec.Struct, frozen=True):
    """Who wants to follow what; `source` is this one's own."""

    prepared: Prepared
    source: Source
    caller: Principal


class Openings:
    """Opens the subscriptions of one process."""

    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering
        self._prepared: WeakValueDictionary[tuple[int, bytes], Prepared] = WeakValueDictionary()
        self._shared: WeakValueDictionary[Hashable, Shared] = WeakValueDictionary()
        self._authorising = Together(self._authorise)

    def __repr__(self) -> str:
        return f"<Openings, {len(self._shared)} shared>"

    async def open(self, plan: Plan, request: Request, caller: Principal) -> Followed:
        """Authorise a subscription, and compile it if nobody follows the same.

        Raises:
            Rejected: the variables do not fit, or the caller may not see this.
            Unavailable: the database does not answer.
        """
        resume = last_event(request)
        prepared, after = self._known(plan, request) or await self._prepare(plan, request, caller)
        try:
            source = prepared.source.seen_by(caller, resume or after)
            found: Beginning | Place | None = source.after
            if source.has_to_ask:
                found = await self._authorising.of(_Asker(prepared, source, caller))
        except Unavailable:
            raise
        except Exception as error:
            # Here and not where it was found, which may have been for somebody else's request.
            raise rejected([prepared.located(error)]) from error
        if source.of_one is not None and not prepared.reads_viewer:
            # Who may see all things sees this one as its owner does, so the two are one group.
            source.scope = source.of_one
        beginning = found if isinstance(found, Beginning) else await self._begin(found)
        return Followed(self._shared_by(prepared, source), beginning, caller)

    def _known(self, plan: Plan, request: Request) -> tuple[Prepared, Place | None] | None:
        """What was prepared for another one; None if nothing was, or it takes graphql-core to read the request."""
        prepared = self._prepared.get(_key(plan, request))
        if prepared is None or plan.resuming is None:
            return None
        try:
            return prepared, plan.resuming.place(request)
        except Untold:
            return None

    async def _prepare(
        self, plan: Plan, request: Request, caller: Principal
    ) -> tuple[Prepared, Place | None]:
        async with self._rendering.context(caller) as context:
            executor = compiled(plan, request.variables, context)
            source = await source_of(executor)
        prepared = Prepared(plan, executor, source, _coerced(plan, executor))
        self._prepared[_key(plan, request)] = prepared
        return prepared, source.after

    def _shared_by(self, prepared: Prepared, source: Source) -> Shared:
        key = (prepared.plan.identity, prepared.variables, source.scope.owner_id)
        shared = self._shared.get(key)
        if shared is None:
            shared = self._shared[key] = Shared(key, prepared, source, self._rendering)
        # The last one that was prepared is the likeliest to be asked for again; the others may go.
        shared.prepared = prepared
        return shared

    async def _authorise(self, askers: Sequence[_Asker]) -> Sequence[Beginning | Place | Exception | None]:
        """Where each begins as far as it can be told, or why it does not.

        Raises:
            Unavailable: the database does not answer.
        """
        found = await self._in_one_snapshot(askers)
        if len(askers) == 1:
            return found
        # A defect that one of them met may have spoilt the snapshot for the others.
        return [
            (await self._in_one_snapshot([asker]))[0] if _is_defect(each) else each
            for asker, each in zip(askers, found, strict=True)
        ]

    async def _in_one_snapshot(
        self, askers: Sequence[_Asker]
    ) -> Sequence[Beginning | Place | Exception | None]:
        async with self._rendering.contexts() as context_of:
            # Of a caller and not of a scope: by the same loader is read what the same caller may see.
            contexts = {caller: context_of(caller) for caller in {asker.caller for asker in askers}}
            return await asyncio.gather(
                *(self._outcome(asker.source, contexts[asker.caller]) for asker in askers)
            )

    async def _outcome(self, source: Source, context: Context) -> Beginning | Place | Exception | None:
        hub = self._rendering.hub
        era = hub.era
        try:
            await source.authorise(context)
            after = source.after
            is_older = (
                after is not None and after.incarnation == hub.incarnation and after.position < hub.since
            )
            if after is not None and is_older and await context.reading.run(has_come_by, after):
                return Beginning(after=after.position, era=era)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  It is raised for this one.
            return error
        return after

    async def _begin(self, after: Place | None) -> Beginning:
        """What the hub says, outside of the snapshot, whose connection others wait for.

        Whoever asks for a second one while holding one waits for ever when as many do so as there are connections.
        """
        if after is None:
            return _NOWHERE
        hub = self._rendering.hub
        era = hub.era
        if not await hub.knows(after):
            return Beginning(after=None, reset=ResetReason.LOG_REPLACED)
        return Beginning(after=after.position, era=era)


def _is_defect(found: object) -> bool:
    return isinstance(found, Exception) and not isinstance(found, Refused)


def _key(plan: Plan, request: Request) -> tuple[int, bytes]:
    """The plan and the variables as they are written, but the one that says where the client is.

    What is prepared keeps its plan, so no other one has its identity meanwhile.
    """
    return id(plan), _some(request.variables, plan)


def _coerced(plan: Plan, executor: Compiled) -> bytes:
    """The variables that make a difference, as the schema reads them, however they were written.

    Whatever is a list in a subscription is a set: of kinds, of states, of things. So the order of one makes no
    difference, nor what is in it twice.
    """
    coerced = executor.variable_values.coerced
    return _some({name: _in_order(value) for name, value in coerced.items()}, plan)


def _in_order(value: object) -> object:
    if isinstance(value, list):
        return [
            msgspec.Raw(each) for each in sorted({msgspec.json.encode(_in_order(each)) for each in value})
        ]
    if isinstance(value, dict):
        return {name: _in_order(each) for name, each in value.items()}
    return value


def _some(variables: dict[str, object], plan: Plan) -> bytes:
    shared = {name: value for name, value in variables.items() if name in plan.shared_variables}
    return msgspec.json.encode(shared, order="deterministic")
