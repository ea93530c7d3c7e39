"""A client that goes on sending mutations over the WebSocket that it has, whatever is out.

Over HTTP a token is checked anew for each request, so an outage of the database refuses requests before anybody looks
at them. Who is connected already is answered by the mutation itself: with a payload, or with the typed error.
"""

import asyncio
import json
from collections import Counter
from contextlib import AsyncExitStack
from itertools import count
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from bench.load_things import Thing
from core.tasks import Owner
from tests.e2e.client import SUBPROTOCOL, Client

AT_ONCE = 20


class Asker:
    """Changes one thing again and again for as long as its block lasts, on one connection.

    `ends` counts how the mutations ended by what the answer was: `Payload`, `refused`, `in doubt`, or an unexpected
    error's code; `longest` is the time of the slowest answer.
    """

    def __init__(self, http: ClientSession, client: Client, thing: Thing, rate: float) -> None:
        self._http = http
        self._client = client
        self._thing = thing
        self._rate = rate
        self._sent: dict[str, float] = {}
        self._owner = Owner("asker")
        self._undo = AsyncExitStack()
        self.ends: Counter[str] = Counter()
        self.longest = 0.0
        self.cut = 0

    async def __aenter__(self) -> "Asker":
        url = f"ws{self._client.url.removeprefix('http')}/graphql"
        socket = await self._undo.enter_async_context(self._http.ws_connect(url, protocols=[SUBPROTOCOL]))
        init = {"type": "connection_init", "payload": {"Authorization": f"Bearer {self._client.token}"}}
        await socket.send_json(init)
        assert (await socket.receive_json())["type"] == "connection_ack"
        self._owner.start(self._hear(socket), "hear")
        self._owner.start(self._ask(socket), "ask")
        return self

    async def __aexit__(self, *_rest: object) -> None:
        await self._owner.close()
        await self._undo.aclose()

    async def _ask(self, socket: ClientWebSocketResponse) -> None:
        noun = self._thing.kind.noun
        query = f"""
        mutation Ask($input: {self._thing.kind.input}!) {{
          {self._thing.kind.update}(input: $input) {{
            ... on Update{noun}Payload {{ cursor }}
            ... on UserError {{ code }} ... on UnavailableError {{ isInDoubt retryAfterSeconds }}
          }}
        }}
        """
        for number in count(1):
            await asyncio.sleep(1 / self._rate)
            if len(self._sent) >= AT_ONCE:
                continue
            payload = {"query": query, "variables": {"input": self._thing.changed_to(1_000_000 + number)}}
            self._sent[str(number)] = asyncio.get_running_loop().time()
            await socket.send_json({"id": str(number), "type": "subscribe", "payload": payload})

    async def _hear(self, socket: ClientWebSocketResponse) -> None:
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                break
            message: dict[str, Any] = json.loads(frame.data)
            if message["type"] == "ping":
                await socket.send_json({"type": "pong"})
            elif message["type"] in {"next", "error"}:
                self._count(message)
        self.cut += 1

    def _count(self, message: dict[str, Any]) -> None:
        sent = self._sent.pop(message["id"], None)
        if sent is not None:
            self.longest = max(self.longest, asyncio.get_running_loop().time() - sent)
        self.ends[_end(message)] += 1


def _end(message: dict[str, Any]) -> str:
    if message["type"] == "error":
        return str(message["payload"][0]["extensions"]["code"])
    if message["payload"].get("errors"):
        return str(message["payload"]["errors"][0]["extensions"]["code"])
    (answer,) = message["payload"]["data"].values()
    if "cursor" in answer:
        return "Payload"
    if "isInDoubt" in answer:
        return "in doubt" if answer["isInDoubt"] else "refused"
    return str(answer["code"])
