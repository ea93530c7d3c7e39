"""From an event or a snapshot to the frame that a whole group receives."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from graphql import ExecutionResult

from auth.principal import Principal
from core.errors import Unavailable
from db.engine import Engines
from events.cursor import Cursor as Place
from events.hub import Hub
from graph.admission import FRAME_PLACES, Admission
from graph.budget import Budget
from graph.context import Context, Services
from graph.opening_time import OpeningTime
from graph.reading import Reading
from graph.results import encoded, encoded_data, outage
from graph.scalars import Cursor
from graph.telling import Tellings
from vocabulary.operations import Frame


class Rendering:
    """What all frames of one process need: contexts to execute in, and cursors of its log.

    `opening` bounds how long the first frame may take. `frames` is how many of events are read for at once: one event
    may concern all groups of a client, each of which asks for something else.
    """

    def __init__(
        self, services: Services, engines: Engines, hub: Hub, opening: OpeningTime | None = None
    ) -> None:
        self._services = services
        self._engines = engines
        self.hub = hub
        self.opening = opening or OpeningTime(engines)
        self.tellings = Tellings(hub)
        self.frames = Admission(FRAME_PLACES, FRAME_PLACES)

    def budget(self) -> Budget:
        """What the lists of one frame may give that is told without a context."""
        return Budget(self._services.limits.max_rows)

    @asynccontextmanager
    async def context(
        self, caller: Principal, resume: Place | None = None, *, skipped: int = 0
    ) -> AsyncIterator[Context]:
        """A context for one execution, with a snapshot and loaders of its own."""
        context = Context(caller, self._services, self._engines, resume, skipped=skipped)
        try:
            yield context
        finally:
            await context.close()

    @asynccontextmanager
    async def contexts(self) -> AsyncIterator[Callable[[Principal], Context]]:
        """What makes contexts for many callers, who all read from one snapshot."""
        reading = Reading(self._engines)
        try:
            yield lambda caller: Context(caller, self._services, self._engines, reading=reading)
        finally:
            await reading.close()

    def frame(self, result: ExecutionResult, position: int, place: Cursor, *, last: bool = False) -> Frame:
        """The result at a position whose cursor is `place`, encoded once for everybody.

        Raises:
            Unavailable: it failed for an outage, which is to be waited out and not to be told.
        """
        trouble = outage(result.errors)
        if trouble is not None:
            raise Unavailable(str(trouble)) from trouble
        payload = encoded(result, {"cursor": place})
        return Frame(position=position, cursor=place, payload=payload, last=last)

    def plain_frame(self, data: object, position: int, place: Cursor, *, last: bool = False) -> Frame:
        """The same of data that has come about without an error."""
        payload = encoded_data(data, {"cursor": place})
        return Frame(position=position, cursor=place, payload=payload, last=last)
