"""Connections that follow one stream and write down what they are told, when, and how it ended.

Of each frame only the cursor is kept: it says which event it was of. A WebSocket is the one of `bench/websocket.py`,
for a client that costs more than the server measures itself; an event stream is aiohttp's.
"""

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

from aiohttp import ClientConnectionError, ClientPayloadError, ClientSession, ClientTimeout

from bench.crowd import wire
from bench.websocket import WebSocket
from core.tasks import Owner

QUERY = "subscription { proxyEvents { __typename ... on StreamEvent { cursor } } }"
RENEWAL = """
mutation Renew($until: DateTime!) {
  renewToken(input: { expiresAt: $until }) { __typename ... on UserError { message } }
}
"""
CURSOR = b'"cursor":"'
AT_ONCE = 50
"""How many open at the same time."""


class Heard:
    """What one connection was told: cursors in their order, when the last of them, and when and how it ended."""

    def __init__(self) -> None:
        self.cursors: list[bytes] = []
        self.last = 0.0
        self.ended = 0.0
        self.how = ""

    def __repr__(self) -> str:
        return f"<Heard {len(self.cursors)} frames, {self.how or 'open'}>"

    def frame(self, data: bytes, start: int, stop: int) -> None:
        """There is a frame between these places."""
        at = data.find(CURSOR, start, stop)
        if at < 0:
            return
        begin = at + len(CURSOR)
        self.cursors.append(data[begin : data.index(b'"', begin)])
        self.last = asyncio.get_running_loop().time()

    def end(self, how: str) -> None:
        """It has ended; what is told first counts."""
        if not self.how:
            self.how = how
            self.ended = asyncio.get_running_loop().time()

    @property
    def events(self) -> Sequence[bytes]:
        """The cursors behind the snapshot, which every stream begins with."""
        return self.cursors[1:]


class Follower(WebSocket):
    """A WebSocket with one subscription; `answered` is set when something else was answered, with `answer`."""

    def __init__(self, path: str, token: str, heard: Heard) -> None:
        super().__init__(path)
        self._token = token
        self._heard = heard
        self.answered = asyncio.Event()
        self.answer = b""

    def opened(self) -> None:
        """Say who it is, and subscribe; both are read in their order."""
        self._write(wire.init(self._token))

    def heard(self, data: bytes, start: int, stop: int) -> None:
        """There is a message."""
        if data.startswith(b'{"type":"connection_ack"', start):
            self._write(wire.subscribe(0, {"query": QUERY}))
        elif data.startswith(b'{"id":"0"', start):
            self._heard.frame(data, start, stop)
        elif b'"type":"next"' in data[start:stop]:
            self.answer = data[start:stop]
            self.answered.set()

    def closing(self, code: int, reason: str) -> None:
        """The server closes it."""
        self._heard.end(f"{code} {reason}")
        if self.transport is not None:
            self.transport.close()

    def failed(self, reason: str) -> None:
        """The server did what it must not do."""
        self._heard.end(reason)

    def connection_lost(self, _error: Exception | None) -> None:
        """Whatever came before it says how it ended."""
        self.transport = None
        self._heard.end("lost")

    async def renew(self, until: str) -> None:
        """Renew its own token.

        Raises:
            AssertionError: it was refused.
        """
        payload = {"query": RENEWAL, "variables": {"until": until}}
        self._write(wire.message({"id": "renew", "type": "subscribe", "payload": payload}))
        await self.answered.wait()
        assert b"RenewTokenPayload" in self.answer, self.answer


class Crowd:
    """Connections with one token, spread over the processes; leave the block and they are closed."""

    def __init__(self, urls: Sequence[str], token: str, sockets: int, streams: int) -> None:
        self._urls = urls
        self._token = token
        self._sockets = sockets
        self._streams = streams
        self._owner = Owner("crowd")
        self._http = ClientSession(timeout=ClientTimeout(total=None))
        self._opening = asyncio.Semaphore(AT_ONCE)
        self.followers: list[Follower] = []
        self.heard: list[Heard] = []

    async def __aenter__(self) -> "Crowd":
        async with asyncio.TaskGroup() as opening:
            for number in range(self._sockets):
                opening.create_task(self._socket(self._urls[number % len(self._urls)], self._listener()))
        for number in range(self._streams):
            self._owner.start(self._stream(self._urls[number % len(self._urls)], self._listener()), "stream")
        return self

    async def __aexit__(self, *_rest: object) -> None:
        for each in self.followers:
            if each.transport is not None:
                each.transport.abort()
        await self._owner.close()
        await self._http.close()

    def _listener(self) -> Heard:
        self.heard.append(Heard())
        return self.heard[-1]

    async def _socket(self, url: str, heard: Heard) -> None:
        parts = urlsplit(url)
        async with self._opening:
            _, follower = await asyncio.get_running_loop().create_connection(
                lambda: Follower("/graphql", self._token, heard), str(parts.hostname), int(parts.port or 80)
            )
        self.followers.append(follower)

    async def _stream(self, url: str, heard: Heard) -> None:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "text/event-stream"}
        try:
            async with self._http.post(f"{url}/graphql", json={"query": QUERY}, headers=headers) as response:
                async for line in response.content:
                    if line.startswith(b"data: "):
                        heard.frame(line, 0, len(line))
                    elif line.startswith(b"event: complete"):
                        heard.end("complete")
                heard.end("stream ended" if response.ok else f"status {response.status}")
        except (ClientConnectionError, ClientPayloadError) as error:
            heard.end(f"broken: {error}")
