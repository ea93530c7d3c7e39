"""The WebSocket of aiohttp as `live/` sees one.

Frames are judged and timed before aiohttp assembles them (`web/strict_frames.py`); texts are decoded here.
"""

import asyncio
from contextlib import suppress
from typing import Literal

from aiohttp import WSCloseCode, WSMsgType, web
from aiohttp._websocket.reader import WebSocketDataQueue
from aiohttp._websocket.writer import WebSocketWriter
from aiohttp.abc import AbstractStreamWriter

from live import close_codes
from live.close_codes import CloseCode
from live.writer import Writer
from web.frame_rules import Breach
from web.pulse import Patience, Pulse
from web.strict_frames import StrictFrames

QUEUE_BYTES = 64 * 1024
"""Nothing more is read from a client while more than twice as much of what it sent waits in here."""


class Response(web.WebSocketResponse[Literal[False]]):
    """The answer to a handshake, and the connection's two ends afterwards.

    Says that its last frame is about to be sent, whoever sends it: aiohttp does by itself when a client closes.
    permessage-deflate is off: each client would be compressed for separately.
    """

    socket: "AiohttpSocket | None" = None
    frames: StrictFrames

    def __init__(self, subprotocol: str, max_bytes: int, patience: Patience) -> None:
        super().__init__(
            protocols=(subprotocol,),
            compress=False,
            autoping=False,
            decode_text=False,
            timeout=patience.close_seconds,
        )
        self._max_bytes = max_bytes
        self._sender_seconds = patience.sender_seconds

    def _post_start(self, request: web.BaseRequest, protocol: str | None, writer: WebSocketWriter) -> None:
        # As in aiohttp, but for the reader; what came with the handshake is read in here, so no later place would do.
        self._ws_protocol, self._writer = protocol, writer
        self._reader = WebSocketDataQueue(request.protocol, QUEUE_BYTES, loop=asyncio.get_running_loop())
        self.frames = StrictFrames(self._reader, self._max_bytes, self._sender_seconds)
        request.protocol.set_parser(self.frames)  # type: ignore[arg-type]  # It asks for no more than they have.
        request.protocol.keep_alive(False)

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True) -> bool:
        """Close, once; a client that closes is answered with its own code (RFC 6455, section 5.5.1)."""
        socket, self.socket = self.socket, None
        if socket is not None:
            socket.end()
        if code == WSCloseCode.OK:
            code = self.close_code or code
        return await super().close(code=code, message=message, drain=drain)


class AiohttpSocket:
    """Implements `live.writer.Socket` and most of `web.peers.Peer`.

    Frames of text go to the transport by themselves, many at once. Pings, pongs and the close go through aiohttp, which
    hands each to the transport at once, too, and as a whole, so the order is that of the calls. After its close nothing
    is written (`takes`). `is_over` is whether its close was sent, `breach` why, if the client broke a rule.
    """

    __slots__ = (
        "_frames",
        "_handler",
        "_response",
        "_stream",
        "breach",
        "is_over",
        "listening",
        "pulse",
        "transport",
        "writer",
    )

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
        self.writer: Writer | None = None
        self.listening = False
        self.is_over = response.closed
        response.socket = self
        self.breach: Breach | None = None
        self._frames = response.frames
        self._frames.listener = self
        self._response = response
        self._handler = handler
        self._stream = stream

    def __repr__(self) -> str:
        return f"<AiohttpSocket {self.pulse!r}>"

    @property
    def pipe(self) -> asyncio.Transport:
        """What takes the frames of text, at once and as a whole."""
        return self.transport

    def end(self) -> None:
        """The close is about to be sent, which is the last frame."""
        self.is_over = True
        if self.writer is not None:
            self.writer.leave_pipe()

    async def receive(self) -> str | bytes | None:
        """The next frame; None once the peer is gone or the socket is closed."""
        while True:
            self.listening = True
            try:
                message = await self._response.receive()
            finally:
                self.listening = False
            self.hear()
            match message.type:
                case WSMsgType.TEXT:
                    return await self._decoded(message.data)
                case WSMsgType.BINARY:
                    return bytes(message.data)
                case WSMsgType.PING:
                    # Whoever has left meanwhile is no error; the next frame is that there is none.
                    with suppress(ConnectionError):
                        await self._response.pong(message.data)
                case WSMsgType.PONG:
                    pass
                case WSMsgType.ERROR:
                    await self._fail(message.data)
                    return None
                case _:
                    return None

    def hear(self) -> None:
        """The client has sent something."""
        self.pulse.hear(asyncio.get_running_loop().time())

    async def _decoded(self, data: bytes) -> str | None:
        try:
            return data.decode()
        except UnicodeDecodeError:
            await self._fail(Breach(close_codes.INVALID_TEXT, "A text is not UTF-8"))
            return None

    async def _fail(self, breach: Breach) -> None:
        """Close for what the client must not do: RFC 6455, sections 7.1.1 and 7.1.7.

        What it still sends is read and not looked at. Else our system would answer that with a reset, and the client's
        would forget the close frame before anybody has read it. That nothing follows it is told by the end of our side.
        """
        self.breach = breach
        self._frames.turn_deaf()
        # The close frame is written before anything is awaited.
        asyncio.get_running_loop().call_soon(self._end_our_side)
        await self.close(breach.code, breach.reason)

    def _end_our_side(self) -> None:
        if not self.transport.is_closing() and self.transport.can_write_eof():
            self.transport.write_eof()

    def takes(self) -> bool:
        """Whether the transport takes more; raises ConnectionError if it is closed, or its last frame was sent.

        Whose buffer is empty was not told to pause.
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

    async def close(self, code: CloseCode, reason: str, within: float | None = None) -> None:
        """Close; a peer that does not take the close frame, or does not answer it, is dropped within seconds.

        One for which frames wait in here is dropped `within` so many.
        """
        seconds = self.pulse.patience.close_seconds
        if within is not None and self.transport.get_write_buffer_size():
            seconds = within
        try:
            # aiohttp bounds the wait for the answer, but neither that for a full buffer in here …
            async with asyncio.timeout(seconds):
                await self._response.close(code=code.code, message=close_codes.cut(reason), drain=False)
        except TimeoutError:
            self.transport.abort()
        if self.transport.get_write_buffer_size():
            # … nor the one of a transport, which closes when its buffer is empty and not before.
            asyncio.get_running_loop().call_later(seconds, self.transport.abort)
