"""A stock Strawberry and broadcaster server in the place of ours, for comparison: `python -m bench.frozen_peer`.

It is what their documents show: a `GraphQLView` of aiohttp, a subscription that loops over `broadcast.subscribe`, the
channel in memory. One client reads, and in the second of two runs another, which is stopped (SIGSTOP), does not. The
server grows by itself with each event that it tells, so only the difference of the two is the frozen client's.

    python bench/frozen_peer.py serve PORT      the server
    python bench/frozen_peer.py follow PORT     the client that is to be frozen; prints a line when it follows
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import strawberry
from aiohttp import ClientSession, web
from broadcaster import Broadcast
from strawberry.aiohttp.views import GraphQLView

from bench.report import Figure, tell
from bench.resident import resident_mb
from core.tasks import Owner
from tests.integration.waiting import until
from tests.servers.process import Launch, ServerProcess, free_port

EVENTS = 100_000
WARM_UP = 5_000
BATCH = 100
AHEAD = 1_000
SECONDS = 60.0
CHANNEL = "events"
SUBPROTOCOL = "graphql-transport-ws"
QUERY = "subscription { activity { __typename number kind summary } }"

PROGRAM = [sys.executable, str(Path(__file__))]
ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[1])}

broadcast = Broadcast("memory://")


@strawberry.type
class Activity:
    """The same that ours tells, as long."""

    number: int
    kind: str
    summary: str


@strawberry.type
class Query:
    """A schema has to have one."""

    version: int = 1


@strawberry.type
class Subscription:
    """As in the documents of both libraries."""

    @strawberry.subscription
    async def activity(self) -> AsyncGenerator[Activity, None]:
        """All events."""
        async with broadcast.subscribe(channel=CHANNEL) as subscriber:
            async for event in subscriber:  # type: ignore[union-attr]
                yield Activity(**json.loads(event.message))  # type: ignore[union-attr]


async def flow(request: web.Request) -> web.Response:
    """Publish some events, and say how many wait in the queues of subscribers."""
    first = int(request.query["first"])
    for number in range(first, first + BATCH):
        told = {
            "number": number,
            "kind": "KEYWORD_SET_UPDATED",
            "summary": "Keyword set “Frozen” was changed: name",
        }
        await broadcast.publish(channel=CHANNEL, message=json.dumps(told))
    queues = broadcast._subscribers.get(CHANNEL, set())  # noqa: SLF001  There is no other way to look.
    return web.json_response({"waiting": [queue.qsize() for queue in queues]})


async def serve(port: int) -> None:
    """The server, until it is killed."""
    app = web.Application()
    schema = strawberry.Schema(query=Query, subscription=Subscription)
    app.router.add_route("*", "/graphql", GraphQLView(schema=schema))
    app.router.add_post("/flow", flow)
    async with broadcast:
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


async def follow(port: int) -> AsyncGenerator[dict[str, Any], None]:
    """A client: the numbers of events, as they come."""
    url = f"ws://127.0.0.1:{port}/graphql"
    async with ClientSession() as http, http.ws_connect(url, protocols=[SUBPROTOCOL]) as socket:
        await socket.send_json({"type": "connection_init"})
        await socket.receive_json()
        await socket.send_json({"id": "1", "type": "subscribe", "payload": {"query": QUERY}})
        yield {}
        async for message in socket:
            yield json.loads(message.data)


async def follow_aloud(port: int) -> None:
    """The client in a process of its own."""
    async for told in follow(port):
        if not told:
            print("following", flush=True)


class Reader:
    """A client that reads; `number` is that of the last event, -1 as soon as it follows."""

    def __init__(self) -> None:
        self.number: int | None = None

    async def run(self, port: int) -> None:
        """Read on."""
        async for told in follow(port):
            self.number = told["payload"]["data"]["activity"]["number"] if told else -1


class Peer:
    """One run."""

    def __init__(self, port: int, server: ServerProcess, http: ClientSession, reader: Reader) -> None:
        self._port = port
        self._server = server
        self._http = http
        self._reader = reader

    async def flow(self, numbers: range) -> list[int]:
        """Let events flow, as fast as the reader takes them; gives what waits in the queues in the end."""
        waiting: list[int] = []
        for first in numbers[::BATCH]:
            async with self._http.post(f"http://127.0.0.1:{self._port}/flow?first={first}") as answer:
                waiting = (await answer.json())["waiting"]
            await until(partial(self._has, first - AHEAD), SECONDS)
        await until(partial(self._has, numbers[-1]), SECONDS)
        return waiting

    def _has(self, number: int) -> bool:
        return self._reader.number is not None and self._reader.number >= number

    @property
    def resident_mb(self) -> float:
        """The server's memory."""
        return resident_mb(self._server.pid)


async def run() -> bool:
    """Measure without it and with it."""
    began = time.monotonic()
    without, _ = await measured(freezing=False)
    beside, waiting = await measured(freezing=True)
    figures = [
        Figure(what="clients", value="2: one reads, one is frozen; both follow all events"),
        Figure(what="events while it was frozen", value=f"{EVENTS:,}"),
        Figure(
            what="the server's memory grew more than without it, by",
            value=f"{beside - without:+.1f} MB ({beside:+.1f} against {without:+.1f})",
        ),
        Figure(what="events in the queue of the frozen client", value=f"{max(waiting):,}"),
        Figure(what="the frozen client was closed", value="no" if len(waiting) > 1 else "yes"),
    ]
    claim = (
        "For comparison, with two clients only: a stock Strawberry and broadcaster server keeps all for the one that "
        "does not read."
    )
    return tell("frozen-peer", claim, figures, time.monotonic() - began)


async def measured(*, freezing: bool) -> tuple[float, list[int]]:
    """By how much the server grew, in megabytes, and what waits in the queues of its clients."""
    port = free_port()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heliograph-peer-")))
        server = await _server(stack, folder, port)
        frozen = await _frozen(stack, folder, port) if freezing else None
        http = await stack.enter_async_context(ClientSession())
        reader, owner = Reader(), Owner("reader")
        stack.push_async_callback(owner.close)
        owner.start(reader.run(port), "read")
        peer = Peer(port, server, http, reader)
        await until(lambda: reader.number is not None, SECONDS)
        await peer.flow(range(WARM_UP))
        if frozen is not None:
            os.kill(frozen.pid, signal.SIGSTOP)
        before = peer.resident_mb
        waiting = await peer.flow(range(WARM_UP, WARM_UP + EVENTS))
        return peer.resident_mb - before, waiting


async def _server(stack: AsyncExitStack, folder: Path, port: int) -> ServerProcess:
    server = ServerProcess(Launch([*PROGRAM, "serve", str(port)], log=folder / "server.log", env=ENVIRONMENT))
    stack.push_async_callback(server.kill)

    async def answers() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    await server.wait_until(answers, SECONDS)
    return server


async def _frozen(stack: AsyncExitStack, folder: Path, port: int) -> ServerProcess:
    log = folder / "frozen.log"
    frozen = ServerProcess(Launch([*PROGRAM, "follow", str(port)], log=log, env=ENVIRONMENT))
    stack.push_async_callback(frozen.kill)

    async def follows() -> bool:
        return "following" in log.read_text()

    await frozen.wait_until(follows, SECONDS)
    return frozen


def main() -> None:
    """Run from the command line."""
    match sys.argv[1:]:
        case ["serve", port]:
            asyncio.run(serve(int(port)))
        case ["follow", port]:
            asyncio.run(follow_aloud(int(port)))
        case _:
            sys.exit(0 if asyncio.run(run()) else 1)


if __name__ == "__main__":
    main()
