"""What one principal may take: requests, mutations and new documents in a minute, connections at a time.

Whoever passes one of these is told which it is and when to come back, by a `Throttled`: 429 over HTTP, an error of
the operation on a socket. A limit of 0 is none.
"""

from collections import Counter
from collections.abc import Hashable

from auth.connection_counts import ConnectionCounts, LocalConnections
from auth.permits import LocalPermits, Permits, Rate
from auth.principal import Principal
from core.limits import STANDARD, Limit, Limits, exceeded
from vocabulary.operations import Throttled

COME_BACK_SECONDS = 5.0
"""When somebody else of the same principal may have left."""


class Quotas:
    """Lets pass or refuses; `passed` is how often each limit was passed, those that others look after, too."""

    def __init__(
        self,
        limits: Limits = STANDARD,
        permits: Permits | None = None,
        connections: ConnectionCounts | None = None,
    ) -> None:
        self._requests = Rate(Limit.PRINCIPAL_REQUESTS, limits.principal_requests)
        self._mutations = Rate(Limit.PRINCIPAL_MUTATIONS, limits.principal_mutations)
        self._documents = Rate(Limit.PRINCIPAL_DOCUMENTS, limits.principal_documents)
        self._most = limits.principal_connections
        self._permits = permits or LocalPermits()
        self._connections = connections or LocalConnections()
        self.passed: Counter[Limit] = Counter()

    def __repr__(self) -> str:
        return f"<Quotas {self._permits!r}, {self._connections!r}>"

    @property
    def is_apart(self) -> bool:
        """Whether this process counts by itself what all of them should count together."""
        return self._permits.is_apart

    async def request(self, caller: object) -> None:
        """Count an operation of any kind, before anything is done for it.

        Raises:
            Throttled: there were too many.
        """
        await self._take(self._requests, caller, "requests")

    async def mutations(self, caller: object, count: int = 1) -> None:
        """Count the mutations of an operation besides, before any is executed; raises the same."""
        await self._take(self._mutations, caller, "mutations", count)

    async def document(self, caller: object) -> None:
        """Count a document besides that is to be parsed and validated; raises the same."""
        await self._take(self._documents, caller, "requests with documents that are not known")

    async def connect(self, caller: object) -> None:
        """Count a connection, until `disconnect`.

        Raises:
            Throttled: there are too many already.
        """
        if self._most and not await self._connections.enter(whose(caller), self._most):
            message = f"You have {self._most} connections, and may not have more at a time."
            self.passed[Limit.PRINCIPAL_CONNECTIONS] += 1
            raise throttled(Limit.PRINCIPAL_CONNECTIONS, self._most, message, COME_BACK_SECONDS)

    def disconnect(self, caller: object) -> None:
        """A connection that was counted has ended."""
        if self._most:
            self._connections.leave(whose(caller))

    async def _take(self, rate: Rate, caller: object, what: str, count: int = 1) -> None:
        if not rate.per_minute:
            return
        wait = await self._permits.take(rate, whose(caller), count)
        if wait > 0:
            late = f"come back in {wait:.3g} seconds" if count <= rate.per_minute else f"these are {count}"
            message = f"You may make {rate.per_minute} {what} in a minute; {late}."
            self.passed[rate.limit] += 1
            raise throttled(rate.limit, rate.per_minute, message, wait)


def throttled(limit: Limit, number: int, message: str, wait: float) -> Throttled:
    """The refusal of what is one too many now, and may be sent again in `wait` seconds."""
    extensions = {**exceeded(limit, number), "code": "RATE_LIMITED", "retryable": True}
    extensions["retryAfterSeconds"] = round(wait, 3)
    return Throttled([{"message": message, "extensions": extensions}], wait)


def whose(caller: object) -> Hashable:
    """Whom the caller's quota is of: all tokens of a principal have one."""
    return caller.id if isinstance(caller, Principal) else str(caller)
