"""A Heliograph server over its public API: queries and mutations over HTTP, streams over graphql-transport-ws.

A stream is followed for as long as its consumer wants. When the connection is lost, as it is when the server is
killed, restarted or cut off, it is made anew, after waits that double up to a few seconds, with the cursor of the
last frame that the consumer was given: the consumer sees every frame once and in order, and is told of the gap only
by `on_loss`, at each attempt that failed, and by `on_return`. What ends a stream is its completion, the consumer, or
a word of the server that no new attempt mends.
"""

import json
import os
from asyncio import get_running_loop, sleep
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, ClientWebSocketResponse, WSMsgType

from cli.remote.failures import Refused, Rejected, Unauthorized, Unreachable
from core.settings import ClientSettings
from live.close_codes import FORBIDDEN, TABLE

Json = dict[str, Any]

SUBPROTOCOL = "graphql-transport-ws"
REQUEST_SECONDS = 60.0
HANDSHAKE_SECONDS = 10.0
HEARTBEAT_SECONDS = 15.0
SETTLED_SECONDS = 1.0
FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 5.0
FINAL_CODES = frozenset(code.code for code in TABLE if not code.retried)
PASSING = frozenset({"UNAVAILABLE"})


def nothing() -> None:
    """For whoever does not ask to be told."""


class Lost(Exception):
    """The connection of a stream is gone; the stream goes on over the next one."""


class Server:
    """A server and who asks it. Make it with `open`."""

    def __init__(self, http: ClientSession, url: str, token: str | None) -> None:
        self._http = http
        self._url = url
        self._authorization = {} if token is None else {"Authorization": f"Bearer {token}"}

    def __repr__(self) -> str:
        return f"<Server {self._url}>"

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: ClientSettings) -> AsyncIterator["Server"]:
        """A server for as long as the block lasts; nothing is sent yet."""
        token = None if settings.token is None else settings.token.get_secret_value()
        async with ClientSession(timeout=ClientTimeout(total=REQUEST_SECONDS)) as http:
            yield cls(http, settings.url, token)

    async def ask(self, document: str, **variables: object) -> Json:
        """The data of a query or a mutation.

        Raises:
            Unreachable: nobody answers, or not as such a server does.
            Unauthorized: there is no valid token.
            Rejected: the request as a whole was not in order.
        """
        body = {"query": document, "variables": variables}
        try:
            async with self._http.post(
                self._url, json=body, headers=self._authorization, allow_redirects=False
            ) as answer:
                return self._data(answer.status, await answer.read())
        except (ClientError, OSError, TimeoutError) as error:
            raise Unreachable(f"{self._url} does not answer ({_reason(error)})") from error

    async def change(self, document: str, **variables: object) -> Json:
        """The payload of a mutation that has one field.

        Raises:
            Refused: the server says why not, in a member of the mutation's union.
        """
        (payload,) = (await self.ask(document, **variables)).values()
        if not str(payload["__typename"]).endswith("Payload"):
            raise Refused(payload)
        found: Json = payload
        return found

    async def follow(
        self,
        document: str,
        on_loss: Callable[[], None] = nothing,
        on_return: Callable[[], None] = nothing,
        **variables: object,
    ) -> AsyncGenerator[Json, None]:
        """The frames of a subscription with one field and a variable `after`, across connections.

        `on_loss` is called whenever the stream waits for another attempt, `on_return` while it goes on:
        with each frame, and once when there is none for a while.

        Raises:
            Unauthorized: the token is not valid any more.
            Rejected: the subscription is not in order, or what it is about is gone.
            Unreachable: the server closed the connection for a reason that a new one does not mend.
        """
        after = variables.pop("after", None)
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                asked = {**variables, "after": after}
                async with aclosing(self._frames(document, asked, on_return)) as frames:
                    async for frame in frames:
                        after, wait = frame["cursor"], FIRST_WAIT_SECONDS
                        yield frame
            except (Lost, ClientError, OSError, TimeoutError):
                on_loss()
                await sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_SECONDS)
            else:
                return

    async def _frames(
        self, document: str, variables: Mapping[str, object], on_begin: Callable[[], None]
    ) -> AsyncGenerator[Json, None]:
        """The frames of one connection, until the subscription is complete."""
        # The heartbeat finds out that the other side is gone without a word.
        async with self._http.ws_connect(
            self._url, protocols=[SUBPROTOCOL], max_msg_size=0, heartbeat=HEARTBEAT_SECONDS
        ) as socket:
            await socket.send_json({"type": "connection_init", "payload": self._authorization})
            await _receive(socket, HANDSHAKE_SECONDS)
            payload = {"query": document, "variables": variables}
            await socket.send_json({"id": "1", "type": "subscribe", "payload": payload})
            # A refusal comes at once, and a server that cannot answer yet refuses: then nothing has begun.
            quiet = get_running_loop().call_later(SETTLED_SECONDS, on_begin)
            try:
                while (message := await _receive(socket))["type"] != "complete":
                    frame = _frame(message)
                    on_begin()
                    yield frame
            finally:
                quiet.cancel()

    def _data(self, status: int, body: bytes) -> Json:
        if status == 401:
            raise Unauthorized(f"{self._url} wants a valid token: set HELIOGRAPH_TOKEN")
        try:
            result = json.loads(body)
            if "errors" in result:
                raise Rejected(result["errors"])
            data: Json = result["data"]
        except (ValueError, KeyError, TypeError) as error:
            raise Unreachable(f"{self._url} is no GraphQL API (it answers {status})") from error
        return data


async def _receive(socket: ClientWebSocketResponse, seconds: float | None = None) -> Json:
    """The next message that is not about the connection itself."""
    while True:
        frame = await socket.receive(seconds)
        if frame.type is not WSMsgType.TEXT:
            raise _end(socket.close_code)
        message: Json = json.loads(frame.data)
        if message["type"] == "ping":
            await socket.send_json({"type": "pong"})
        elif message["type"] != "pong":
            return message


def _end(code: int | None) -> Exception:
    if code == FORBIDDEN.code:
        return Unauthorized("the server takes this token no longer: set HELIOGRAPH_TOKEN")
    if code in FINAL_CODES:
        return Unreachable(f"the server ended the stream for good (close code {code})")
    return Lost(f"closed with {code}")


def _frame(message: Json) -> Json:
    payload = message["payload"]
    errors = payload if message["type"] == "error" else payload.get("errors")
    if errors:
        rejected = Rejected(errors)
        raise Lost(str(rejected)) if rejected.codes <= PASSING else rejected
    (frame,) = payload["data"].values()
    found: Json = frame
    return found


def _reason(error: BaseException) -> str:
    system = getattr(error, "os_error", error)
    number = getattr(system, "errno", None)
    if isinstance(number, int) and number > 0:
        return os.strerror(number)
    return str(system) or type(system).__name__
