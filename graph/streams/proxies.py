"""The stream of proxies."""

from collections.abc import Collection, Sequence
from uuid import UUID

from core.limits import Limit
from db.queries import proxies
from db.scope import Scope
from events.cursor import Cursor as Place
from events.envelope import Envelope
from events.event import EntityType
from events.proxy_events import ProxyChanged, ProxyEventType
from graph.context import Context
from graph.errors import Refused, TooMuch
from graph.scalars import Cursor
from graph.streams.source import Source
from graph.types import proxy_event
from graph.types.proxy import Proxy
from graph.types.proxy_event import ProxySnapshot
from graph.types.stream_reset import Snapshot


def unknown_pool() -> Refused:
    """There is no such pool, or it is somebody else's."""
    return Refused("NOT_FOUND", "No proxy pool with this id is visible to you.")


class ProxySource(Source):
    """What happens to some proxies, or to all that the caller may see if `proxy_ids` is None.

    With a pool, to those that were in it right after the event, which each event says of its proxy, and to those
    that have left it by the event.
    """

    def __init__(
        self,
        scope: Scope,
        after: Place | None,
        proxy_ids: Sequence[UUID] | None,
        pool_id: UUID | None = None,
    ) -> None:
        super().__init__(scope, after)
        self._proxy_ids = None if proxy_ids is None else frozenset(proxy_ids)
        self._pool_id = pool_id

    def about(self) -> Collection[UUID] | Collection[EntityType]:
        """These proxies, or all."""
        return (EntityType.PROXY,) if self._proxy_ids is None else self._proxy_ids

    def concerns(self, envelope: Envelope) -> bool:
        """Whether it is an event of one of these proxies."""
        event = envelope.event
        if not isinstance(event, ProxyEventType) or not self._in_pool(event):
            return False
        return self._proxy_ids is None or event.proxy.id in self._proxy_ids

    def _in_pool(self, event: ProxyEventType) -> bool:
        if self._pool_id is None or self._pool_id in event.proxy.pool_ids:
            return True
        return isinstance(event, ProxyChanged) and self._pool_id in event.left_pool_ids

    async def authorise(self, context: Context) -> None:
        """Refuse a pool that the caller may not see.

        Raises:
            Refused: there is no such pool for the caller.
        """
        if self._pool_id is not None and await context.loaders.proxy_pool.load(self._pool_id) is None:
            raise unknown_pool()

    @staticmethod
    def event(envelope: Envelope, cursor: Cursor) -> object:
        """The event of the schema.

        Raises:
            TypeError: it is none of a proxy.
        """
        if not isinstance(envelope.event, ProxyEventType):
            raise TypeError(f"{envelope.event!r} is no event of a proxy.")
        return proxy_event.from_event(envelope.event, envelope, cursor)

    async def snapshot(self, context: Context, cursor: Cursor) -> Snapshot:
        """The proxies as they are, by name.

        Raises:
            TooMuch: they are more than one frame may hold.
        """
        most = context.services.limits.max_rows
        rows = await context.reading.run(proxies.all_of, self.scope, self._proxy_ids, self._pool_id, most + 1)
        if len(rows) > most:
            raise TooMuch(
                Limit.MAX_ROWS,
                most,
                f"You may see more than {most} proxies, which no snapshot holds: name some by `proxyIds`, or a pool.",
            )
        context.spend(len(rows))
        return ProxySnapshot(cursor=cursor, proxies=[Proxy.from_row(row) for row in rows])
