"""The usable proxies of one shard, taken in turn, with their strikes up to the last moment.

The table has the last word on who is usable; between two writes the ring counts for itself, so that a dead proxy
is not asked a hundred times before the first strike is written.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from services.jobs import UsableProxy
from services.proxy_accounts import ProxyOutcome


class ProxyRing:
    """Proxies in turn, beginning with number `start`."""

    def __init__(self, proxies: Sequence[UsableProxy], strikes: int, start: int = 0) -> None:
        self._proxies = list(proxies)
        self._strikes = strikes
        self._next = start
        self._failures = {proxy.id: proxy.consecutive_failures for proxy in proxies}
        self._outcomes: list[ProxyOutcome] = []

    def __repr__(self) -> str:
        return f"<ProxyRing {len(self._usable())} of {len(self._proxies)} usable>"

    @property
    def is_empty(self) -> bool:
        """Whether none is usable."""
        return not self._usable()

    def pick(self, passed: Collection[UUID] = ()) -> UsableProxy | None:
        """The next usable proxy that is not among those passed."""
        for _ in self._proxies:
            proxy = self._proxies[self._next % len(self._proxies)]
            self._next += 1
            if proxy.id not in passed and self._is_usable(proxy.id):
                return proxy
        return None

    def note(self, outcome: ProxyOutcome) -> None:
        """Count a use."""
        self._outcomes.append(outcome)
        if outcome.error is None:
            self._failures[outcome.proxy_id] = 0
        else:
            self._failures[outcome.proxy_id] = self._failures.get(outcome.proxy_id, 0) + 1

    def take_outcomes(self) -> Sequence[ProxyOutcome]:
        """The uses since the last call, in order."""
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def refresh(self, usable: dict[UUID, int]) -> None:
        """Learn from the table which proxies are usable, with their failures in a row."""
        self._failures = dict(usable)

    def _usable(self) -> list[UsableProxy]:
        return [proxy for proxy in self._proxies if self._is_usable(proxy.id)]

    def _is_usable(self, ident: UUID) -> bool:
        # Who has fewer strikes than it takes; who is not in the table's list has none left.
        return self._failures.get(ident, self._strikes) < self._strikes
