"""Through which proxies a campaign goes, and how one of them is taken: read with its jobs, in the same snapshot."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from auth.sealing import SealBroken, Sealer
from db.engine import Session
from db.models import ProxyPoolRow, ProxyRow
from db.repositories import proxy_use
from db.scope import Scope
from services.probing import endpoint_of
from vocabulary.proxies import ProxyEndpoint, ProxyHealth, ProxyStrategy


@dataclass(frozen=True)
class RoutedProxy:
    """An enabled proxy with its failures in a row and its uses up to now. An UNHEALTHY one waits to be healed."""

    id: UUID
    endpoint: ProxyEndpoint
    consecutive_failures: int = 0
    weight: int = 1
    uses: int = 0
    is_unhealthy: bool = False


@dataclass(frozen=True)
class ProxyRoute:
    """The proxies of a campaign in their order.

    `max_retries` is how many others are tried for one domain after one was at fault; None is all of them.
    """

    proxies: Sequence[RoutedProxy]
    strategy: ProxyStrategy = ProxyStrategy.ROUND_ROBIN
    max_retries: int | None = None

    @property
    def is_blocked(self) -> bool:
        """Whether none of them can be used now."""
        return all(proxy.is_unhealthy for proxy in self.proxies)


async def route_of(
    session: Session, sealer: Sealer, scope: Scope, campaign_id: UUID, strategy: ProxyStrategy | None
) -> ProxyRoute | None:
    """The route of a campaign; None if it goes directly.

    A proxy that is not in `scope` is passed over like one that is disabled. `strategy` is the campaign's own, above its
    pool's.
    """
    if await proxy_use.goes_direct(session, campaign_id):
        return None
    pool = await proxy_use.pool_of(session, campaign_id)
    found = await proxy_use.weighted(session, campaign_id)
    routed = [
        _routed(row, weight, pool, sealer)
        for row, weight in found
        if row.enabled and scope.sees(row.owner_id)
    ]
    return ProxyRoute(
        proxies=[proxy for proxy in routed if proxy is not None],
        strategy=strategy or (ProxyStrategy.ROUND_ROBIN if pool is None else pool.strategy),
        max_retries=None if pool is None else pool.max_retries,
    )


def _routed(row: ProxyRow, weight: int, pool: ProxyPoolRow | None, sealer: Sealer) -> RoutedProxy | None:
    try:
        endpoint = endpoint_of(row, sealer)
    except SealBroken:
        # Its next test says so to its owner; here it is one proxy less.
        return None
    if pool is not None:
        endpoint = msgspec.structs.replace(endpoint, reach_seconds=pool.timeout_seconds)
    return RoutedProxy(
        id=row.id,
        endpoint=endpoint,
        consecutive_failures=row.consecutive_failures,
        weight=weight,
        uses=row.success_count + row.failure_count,
        is_unhealthy=row.health is ProxyHealth.UNHEALTHY,
    )
