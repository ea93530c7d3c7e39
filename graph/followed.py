"""One compiled subscription, as `live/` follows it."""

from collections.abc import Hashable

import msgspec

from auth.principal import Principal
from events.envelope import Envelope
from graph.core_execution import Compiled, executed
from graph.enums import ResetReason
from graph.errors import Refused
from graph.rendering import Rendering
from graph.results import rejected
from graph.streams.source import Source
from graph.types.stream_reset import StreamReset
from vocabulary.operations import Frame


class Beginning(msgspec.Struct, frozen=True):
    """Where a subscriber begins: after a position, or with a snapshot, which says so if it is a reset.

    `era` is that of the position in the hub.
    """

    after: int | None
    reset: ResetReason | None = None
    era: int = 0


class Followed:
    """Implements `live.operations.Stream`. Whoever has an equal `key` receives the same frames."""

    def __init__(  # noqa: PLR0913, PLR0917  Each part is used; a bag of them would only hide the number.
        self,
        key: Hashable,
        field: str,
        executor: Compiled,
        source: Source,
        beginning: Beginning,
        rendering: Rendering,
        caller: Principal,
    ) -> None:
        self.key = key
        self.field = field
        self._executor = executor
        self._source = source
        self._beginning = beginning
        self._rendering = rendering
        self._caller = caller

    def __repr__(self) -> str:
        return f"<Followed {self.field} by {self._caller.name}>"

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
        return beginning.after is not None and beginning.era != self._rendering.hub.era

    @property
    def max_rate(self) -> float | None:
        """How often a second progress of one campaign may be told; None tells all of it."""
        return self._source.max_rate

    def matches(self, envelope: Envelope) -> bool:
        """Whether this event belongs to the stream."""
        return self._source.matches(envelope)

    def conflated_by(self, envelope: Envelope) -> Hashable | None:
        """What the event is a newer value of; None if it must never be left out."""
        return self._source.conflated_by(envelope)

    async def render(self, envelope: Envelope, skipped: int = 0) -> Frame | None:
        """Execute the selection for one event; None if it turns out to say nothing here.

        `skipped` is how many older values of the same were left out since one was told.

        Raises:
            Unavailable: the database does not answer.
        """
        place = self._rendering.cursor(envelope)
        async with self._rendering.context(self._caller, skipped=skipped) as context:
            payload = await self._source.told(envelope, place, context)
            if payload is None:
                return None
            result = await executed(self._executor, payload, context)
        return self._rendering.frame(result, envelope.position, place, last=self._source.ends(envelope))

    async def open(self) -> Frame:
        """The snapshot, or the reset that the subscription began with.

        Raises:
            Rejected: there is nothing of the kind for the caller any more.
            Unavailable: the database does not answer.
        """
        return await self._snapshot(self.opening)

    async def reset(self, *, replaced: bool = False) -> Frame:
        """A reset for a reader whom the log has left behind, or whose log is gone; raises what `open` raises."""
        return await self._snapshot(ResetReason.LOG_REPLACED if replaced else ResetReason.RETENTION)

    async def _snapshot(self, reason: ResetReason | None) -> Frame:
        async with self._rendering.context(self._caller) as context:
            reached = self._rendering.hub.position
            head = await context.reading.head()
            place = await context.cursor()
            try:
                snapshot = await self._source.snapshot(context, place)
            except Refused as error:
                raise rejected([error]) from error
            reset = reason and StreamReset(cursor=place, reason=reason, snapshot=snapshot)
            result = await executed(self._executor, reset or snapshot, context)
        # Outside of the snapshot: the hub may have to read first.
        await self._rendering.hub.require_same(head, reached)
        return self._rendering.frame(result, head.position, place, last=self._source.is_over(snapshot))
