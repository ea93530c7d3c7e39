"""One compiled subscription, as `live/` follows it."""

from collections.abc import Hashable

import msgspec
from graphql import GraphQLError, located_error

from auth.principal import Principal
from core.errors import Unavailable
from events.envelope import Envelope
from events.subjects import Subject
from graph.compiling.counting import CountedBy
from graph.compiling.leaves import Complete
from graph.core_execution import Compiled, executed
from graph.enums import ResetReason
from graph.errors import Refused
from graph.opening_time import Spent
from graph.plans import Plan
from graph.rendering import Rendering
from graph.results import rejected
from graph.streams.source import Source
from graph.types.stream_reset import StreamReset
from graph.viewing import reads_viewer
from vocabulary.operations import NOT_NOW, Frame, NotNow


class Beginning(msgspec.Struct, frozen=True, gc=False):
    """Where a subscriber begins: after a position, or with a snapshot, which says so if it is a reset.

    `era` is that of the position in the hub.
    """

    after: int | None
    reset: ResetReason | None = None
    era: int = 0


class Prepared:
    """An operation with its variables coerced, to be followed by whoever may; `variables` are the coerced ones.

    `reads_viewer` is whether frames may be different for two who may both see everything that the stream is about.
    `source` is a pattern: each who follows has one of their own, as they may see it.
    """

    __slots__ = ("__weakref__", "executor", "plan", "reads_viewer", "source", "variables")

    def __init__(self, plan: Plan, executor: Compiled, source: Source, variables: bytes) -> None:
        self.plan = plan
        self.executor = executor
        self.source = source
        self.variables = variables
        self.reads_viewer = reads_viewer(executor.schema, plan.document, executor.operation)

    def __repr__(self) -> str:
        return f"<Prepared {self.plan.field}>"

    def located(self, error: Exception) -> GraphQLError:
        """The error as that of the root field, which is where graphql-core tells one that its resolver raises."""
        ((key, details),) = self.executor.selections.root().items()
        return located_error(error, [each.node for each in details], [key])


class Shared:
    """What all subscriptions with one key have in common: made for the first of them, and gone with the last.

    `complete` makes the data of a frame of what the source tells at once; None if the source has to read for it.
    `prepared` is what the latest of them was opened with; that of others may have been written in another way.
    """

    __slots__ = ("__weakref__", "complete", "executor", "field", "key", "prepared", "rendering", "source")

    def __init__(self, key: Hashable, prepared: Prepared, source: Source, rendering: Rendering) -> None:
        self.key = key
        self.field = prepared.plan.field
        self.executor: Compiled = prepared.executor
        self.prepared = prepared
        self.source = source
        self.rendering = rendering
        self.complete: Complete | None = self.executor.selections.data() if source.tells_at_once else None

    def __repr__(self) -> str:
        return f"<Shared of {self.field}>"


class Followed:
    """Implements `live.operations.Stream`. Whoever has an equal `key` receives the same frames."""

    __slots__ = ("_beginning", "_caller", "_shared", "_spent")

    def __init__(self, shared: Shared, beginning: Beginning, caller: Principal) -> None:
        self._shared = shared
        self._beginning = beginning
        self._caller = caller
        self._spent: Spent | None = None

    def __repr__(self) -> str:
        return f"<Followed {self.field} by {self._caller.name}>"

    @property
    def key(self) -> Hashable:
        """What is executed, with which variables, and what is visible."""
        return self._shared.key

    @property
    def field(self) -> str:
        """The name of the root field."""
        return self._shared.field

    @property
    def after(self) -> int | None:
        """Resume strictly after this position; None opens with a snapshot."""
        return None if self._is_replaced else self._beginning.after

    @property
    def opening(self) -> ResetReason | None:
        """Why the first frame is a reset; None if it is a snapshot."""
        return ResetReason.LOG_REPLACED if self._is_replaced else self._beginning.reset

    @property
    def _is_replaced(self) -> bool:
        """Whether there was a position to go on from, and it is of a log that is gone."""
        beginning = self._beginning
        return beginning.after is not None and beginning.era != self._shared.rendering.hub.era

    @property
    def subjects(self) -> frozenset[Subject] | None:
        """What each event that matches is about, one of these at least; None if that may be anything."""
        return self._shared.source.subjects

    @property
    def max_rate(self) -> float | None:
        """How often a second progress of one campaign may be told; None tells all of it."""
        return self._shared.source.max_rate

    def matches(self, envelope: Envelope) -> bool:
        """Whether this event belongs to the stream."""
        return self._shared.source.matches(envelope)

    def conflated_by(self, envelope: Envelope) -> Hashable | None:
        """What the event is a newer value of; None if it must never be left out."""
        return self._shared.source.conflated_by(envelope)

    def render_now(self, envelope: Envelope, skipped: int = 0) -> Frame | NotNow | None:
        """The frame of an event that its envelope alone tells, if what is selected of it is plain."""
        shared = self._shared
        if shared.complete is None:
            return NOT_NOW
        telling = shared.rendering.tellings.of(envelope)
        try:
            with CountedBy(shared.rendering.budget()):
                data = shared.complete(telling.by(shared.source, skipped))
            return shared.rendering.plain_frame(
                data, envelope.position, telling.cursor, last=shared.source.ends(envelope)
            )
        except Exception:  # noqa: BLE001  Whatever it is, `render` comes to it and says it.
            return NOT_NOW

    async def render(self, envelope: Envelope, skipped: int = 0) -> Frame | None:
        """Execute the selection for one event; None if it turns out to say nothing here.

        `skipped` is how many older values of the same were left out since one was told.

        Raises:
            Unavailable: the database does not answer.
        """
        shared = self._shared
        place = shared.rendering.tellings.of(envelope).cursor
        with shared.rendering.frames.query(self._caller.id) as query:
            await query.enter()
            async with shared.rendering.context(self._caller, skipped=skipped) as context:
                payload = await shared.source.told(envelope, place, context)
                if payload is None:
                    return None
                result = await executed(shared.executor, payload, context)
        return shared.rendering.frame(result, envelope.position, place, last=shared.source.ends(envelope))

    async def open(self) -> Frame:
        """The snapshot, or the reset that the subscription began with.

        Raises:
            Rejected: there is nothing of the kind for the caller any more, or it takes longer than a query may.
            Unavailable: the database does not answer.
        """
        spent, self._spent = self._spent or Spent(), None
        try:
            async with self._shared.rendering.opening.bound(self.field, spent):
                return await self._snapshot(self.opening)
        except Unavailable:
            # It is tried again.
            self._spent = spent
            raise

    async def reset(self, *, replaced: bool = False) -> Frame:
        """A reset for a reader whom the log has left behind, or whose log is gone; raises what `open` raises."""
        async with self._shared.rendering.opening.bound(self.field):
            return await self._snapshot(ResetReason.LOG_REPLACED if replaced else ResetReason.RETENTION)

    async def _snapshot(self, reason: ResetReason | None) -> Frame:
        shared = self._shared
        async with shared.rendering.context(self._caller) as context:
            reached = shared.rendering.hub.position
            head = await context.reading.head()
            place = await context.cursor()
            try:
                snapshot = await shared.source.snapshot(context, place)
            except Refused as error:
                raise rejected([error]) from error
            reset = reason and StreamReset(cursor=place, reason=reason, snapshot=snapshot)
            result = await executed(shared.executor, reset or snapshot, context)
        # Outside of the snapshot: the hub may have to read first.
        await shared.rendering.hub.require_same(head, reached)
        return shared.rendering.frame(result, head.position, place, last=shared.source.is_over(snapshot))
