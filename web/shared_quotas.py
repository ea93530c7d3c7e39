"""Who keeps count of what one principal takes: all API processes together where they share a Redis, else each one.

They share one if it is their channel. PostgreSQL as the channel has nothing for it that is worth a statement for each
request, so processes on it count apart, as `docs/operations.md` says.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from auth.quotas import Quotas
from auth.shared import Shared
from auth.shared_connections import SharedConnections
from auth.shared_permits import SharedPermits
from web.foundation import Foundation


@asynccontextmanager
async def shared_quotas(ground: Foundation) -> AsyncIterator[Quotas]:
    """The quotas of a process."""
    limits, url = ground.settings.limits, ground.settings.channel_url
    if not url.startswith(("redis://", "rediss://")):
        yield Quotas(limits)
        return
    shared = Shared(url)
    connections = SharedConnections(shared, ground.name)
    try:
        yield Quotas(limits, SharedPermits(shared), connections)
    finally:
        await connections.close()
        await shared.close()
