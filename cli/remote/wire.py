"""A server as the wire shows it: for `heliograph check`, which looks at what a client's library hides.

Nothing is retried or resumed here and nothing is put right. What a network does is `Gone`, what closes a WebSocket is
`Closed`; both end a check, unless it waited for just that.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    DummyCookieJar,
    TCPConnector,
    WSMsgType,
)

from cli.remote.server import SUBPROTOCOL, Json
from core.settings import ClientSettings

ANSWER_SECONDS = 20.0
LINE_BYTES = 1 << 20
# As much as a window without scaling: with less, reading it all in the end would take minutes.
NARROW_BYTES = 1 << 16


class Gone(Exception):
    """Nobody answers, or the connection broke."""


class Closed(Exception):
    """The server closed the WebSocket with this code."""

    def __init__(self, code: int | None) -> None:
        self.code = code
        super().__init__(f"it was closed with {code}")


class Answer(NamedTuple):
    """A response; the names of its headers are in lower case."""

    status: int
    media: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Json:
        """The body.

        Raises:
            ValueError: it is no JSON.
        """
        found: Json = json.loads(self.body)
        return found


class Event(NamedTuple):
    """One server-sent event."""

    name: str
    ident: str | None
    data: str


class WireSocket:
    """A WebSocket; what is sent and received is JSON."""

    def __init__(self, websocket: ClientWebSocketResponse) -> None:
        self._websocket = websocket

    @property
    def subprotocol(self) -> str | None:
        """The one that the server chose."""
        return self._websocket.protocol

    async def send(self, message: Mapping[str, Any] | str) -> None:
        """A message, or text that is none."""
        with _told():
            await self._websocket.send_str(message if isinstance(message, str) else json.dumps(message))

    async def receive(self) -> Json:
        """The next message.

        Raises:
            Gone: none came in time, or the connection broke.
            Closed: the server closed it.
        """
        with _told():
            frame = await self._websocket.receive(ANSWER_SECONDS)
        if frame.type is not WSMsgType.TEXT:
            raise Closed(self._websocket.close_code)
        message: Json = json.loads(frame.data)
        return message

    def cut(self) -> None:
        """End the connection as a pulled cable would: no close frame, no word."""
        self._connection.shutdown(socket.SHUT_RDWR)

    def narrow(self) -> None:
        """Let the system take little of what nobody receives."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW_BYTES)

    @property
    def _connection(self) -> socket.socket:
        connection: socket.socket | None = self._websocket.get_extra_info("socket")
        if connection is None:
            raise Gone("the connection broke")
        return connection


class WireEvents:
    """A stream of server-sent events."""

    def __init__(self, response: ClientResponse) -> None:
        self._response = response
        self.media = response.content_type
        self.status = response.status

    async def receive(self) -> Event | None:
        """The next event, comments and the rest skipped; None at the end of the stream.

        Raises:
            Gone: none came in time, or the connection broke.
        """
        with _told():
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._event()

    def cut(self) -> None:
        """End the connection as a pulled cable would."""
        self._response.close()

    async def _event(self) -> Event | None:
        fields: dict[str, list[str]] = {}
        while line := (await self._response.content.readline()).decode():
            name, _, value = line.rstrip("\r\n").partition(":")
            if name:
                fields.setdefault(name, []).append(value.removeprefix(" "))
            elif line in {"\n", "\r\n"}:
                if "data" in fields:
                    ident = fields["id"][-1] if "id" in fields else None
                    return Event(fields.get("event", ["message"])[-1], ident, "\n".join(fields["data"]))
                fields = {}
        return None


class Wire:
    """A server and who asks it. Make it with `open`."""

    def __init__(self, http: ClientSession, url: str, token: str | None) -> None:
        self._http = http
        self.url = url
        self.authorization = {} if token is None else {"Authorization": f"Bearer {token}"}

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: ClientSettings) -> AsyncIterator["Wire"]:
        """For as long as the block lasts; nothing is sent yet."""
        token = None if settings.token is None else settings.token.get_secret_value()
        timeout = ClientTimeout(total=None, sock_connect=ANSWER_SECONDS)
        # As many connections as there are subscribers, and no cookie of one for another.
        connector, jar = TCPConnector(limit=0), DummyCookieJar()
        async with ClientSession(
            connector=connector, cookie_jar=jar, timeout=timeout, read_bufsize=LINE_BYTES
        ) as http:
            yield cls(http, settings.url, token)

    def beside(self, path: str) -> str:
        """The URL of something that lies beside the API, such as `healthz`."""
        whole = urlsplit(self.url)
        return whole._replace(path=f"{whole.path.rpartition('/')[0]}/{path}", query="").geturl()

    async def request(
        self,
        method: str,
        headers: Mapping[str, str],
        body: str | None = None,
        *,
        url: str | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request with just these headers.

        Raises:
            Gone: nobody answers.
        """
        with _told():
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                self._http.request(
                    method, url or self.url, headers=headers, data=body, params=query, allow_redirects=False
                ) as answer,
            ):
                lower = {name.lower(): value for name, value in answer.headers.items()}
                return Answer(answer.status, answer.content_type, lower, await answer.read())

    async def ask(self, document: str, **variables: object) -> Json:
        """The data of an operation that must go well.

        Raises:
            Gone: nobody answers, or it did not go well.
        """
        headers = {**self.authorization, "Content-Type": "application/json", "Accept": "application/json"}
        answer = await self.request("POST", headers, json.dumps({"query": document, "variables": variables}))
        result = answer.json()
        if answer.status != 200 or "errors" in result:
            raise Gone(f"an operation was answered with {answer.status}: {result.get('errors')}")
        data: Json = result["data"]
        return data

    @asynccontextmanager
    async def socket(self, *subprotocols: str) -> AsyncIterator[WireSocket]:
        """A WebSocket on which nothing was said yet.

        Raises:
            Gone: nobody answers, or not by a handshake.
        """
        with _told():
            websocket = await self._http.ws_connect(
                self.url, protocols=subprotocols or (SUBPROTOCOL,), max_msg_size=0
            )
        async with websocket:
            yield WireSocket(websocket)

    @asynccontextmanager
    async def events(
        self, document: str, variables: Mapping[str, object], last_event_id: str | None = None
    ) -> AsyncIterator[WireEvents]:
        """An operation as a stream of events; at the end of the block the connection is cut.

        Raises:
            Gone: nobody answers.
        """
        headers = {
            **self.authorization,
            "Accept": "text/event-stream",
            **({} if last_event_id is None else {"Last-Event-ID": last_event_id}),
        }
        body = {"query": document, "variables": variables}
        with _told():
            response = await self._http.post(self.url, json=body, headers=headers)
        try:
            yield WireEvents(response)
        finally:
            response.close()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (ClientError, OSError, TimeoutError) as error:
        raise Gone(_reason(error)) from error


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"nothing came for {ANSWER_SECONDS:.0f} s"
    return str(error) or type(error).__name__
