"""Asks `/readyz` of each process all the time, as a load balancer does, only more often."""

import asyncio
from collections.abc import Sequence

from aiohttp import ClientError, ClientSession, ClientTimeout

from core.clock import SystemClock
from core.tasks import Owner
from tests.e2e.client import Client

EVERY_SECONDS = 0.1
# Who does not answer within this time is not ready for anybody.
PATIENCE_SECONDS = 1.0


def now() -> float:
    """Seconds since 1970, as the log and the clients count."""
    return SystemClock().now().timestamp()


class Watch:
    """Keeps each change of each process, with its time."""

    def __init__(self, http: ClientSession, clients: Sequence[Client]) -> None:
        self._http = http
        self._clients = clients
        self._owner = Owner("watch")
        self._changes: list[list[tuple[float, bool]]] = [[] for _ in clients]

    async def __aenter__(self) -> "Watch":
        for client, changes in zip(self._clients, self._changes, strict=True):
            self._owner.start(self._look(client, changes), "look")
        return self

    async def __aexit__(self, *_rest: object) -> None:
        await self._owner.close()

    @property
    def is_green(self) -> bool:
        """Whether all are ready."""
        return all(changes and changes[-1][1] for changes in self._changes)

    def until_red(self, since: float, end: float) -> float | None:
        """How long the last one took to turn red; None if one never did before `end`."""
        return self._latest(since, end, green=False)

    def until_green(self, since: float, end: float) -> float | None:
        """How long the last one took to be green; None if one never was before `end`."""
        return self._latest(since, end, green=True)

    def _latest(self, since: float, end: float, *, green: bool) -> float | None:
        times = [_time(changes, since, end, green=green) for changes in self._changes]
        found = [time for time in times if time is not None]
        return max(found) - since if len(found) == len(times) else None

    async def _look(self, client: Client, changes: list[tuple[float, bool]]) -> None:
        while True:
            ready = await self._ready(client)
            if not changes or changes[-1][1] != ready:
                changes.append((now(), ready))
            await asyncio.sleep(EVERY_SECONDS)

    async def _ready(self, client: Client) -> bool:
        limit = ClientTimeout(total=PATIENCE_SECONDS)
        try:
            async with self._http.get(f"{client.url}/readyz", timeout=limit) as answer:
                return answer.status == 200
        except (ClientError, TimeoutError):
            return False


def _time(changes: Sequence[tuple[float, bool]], since: float, end: float, *, green: bool) -> float | None:
    before = [state for at, state in changes if at <= since]
    if before and before[-1] == green:
        return since
    return next((at for at, state in changes if since < at <= end and state == green), None)
