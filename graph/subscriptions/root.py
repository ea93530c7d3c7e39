"""The root `Subscription`: each field describes what to follow, and `graph/execution.py` has it followed."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, cast
from uuid import UUID

import strawberry

from graph.context import Info
from graph.errors import Refused
from graph.filters import ActivityFilter
from graph.node_ids import BadId, uuid_in
from graph.streams.activity import ActivitySource
from graph.streams.proxies import ProxySource, unknown_pool
from graph.subscriptions.arguments import Resume, place, streamed
from graph.subscriptions.bulk import BulkSubscriptions
from graph.subscriptions.campaigns import CampaignSubscriptions
from graph.subscriptions.resources import ResourceSubscriptions
from graph.types.activity_event import ActivityAdded, ActivitySnapshot
from graph.types.proxy_event import (
    ProxyAdded,
    ProxyChanged,
    ProxyHealthChanged,
    ProxyRemoved,
    ProxySnapshot,
    ProxyStatsChanged,
    ProxyTestFinished,
)
from graph.types.stream_reset import StreamReset

PROXIES_MOST = 1000

ProxyEvent = Annotated[
    ProxySnapshot
    | ProxyAdded
    | ProxyChanged
    | ProxyRemoved
    | ProxyHealthChanged
    | ProxyTestFinished
    | ProxyStatsChanged
    | StreamReset,
    strawberry.union("ProxyEvent", description="A frame of `proxyEvents`."),
]
ActivityEvent = Annotated[
    ActivitySnapshot | ActivityAdded | StreamReset,
    strawberry.union("ActivityEvent", description="A frame of `activity`."),
]


@strawberry.type(
    description="What you may follow. Each frame has a cursor; subscribe again with it as `after` and miss nothing."
)
class Subscription(CampaignSubscriptions, BulkSubscriptions, ResourceSubscriptions):
    """What clients may follow."""

    @streamed("Proxies: their states, then what happens to them.")
    async def proxy_events(
        self,
        info: Info,
        proxy_ids: Annotated[
            list[strawberry.ID] | None,
            strawberry.argument(description="Which proxies, at most 1000; all that you may see unless told."),
        ] = strawberry.UNSET,
        after: Resume = strawberry.UNSET,
        pool_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="Only those in this pool; one that joins or leaves it is told by a `ProxyChanged`."
            ),
        ] = strawberry.UNSET,
    ) -> AsyncIterator[ProxyEvent]:
        """Proxies."""
        keys = None if not isinstance(proxy_ids, list) else _proxy_keys(proxy_ids)
        pool = _pool_key(pool_id) if pool_id else None
        source = ProxySource(info.context.caller.scope, place(info.context, after), keys, pool)
        return cast("AsyncIterator[ProxyEvent]", source)

    @streamed("What people see in the feed: the latest, then what happens.")
    async def activity(
        self,
        info: Info,
        where: Annotated[
            ActivityFilter | None,
            strawberry.argument(name="filter", description="Which of it; all that you may see unless told."),
        ] = strawberry.UNSET,
        after: Resume = strawberry.UNSET,
    ) -> AsyncIterator[ActivityEvent]:
        """Activity."""
        wanted = (where or ActivityFilter()).wanted()
        source = ActivitySource(info.context.caller.scope, place(info.context, after), wanted)
        return cast("AsyncIterator[ActivityEvent]", source)


def _pool_key(ident: str) -> UUID:
    try:
        return uuid_in(ident, "ProxyPool")
    except BadId as error:
        raise unknown_pool() from error


def _proxy_keys(ids: list[strawberry.ID]) -> list[Any]:
    if len(ids) > PROXIES_MOST:
        raise Refused("LIMIT_EXCEEDED", f"`proxyIds` takes {PROXIES_MOST} ids at most.", limit=PROXIES_MOST)
    try:
        return [uuid_in(one, "Proxy") for one in ids]
    except BadId as error:
        raise Refused("VALIDATION_FAILED", f"`proxyIds`: {error}") from error
