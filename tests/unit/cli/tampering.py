"""A server between a client and a real one, which passes everything on but for one thing that it does wrong."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, ClientTimeout, ClientWebSocketResponse, WSMsgType, web

Json = dict[str, Any]
Frames = Callable[[Json], list[Json]]
HELD_BACK = {
    "host",
    "content-length",
    "connection",
    "transfer-encoding",
    "accept-encoding",
    "content-encoding",
}


@dataclass(frozen=True)
class Reply:
    """An answer to a request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Tamper:
    """What is done wrong: to answers, to the payloads of frames, to what a client asks for, to closes and to sending.

    `frames` gets the payload of each frame, over either transport, and gives those that are passed on; `frames_anew`
    makes it for each connection.
    """

    answers: Callable[[web.Request, Reply], Reply] = lambda _request, reply: reply
    frames: Frames = lambda payload: [payload]
    frames_anew: Callable[[], Frames] | None = None
    asked: Callable[[Json], Json] = lambda variables: variables
    messages: Callable[[Json], list[Json]] = lambda message: [message]
    close: Callable[[int], int] = lambda code: code
    idents: Callable[[str], str] = lambda ident: ident
    one_at_a_time: bool = False

    def for_a_connection(self) -> Frames:
        """What is done to the frames of a new connection."""
        return self.frames if self.frames_anew is None else self.frames_anew()


class Tampering:
    """The server; `url` is its API."""

    def __init__(self, http: ClientSession, target: str, tamper: Tamper) -> None:
        self._http = http
        self._target = target
        self._tamper = tamper
        self._sending = asyncio.Lock()
        self.url = ""

    @classmethod
    @asynccontextmanager
    async def open(cls, target: str, tamper: Tamper) -> AsyncIterator["Tampering"]:
        """In front of the server that has this origin."""
        async with ClientSession(timeout=ClientTimeout(total=None), read_bufsize=1 << 20) as http:
            made = cls(http, target, tamper)
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", made._handle)
            runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/graphql"
            try:
                yield made
            finally:
                await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HELD_BACK}
        body = await request.read()
        is_stream = "text/event-stream" in headers.get("Accept", "")
        if is_stream:
            body, headers = self._asked(body, headers)
        url = f"{self._target}{request.path_qs}"
        async with self._http.request(request.method, url, headers=headers, data=body) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in HELD_BACK}
            if not is_stream:
                reply = self._tamper.answers(request, Reply(answer.status, kept, await answer.read()))
                return web.Response(status=reply.status, headers=reply.headers, body=reply.body)
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            frames = self._tamper.for_a_connection()
            async for event in _events(answer.content):
                await response.write(self._event(event, frames))
            return response

    def _asked(self, body: bytes, headers: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
        """The same for a cursor in a header as for one among the variables."""
        asked = json.loads(body)
        variables = {**asked["variables"], "after": headers.get("Last-Event-ID")}
        asked["variables"] = self._tamper.asked(variables)
        return json.dumps(asked).encode(), {
            name: value for name, value in headers.items() if name != "Last-Event-ID"
        }

    def _event(self, lines: list[str], frames: Frames) -> bytes:
        fields = dict(line.partition(": ")[::2] for line in lines)
        if fields.get("event") != "next":
            return "".join(f"{line}\n" for line in [*lines, ""]).encode()
        told = b""
        for payload in frames(json.loads(fields["data"])):
            ident = self._tamper.idents(payload.get("extensions", {}).get("cursor", ""))
            told += f"event: next\nid: {ident}\ndata: {json.dumps(payload)}\n\n".encode()
        return told

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        offered = [each.strip() for each in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        theirs = web.WebSocketResponse(protocols=offered, max_msg_size=0)
        await theirs.prepare(request)
        async with (
            self._http.ws_connect(f"{self._target}/graphql", protocols=offered, max_msg_size=0) as ours,
            asyncio.TaskGroup() as group,
        ):
            upward = group.create_task(self._upward(theirs, ours))
            await self._downward(ours, theirs)
            upward.cancel()
        return theirs

    async def _upward(self, theirs: web.WebSocketResponse, ours: ClientWebSocketResponse) -> None:
        async for frame in theirs:
            message = json.loads(frame.data)
            if message.get("type") == "subscribe":
                variables = message["payload"].get("variables", {})
                message["payload"]["variables"] = self._tamper.asked(variables)
            await ours.send_json(message)
        await ours.close()

    async def _downward(self, ours: ClientWebSocketResponse, theirs: web.WebSocketResponse) -> None:
        frames = self._tamper.for_a_connection()
        async for frame in ours:
            if frame.type is WSMsgType.TEXT:
                for message in self._told(json.loads(frame.data), frames):
                    await self._send(theirs, message)
        await theirs.close(code=self._tamper.close(ours.close_code or 1000))

    def _told(self, message: Json, frames: Frames) -> list[Json]:
        if message["type"] != "next":
            return self._tamper.messages(message)
        return [{**message, "payload": payload} for payload in frames(message["payload"])]

    async def _send(self, theirs: web.WebSocketResponse, message: Json) -> None:
        if not self._tamper.one_at_a_time:
            await theirs.send_json(message)
            return
        async with self._sending:
            await theirs.send_json(message)


async def _events(content: Any) -> AsyncIterator[list[str]]:
    lines: list[str] = []
    while line := await content.readline():
        text = line.decode().rstrip("\n")
        if text:
            lines.append(text)
        elif lines:
            yield lines
            lines = []
