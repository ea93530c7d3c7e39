"""A balancer of connections as operators put before processes: it asks each whether it is ready, and sends nobody else.

It moves bytes and knows nothing of HTTP, so a connection stays where it is until an end closes it. One late answer says
nothing: like others of its kind it goes by what it was told last, until it is told something else.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout

from bench.relay import Address, Relay
from core.tasks import Owner

LOOK_SECONDS = 0.25
ANSWER_SECONDS = 2.0


class Balancer:
    """Sends new connections in turn to whichever processes are ready. Make it with `open`."""

    def __init__(self, http: ClientSession, relay: Relay) -> None:
        self._http = http
        self._relay = relay
        self._behind: dict[str, Address] = {}
        self._ready: dict[str, bool] = {}

    def __repr__(self) -> str:
        return f"<Balancer of {list(self._behind)}>"

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator["Balancer"]:
        """Balance until the block ends."""
        async with ClientSession() as http, Relay() as relay, Owner("balancer") as owner:
            balancer = cls(http, relay)
            owner.start(balancer._look(), "look")
            yield balancer

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"http://127.0.0.1:{self._relay.port}"

    def add(self, url: str) -> None:
        """A process that may be ready."""
        split = urlsplit(url)
        self._behind[url] = (split.hostname or "", split.port or 0)

    def remove(self, url: str) -> None:
        """A process that is no more."""
        del self._behind[url]

    async def _look(self) -> None:
        while True:
            await asyncio.gather(*(self._ask(url) for url in self._behind))
            self._relay.aim(*(address for url, address in self._behind.items() if self._ready.get(url)))
            await asyncio.sleep(LOOK_SECONDS)

    async def _ask(self, url: str) -> None:
        limit = ClientTimeout(total=ANSWER_SECONDS)
        try:
            async with self._http.get(f"{url}/readyz", timeout=limit) as answer:
                self._ready[url] = answer.status == 200
        except TimeoutError:
            return
        except ClientError:
            self._ready[url] = False
