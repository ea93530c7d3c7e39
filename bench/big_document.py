"""Whether one client's document holds the others up: `make bench NAME=big-document`.

Somebody sends requests that are large, or small and laborious (`bench/laborious.py`), one after the other. A healthy
client asks the same server a short question and sends a ping on its socket, over and over; told is the longest that
either had to wait while such a request was on its way or was answered. A stock Strawberry server, which has no limits
unless it is given some, gets what has nothing to do with our schema.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from aiohttp import ClientSession, ClientTimeout, ClientWebSocketResponse

from auth.tokens import digest
from bench.fanout.contestants import CONTESTANTS, STOCK
from bench.filling import Size, fill
from bench.laborious import Sent, for_any_server, for_ours
from bench.report import Figure, keeping, tell
from core.ids import new_id
from core.tasks import Owner
from db.engine import Engines
from db.migrating import upgrade
from db.models import TokenRow
from graph import node_ids
from tests.e2e.product import TOKEN, Product
from tests.integration.waiting import until
from vocabulary.access import Role

NAME = "big-document"
CLAIM = "However large or laborious a document is that somebody sends, nobody else waits for it."
OURS = "heliograph"
GOAL_MS = 50.0
ROUNDS = 5
WARM_UP = 20
GIVE_UP_SECONDS = 120.0
ROWS = Size(domains=30_000, events=1_000, proxies=1_000, campaigns=1_000, named=1_000)
QUESTION = msgspec.json.encode({"query": "{ __typename }"})
PING = '{"type":"ping"}'


class Healthy:
    """A client that asks and pings; `waits` are how long each of both took, in milliseconds."""

    def __init__(self, http: ClientSession, url: str, socket: ClientWebSocketResponse) -> None:
        self._http = http
        self._url = url
        self._socket = socket
        self.waits: list[float] = []

    async def ask(self) -> None:
        """Ask and ping, each as soon as the one before is answered, until cancelled."""
        while True:
            began = time.perf_counter()
            async with self._http.post(self._url, data=QUESTION) as answer:
                await answer.read()
            asked = time.perf_counter()
            await self._socket.send_str(PING)
            await self._socket.receive_json()
            self.waits += [(asked - began) * 1000, (time.perf_counter() - asked) * 1000]


async def longest_waits(
    url: str, token: str | None, sending: Mapping[str, Sent], rounds: int
) -> dict[str, list[float]]:
    """The longest wait of the healthy client in each round, by what is sent."""
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    timeout = ClientTimeout(GIVE_UP_SECONDS)
    found: dict[str, list[float]] = {}
    async with ClientSession(headers=headers, timeout=timeout) as http:
        for what, sent in sending.items():
            # Each time it is another document, for one that is valid is read once.
            bodies = [
                msgspec.json.encode({**sent, "query": f"{sent['query']}\n#{number}"})
                for number in range(rounds)
            ]
            found[what] = [await _longest_wait(http, url, token, body) for body in bodies]
    return found


async def _longest_wait(http: ClientSession, url: str, token: str | None, body: bytes) -> float:
    async with http.ws_connect(url, protocols=["graphql-transport-ws"]) as socket, Owner("healthy") as owner:
        payload = {} if token is None else {"Authorization": f"Bearer {token}"}
        await socket.send_json({"type": "connection_init", "payload": payload})
        await socket.receive_json()
        healthy = Healthy(http, url, socket)
        owner.start(healthy.ask(), "ask")
        await until(lambda: len(healthy.waits) >= WARM_UP)
        healthy.waits.clear()
        async with http.post(url, data=body) as answer:
            await answer.read()
        # Whoever waited for the document has not been answered yet.
        seen = len(healthy.waits)
        await until(lambda: len(healthy.waits) >= seen + 4)
        return max(healthy.waits)


async def measure(rounds: int) -> dict[str, dict[str, list[float]]]:
    """The longest waits of each server."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heliograph-document-")))
        product = await stack.enter_async_context(Product(folder / "product"))
        campaign = await _filled(f"sqlite+aiosqlite:///{product.folder}/heliograph.db")
        both = for_any_server()
        sending = {**both, **for_ours(campaign)}
        api = await product.serve(log_level="warning")
        ours = await longest_waits(f"{api.client.url}/graphql", TOKEN, sending, rounds)
        stock = await stack.enter_async_context(CONTESTANTS[STOCK](folder / "stock"))
        theirs = await longest_waits(f"http://127.0.0.1:{stock.place.port}/graphql", None, both, rounds)
        return {OURS: ours, STOCK: theirs}


async def _filled(url: str) -> str:
    """The id of a campaign with many domains, in a database that is made for it."""
    await upgrade(url)
    engines = Engines(url)
    try:
        filled = await fill(engines, ROWS)
        async with engines.writing() as session:
            session.add(
                TokenRow(
                    id=new_id(),
                    principal_id=filled.owner_id,
                    name="bench",
                    role=Role.OPERATOR,
                    digest=digest(TOKEN),
                    created_at=datetime.now(UTC),
                )
            )
    finally:
        await engines.close()
    return node_ids.encode("Campaign", filled.campaign_id)


def figures(found: Mapping[str, Mapping[str, list[float]]]) -> list[Figure]:
    """A line for each document, and the goal."""
    lines = [
        Figure(what=f"{what}: the longest wait of another client", value=_told(waits, found[STOCK].get(what)))
        for what, waits in found[OURS].items()
    ]
    longest = max(statistics.median(waits) for waits in found[OURS].values())
    lines.append(
        Figure(
            what="the longest wait that any of them causes, in the median of the rounds",
            value=f"{longest:,.1f} ms",
            goal=f"at most {GOAL_MS:g} ms",
            met=longest <= GOAL_MS,
        )
    )
    return lines


def _told(ours: list[float], stock: list[float] | None) -> str:
    told = f"{statistics.median(ours):,.1f} ms (at most {max(ours):,.1f})"
    if stock is None:
        return told
    return f"{told}; stock Strawberry {statistics.median(stock):,.0f} ms (at most {max(stock):,.0f})"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="bench.big_document", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each document is sent")
    keeping(parser)
    options = parser.parse_args()
    began = time.monotonic()
    found = asyncio.run(measure(options.rounds))
    met = tell(NAME, CLAIM, figures(found), time.monotonic() - began, keep=options.keep)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
