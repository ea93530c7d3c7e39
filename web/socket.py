"""The WebSocket of aiohttp as `live/` sees one, and the registry of those that are open.

permessage-deflate is off: each client would be compressed for separately. A browser's handshake must come from
a page of this very origin, since it carries the cookies of whoever reads the page.

Dead peers are found by `web/peers.py` and not by aiohttp's heartbeat: that one takes a client for dead to which a ping
comes late behind a backlog that is still on its way, and its close waits for a buffer that nobody takes.
"""

import asyncio

import structlog
from aiohttp import WSCloseCode, WSMsgType, web
from aiohttp.abc import AbstractStreamWriter

from live import close_codes
from live.close_codes import CloseCode
from live.failures import formatted
from live.session import Reception, Session
from web.negotiation import MediaType
from web.peers import Peers
from web.pulse import Pulse
from web.refusals import errors_response

SUBPROTOCOL = "graphql-transport-ws"
MESSAGE_BYTES = 256 * 1024

log = structlog.get_logger(__name__)


class Response(web.WebSocketResponse):
    """Says that its last frame is about to be sent, whoever sends it: aiohttp does by itself when a client closes."""

    socket: "AiohttpSocket | None" = None

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True) -> bool:
        """Close, once."""
        socket, self.socket = self.socket, None
        if socket is not None:
            socket.is_over = True
        return await super().close(code=code, message=message, drain=drain)


class AiohttpSocket:
    """Implements `live.writer.Socket` and most of `web.peers.Peer`.

    Frames of text go to the transport by themselves, many at once. Pings, pongs and the close go through aiohttp, which
    hands each to the transport at once, too, and as a whole, so the order is that of the calls. After its close nothing
    is written (`takes`). `is_over` is whether its close was sent.
    """

    __slots__ = ("_handler", "_response", "_stream", "is_over", "listening", "pulse", "transport")

    def __init__(
        self,
        response: Response,
        handler: web.RequestHandler,
        stream: AbstractStreamWriter,
        pulse: Pulse,
    ) -> None:
        """Of a response that was prepared, which gave `stream`, on the connection of this handler.

        Raises:
            ConnectionError: the connection is gone.
        """
        if handler.transport is None:
            raise ConnectionResetError("The peer is gone.")
        self.pulse = pulse
        self.transport = handler.transport
        self.listening = False
        self.is_over = response.closed
        response.socket = self
        self._response = response
        self._handler = handler
        self._stream = stream

    def __repr__(self) -> str:
        return f"<AiohttpSocket {self.pulse!r}>"

    async def receive(self) -> str | bytes | None:
        """The next frame; None once the peer is gone or the socket is closed."""
        while True:
            self.listening = True
            try:
                message = await self._response.receive()
            finally:
                self.listening = False
            self.pulse.hear(asyncio.get_running_loop().time())
            match message.type:
                case WSMsgType.TEXT | WSMsgType.BINARY:
                    data: str | bytes = message.data
                    return data
                case WSMsgType.PING:
                    await self._response.pong(message.data)
                case WSMsgType.PONG:
                    pass
                case _:
                    return None

    def takes(self) -> bool:
        """Whether the transport takes more; raises ConnectionError if it is closed, or its last frame was sent.

        It is asked before each delivery, so it looks at little: whose buffer is empty was not told to pause.
        """
        transport = self.transport
        if self.is_over or transport.is_closing():
            raise ConnectionResetError("The socket is closed.")
        return not transport.get_write_buffer_size() or not self._handler.writing_paused

    def write(self, data: bytes) -> None:
        """Send whole frames."""
        self.transport.write(data)

    async def drained(self) -> None:
        """Wait until the transport's buffer is low."""
        await self._stream.drain()
        if self.transport.is_closing():
            raise ConnectionResetError("The peer is gone.")

    async def ping(self) -> None:
        """Send a ping."""
        await self._response.ping()

    async def close(self, code: CloseCode, reason: str) -> None:
        """Close; a peer that does not take the close frame, or does not answer it, is dropped within seconds."""
        seconds = self.pulse.patience.close_seconds
        try:
            # aiohttp bounds the wait for the answer, but neither that for a full buffer in here …
            async with asyncio.timeout(seconds):
                await self._response.close(code=code.code, message=close_codes.cut(reason), drain=False)
        except TimeoutError:
            self.transport.abort()
        if self.transport.get_write_buffer_size():
            # … nor the one of a transport, which closes when its buffer is empty and not before.
            asyncio.get_running_loop().call_later(seconds, self.transport.abort)


