"""The proxies of one shard, of which one is taken for each fetch, with their strikes up to the last moment.

The table has the last word on who is usable; between two writes the ring counts for itself, so that a dead proxy
is not asked a hundred times before the first strike is written. One that was UNHEALTHY comes back when a write
finds it healed, and to its own place: so FAILOVER goes back to the first.

What several shards of a process must agree on, they share: whose turn it is, and who has how much to do.
"""

import random
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from uuid import UUID

from services.proxy_accounts import ProxyOutcome
from services.proxy_routes import ProxyRoute, RoutedProxy
from vocabulary.proxies import ProxyStrategy


class ProxyRings:
    """Makes the rings of one process."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self.chance = chance or random.Random()  # noqa: S311  A choice among equals, no secret.
        self.under_way: Counter[UUID] = Counter()
        # Each shard begins with another proxy, so that small shards do not all use the first.
        self._starts = count()

    def ring(self, route: ProxyRoute, strikes: int) -> "ProxyRing":
        """The ring of one shard."""
        return ProxyRing(route, strikes, self, next(self._starts))


class ProxyRing:
    """The proxies of a route. A turn begins with number `start`."""

    def __init__(
        self, route: ProxyRoute, strikes: int, shared: ProxyRings | None = None, start: int = 0
    ) -> None:
        self._route = route
        self._strikes = strikes
        self._shared = shared or ProxyRings()
        self._next = start
        self._failures = {
            proxy.id: proxy.consecutive_failures for proxy in route.proxies if not proxy.is_unhealthy
        }
        self._uses = Counter({proxy.id: proxy.uses for proxy in route.proxies})
        self._outcomes: list[ProxyOutcome] = []

    def __repr__(self) -> str:
        usable = len(self._usable(()))
        return f"<ProxyRing {self._route.strategy}, {usable} of {len(self._route.proxies)} usable>"

    @property
    def is_empty(self) -> bool:
        """Whether none is usable."""
        return not self._usable(())

    def pick(self, passed: Collection[UUID] = ()) -> RoutedProxy | None:
        """A usable proxy that is not among those passed; None if there is none, or enough were tried."""
        most = self._route.max_retries
        if most is not None and len(passed) > most:
            return None
        usable = self._usable(passed)
        return self._chosen(usable) if usable else None

    @contextmanager
    def use(self, proxy: RoutedProxy) -> Iterator[None]:
        """Count a fetch through a proxy as under way."""
        under_way = self._shared.under_way
        under_way[proxy.id] += 1
        self._uses[proxy.id] += 1
        try:
            yield
        finally:
            under_way[proxy.id] -= 1
            if not under_way[proxy.id]:
                del under_way[proxy.id]

    def note(self, outcome: ProxyOutcome) -> None:
        """Count how a use went."""
        self._outcomes.append(outcome)
        if outcome.proxy_id in self._failures:
            # Else the table has put it out since, and what was under way then does not bring it back.
            failures = 0 if outcome.error is None else self._failures[outcome.proxy_id] + 1
            self._failures[outcome.proxy_id] = failures

    def take_outcomes(self) -> Sequence[ProxyOutcome]:
        """The uses since the last call, in order."""
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def refresh(self, usable: dict[UUID, int]) -> None:
        """Learn from the table which proxies are usable, with their failures in a row."""
        self._failures = dict(usable)

    def _usable(self, passed: Collection[UUID]) -> list[RoutedProxy]:
        return [
            proxy
            for proxy in self._route.proxies
            # Who has fewer strikes than it takes; who is not in the table's list has none left.
            if proxy.id not in passed and self._failures.get(proxy.id, self._strikes) < self._strikes
        ]

    def _chosen(self, usable: Sequence[RoutedProxy]) -> RoutedProxy:
        match self._route.strategy:
            case ProxyStrategy.ROUND_ROBIN:
                return self._in_turn({proxy.id for proxy in usable})
            case ProxyStrategy.RANDOM:
                return self._shared.chance.choice(usable)
            case ProxyStrategy.WEIGHTED:
                weights = [proxy.weight for proxy in usable]
                return self._shared.chance.choices(usable, weights)[0]
            case ProxyStrategy.LEAST_USED:
                return min(usable, key=self._load)
            case ProxyStrategy.FAILOVER:
                return usable[0]

    def _in_turn(self, usable: Collection[UUID]) -> RoutedProxy:
        """The next in the order of all, so that one that comes back has its old turn."""
        while True:
            proxy = self._route.proxies[self._next % len(self._route.proxies)]
            self._next += 1
            if proxy.id in usable:
                return proxy

    def _load(self, proxy: RoutedProxy) -> tuple[int, int]:
        return self._shared.under_way[proxy.id], self._uses[proxy.id]
