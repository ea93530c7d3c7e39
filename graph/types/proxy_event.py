"""The events of `proxyEvents`."""

from typing import Self

import strawberry

from events import proxy_events as catalog
from events.envelope import Envelope
from graph import node_ids
from graph.scalars import Cursor
from graph.types.proxy import Proxy
from graph.types.stream import Happening, StreamEvent
from vocabulary.proxies import ProxyHealth
from vocabulary.proxies import ProxyTestResult as StoredResult


@strawberry.type(description="What one real test through a proxy found.")
class ProxyTestResult:
    """What one real test through a proxy found."""

    success: bool = strawberry.field(description="Whether the test page came back as it should.")
    duration_ms: int = strawberry.field(description="How long it took, in milliseconds.")
    status_code: int | None = strawberry.field(description="The HTTP status, if there was one.")
    returned_ip: str | None = strawberry.field(description="The address that the test page saw.")
    error: str | None = strawberry.field(description="What went wrong, if something did.")

    @classmethod
    def from_result(cls, result: StoredResult) -> Self:
        """The result of the vocabulary."""
        return cls(
            success=result.success,
            duration_ms=result.duration_ms,
            status_code=result.status_code,
            returned_ip=result.returned_ip,
            error=result.error,
        )


@strawberry.interface(description="Something that happened to a proxy; `proxy` is its state afterwards.")
class ProxyHappening(Happening):
    """Something that happened to a proxy."""

    proxy: Proxy = strawberry.field(description="The proxy as it was right after this event.")


@strawberry.type(description="All proxies that the stream is about, as they are at `cursor`.")
class ProxySnapshot(StreamEvent):
    """All proxies that the stream is about."""

    proxies: list[Proxy] = strawberry.field(description="The proxies, by name.")


@strawberry.type(description="A proxy was added; its health is unknown until it was tested.")
class ProxyAdded(ProxyHappening):
    """A proxy was added."""


@strawberry.type(description="A proxy was edited, or joined or left pools.")
class ProxyChanged(ProxyHappening):
    """A proxy was edited."""

    changed: list[str] = strawberry.field(description="The names of the fields that changed.")
    left_pool_ids: list[strawberry.ID] = strawberry.field(description="The pools that it left.")


@strawberry.type(description="A proxy was deleted; `proxy` is what it was.")
class ProxyRemoved(ProxyHappening):
    """A proxy was deleted."""


@strawberry.type(description="A proxy's health is not what it was.")
class ProxyHealthChanged(ProxyHappening):
    """A proxy's health is not what it was."""

    previous: ProxyHealth = strawberry.field(description="What it was before.")


@strawberry.type(description="A real test through a proxy has ended.")
class ProxyTestFinished(ProxyHappening):
    """A real test through a proxy has ended."""

    result: ProxyTestResult = strawberry.field(description="What it found.")


@strawberry.type(description="A proxy's counts moved because campaigns used it.")
class ProxyStatsChanged(ProxyHappening):
    """A proxy's counts moved because campaigns used it."""


ProxyDelta = (
    ProxyAdded | ProxyChanged | ProxyRemoved | ProxyHealthChanged | ProxyTestFinished | ProxyStatsChanged
)


def from_event(event: catalog.ProxyEventType, envelope: Envelope, cursor: Cursor) -> ProxyDelta:
    """The event of the schema for an event of the catalog.

    Raises:
        TypeError: the schema has no event for it; `tests/unit/graph` compares the two.
    """
    proxy = Proxy.from_state(event.proxy)
    at = envelope.occurred_at
    match event:
        case catalog.ProxyAdded():
            return ProxyAdded(cursor=cursor, at=at, proxy=proxy)
        case catalog.ProxyChanged():
            left = [node_ids.encode("ProxyPool", ident) for ident in event.left_pool_ids]
            changed = list(event.changed)
            return ProxyChanged(cursor=cursor, at=at, proxy=proxy, changed=changed, left_pool_ids=left)
        case catalog.ProxyRemoved():
            return ProxyRemoved(cursor=cursor, at=at, proxy=proxy)
        case catalog.ProxyHealthChanged():
            return ProxyHealthChanged(cursor=cursor, at=at, proxy=proxy, previous=event.previous)
        case catalog.ProxyTestFinished():
            result = ProxyTestResult.from_result(event.result)
            return ProxyTestFinished(cursor=cursor, at=at, proxy=proxy, result=result)
        case catalog.ProxyStatsChanged():
            return ProxyStatsChanged(cursor=cursor, at=at, proxy=proxy)
        case _:
            raise TypeError(f"The schema does not know {type(event).__name__}.")
