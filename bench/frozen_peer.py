"""A stock Strawberry and broadcaster server in the place of ours, for comparison: `make bench NAME=frozen-peer`.

It is `bench/peers/stock.py`, which is what their documents show. One client reads, and in the second of two runs
another, which is stopped (SIGSTOP), does not. The server grows by itself with each event that it tells, so only the
difference of the two is the frozen client's.

    python bench/frozen_peer.py follow PORT     the client that is to be frozen; prints a line when it follows
"""

import argparse
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

from aiohttp import ClientSession

from bench.fanout.contestants import CONTESTANTS, STOCK, Running
from bench.peers import told
from bench.peers.stock import WAITING
from bench.report import Figure, keeping, tell
from bench.resident import resident_mb
from core.tasks import Owner
from tests.integration.waiting import until
from tests.servers.process import Launch, ServerProcess

EVENTS = 100_000
WARM_UP = 5_000
BATCH = 100
AHEAD = 1_000
SECONDS = 60.0
SUBPROTOCOL = "graphql-transport-ws"

PROGRAM = [sys.executable, str(Path(__file__))]
ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[1])}


async def follow(port: int) -> AsyncGenerator[dict[str, Any], None]:
    """A client: the numbers of events, as they come."""
    url = f"ws://127.0.0.1:{port}/graphql"
    async with ClientSession() as http, http.ws_connect(url, protocols=[SUBPROTOCOL]) as socket:
        await socket.send_json({"type": "connection_init"})
        await socket.receive_json()
        await socket.send_json({"id": "1", "type": "subscribe", "payload": {"query": told.DOCUMENT}})
        yield {}
        async for message in socket:
            yield json.loads(message.data)


async def follow_aloud(port: int) -> None:
    """The client in a process of its own."""
    async for message in follow(port):
        if not message:
            print("following", flush=True)


class Reader:
    """A client that reads; `number` is that of the last event, -1 as soon as it follows."""

    def __init__(self) -> None:
        self.number: int | None = None

    async def run(self, port: int) -> None:
        """Read on."""
        async for message in follow(port):
            event = message["payload"]["data"]["campaignEvents"] if message else {"ratePerMinute": -1}
            self.number = int(event["ratePerMinute"])


async def flow(server: Running, reader: Reader, numbers: range) -> None:
    """Let events flow, as fast as the reader takes them."""

    def has(number: int) -> bool:
        return reader.number is not None and reader.number >= number

    for first in numbers[::BATCH]:
        await server.publish(first, BATCH)
        await until(partial(has, first - AHEAD), SECONDS)
    await until(partial(has, numbers[-1]), SECONDS)


async def run(events: int, *, keep: bool) -> bool:
    """Measure without it and with it."""
    began = time.monotonic()
    without, _ = await measured(events, freezing=False)
    beside, waiting = await measured(events, freezing=True)
    figures = [
        Figure(what="clients", value="2: one reads, one is frozen; both follow all events"),
        Figure(what="events while it was frozen", value=f"{events:,}"),
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
    return tell("frozen-peer", claim, figures, time.monotonic() - began, keep=keep)


async def measured(events: int, *, freezing: bool) -> tuple[float, list[int]]:
    """By how much the server grew, in megabytes, and what waits in the queues of its clients."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heliograph-peer-")))
        server = await stack.enter_async_context(CONTESTANTS[STOCK](folder / "server"))
        frozen = await _frozen(stack, folder, server.place.port) if freezing else None
        http = await stack.enter_async_context(ClientSession())
        reader, owner = Reader(), Owner("reader")
        stack.push_async_callback(owner.close)
        owner.start(reader.run(server.place.port), "read")
        await until(lambda: reader.number is not None, SECONDS)
        await flow(server, reader, range(WARM_UP))
        if frozen is not None:
            os.kill(frozen.pid, signal.SIGSTOP)
        before = _resident(server)
        await flow(server, reader, range(WARM_UP, WARM_UP + events))
        async with http.get(f"http://127.0.0.1:{server.place.port}{WAITING}") as answer:
            return _resident(server) - before, await answer.json()


def _resident(server: Running) -> float:
    (pid,) = server.pids
    return resident_mb(pid)


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
        case ["follow", port]:
            asyncio.run(follow_aloud(int(port)))
        case _:
            parser = argparse.ArgumentParser(prog="bench.frozen_peer", description=__doc__.partition("\n")[0])
            parser.add_argument(
                "--events", type=int, default=EVENTS, help="while one is frozen (%(default)s)"
            )
            keeping(parser)
            given = parser.parse_args()
            sys.exit(0 if asyncio.run(run(given.events, keep=given.keep)) else 1)


if __name__ == "__main__":
    main()