class SocketPeer:
    """A session and its socket, for `web/peers.py`."""

    __slots__ = ("_session", "_socket")

    def __init__(self, socket: AiohttpSocket, session: Session) -> None:
        self._socket = socket
        self._session = session

    def __repr__(self) -> str:
        return f"<SocketPeer {self._session!r}>"

    @property
    def pulse(self) -> Pulse:
        """What has been seen of the client."""
        return self._socket.pulse

    @property
    def transport(self) -> asyncio.Transport:
        """What its bytes go through."""
        return self._socket.transport

    @property
    def listening(self) -> bool:
        """Whether the session is reading."""
        return self._socket.listening

    async def ping(self) -> None:
        """Send a ping."""
        await self._socket.ping()

    async def give_up(self) -> None:
        """Close with 4510, which arrives if the client takes what is before it soon; else drop it."""
        await self._socket.close(close_codes.TOO_SLOW, close_codes.TOO_SLOW.name)

    async def leave(self) -> None:
        """Answer what runs, and close with 1012."""
        await self._session.leave(close_codes.RESTART)

    async def hang_up(self) -> None:
        """Close with 1012, for the client to come back to another process."""
        await self._socket.close(close_codes.RESTART, close_codes.RESTART.name)


class Sockets:
    """Accepts WebSockets, and serves each with a session until it is closed; `web/peers.py` closes them at the end."""

    def __init__(self, reception: Reception, peers: Peers) -> None:
        self._reception = reception
        self._peers = peers
        self._open = 0

    def __repr__(self) -> str:
        return f"<Sockets {self._open} open>"

    def __len__(self) -> int:
        return self._open

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one handshake and everything that follows it.

        What is in a coroutine that waits stays for as long as the socket does: so there is one, which has little.
        """
        response, socket = await self._shake_hands(request)
        if socket is None:
            return response
        session = Session(socket, self._reception)
        peer = SocketPeer(socket, session)
        self._open += 1
        self._peers.watch(peer)
        try:
            await session.run()
        except Exception:
            log.exception("session_failed")
            await socket.close(close_codes.INTERNAL, close_codes.INTERNAL.name)
        finally:
            self._peers.left(peer)
            self._open -= 1
        return response

    async def _shake_hands(self, request: web.Request) -> tuple[web.StreamResponse, AiohttpSocket | None]:
        """The answer to a handshake, and the socket if it is to be served."""
        if not same_origin(request):
            log.warning("foreign_origin", origin=request.headers.get("Origin"))
            error = formatted("WebSockets are for pages of this origin only.", "FORBIDDEN")
            return errors_response(403, [error], MediaType.JSON), None
        response = self._response()
        stream = await response.prepare(request)
        if request.transport is None or stream is None:
            return response, None
        pulse = Pulse(self._peers.patience, asyncio.get_running_loop().time(), answers=True)
        socket = AiohttpSocket(response, request.protocol, stream, pulse)
        refusal = self._refusal(response.ws_protocol)
        if refusal is None:
            return response, socket
        await socket.close(refusal, refusal.name)
        return response, None

    def _response(self) -> Response:
        return Response(
            protocols=(SUBPROTOCOL,),
            compress=False,
            autoping=False,
            max_msg_size=MESSAGE_BYTES,
            timeout=self._peers.patience.close_seconds,
        )

    def _refusal(self, subprotocol: str | None) -> CloseCode | None:
        if subprotocol != SUBPROTOCOL:
            return close_codes.BAD_SUBPROTOCOL
        return close_codes.RESTART if self._peers.draining else None


def same_origin(request: web.Request) -> bool:
    """Whether the Origin header, if there is one, is exactly the origin that the request was sent to."""
    origin = request.headers.get("Origin")
    return origin is None or origin == f"{request.scheme}://{request.host}"


def is_handshake(request: web.Request) -> bool:
    """Whether a request asks for a WebSocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"
