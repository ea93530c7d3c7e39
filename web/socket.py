"""The WebSocket of aiohttp as `live/` sees one, and the registry of those that are open.

permessage-deflate is off: each client would be compressed for separately. A browser's handshake must come from
a page of this very origin, since it carries the cookies of whoever reads the page. Dead peers are found by
pings: a ping every 15 s, and 7.5 s for its pong.
"""

import asyncio
from collections.abc import Sequence

import structlog
from aiohttp import WSMsgType, web

from live import close_codes
from live.close_codes import CloseCode
from live.failures import formatted
from live.session import Reception, Session
from web.negotiation import MediaType
from web.refusals import errors_response

SUBPROTOCOL = "graphql-transport-ws"
HEARTBEAT_SECONDS = 15.0
CLOSE_SECONDS = 5.0
MESSAGE_BYTES = 256 * 1024

log = structlog.get_logger(__name__)


class AiohttpSocket:
    """Implements `live.writer.Socket`."""

    def __init__(self, response: web.WebSocketResponse) -> None:
        self._response = response

    async def receive(self) -> str | bytes | None:
        """The next frame; None once the peer is gone or the socket is closed."""
        message = await self._response.receive()
        if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
            data: str | bytes = message.data
            return data
        return None

    async def write(self, messages: Sequence[bytes]) -> None:
        """Send text frames; returns when the transport is below its high-water mark."""
        for message in messages:
            await self._response.send_frame(message, WSMsgType.TEXT)

    async def close(self, code: CloseCode, reason: str) -> None:
        """Close; a peer that does not answer the close frame is dropped after 5 s."""
        await self._response.close(code=code.code, message=close_codes.cut(reason), drain=False)


class Sockets:
    """Accepts WebSockets, serves each with a session, and closes them all when the process stops."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._open: set[AiohttpSocket] = set()
        self._closing = False

    def __repr__(self) -> str:
        return f"<Sockets {len(self._open)} open>"

    def __len__(self) -> int:
        return len(self._open)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one handshake and everything that follows it."""
        if not same_origin(request):
            log.warning("foreign_origin", origin=request.headers.get("Origin"))
            error = formatted("WebSockets are for pages of this origin only.", "FORBIDDEN")
            return errors_response(403, [error], MediaType.JSON)
        response = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,),
            compress=False,
            heartbeat=HEARTBEAT_SECONDS,
            max_msg_size=MESSAGE_BYTES,
            timeout=CLOSE_SECONDS,
        )
        await response.prepare(request)
        await self._serve(AiohttpSocket(response), response.ws_protocol)
        return response

    async def close(self) -> None:
        """Close every socket with 1012, for clients to come back to another process, and refuse new ones."""
        self._closing = True
        code = close_codes.RESTART
        await asyncio.gather(*(socket.close(code, code.name) for socket in tuple(self._open)))

    async def _serve(self, socket: AiohttpSocket, subprotocol: str | None) -> None:
        refusal = self._refusal(subprotocol)
        if refusal is not None:
            await socket.close(refusal, refusal.name)
            return
        self._open.add(socket)
        try:
            await Session(socket, self._reception).run()
        except Exception:
            log.exception("session_failed")
            await socket.close(close_codes.INTERNAL, close_codes.INTERNAL.name)
        finally:
            self._open.discard(socket)

    def _refusal(self, subprotocol: str | None) -> CloseCode | None:
        if subprotocol != SUBPROTOCOL:
            return close_codes.BAD_SUBPROTOCOL
        return close_codes.RESTART if self._closing else None


def same_origin(request: web.Request) -> bool:
    """Whether the Origin header, if there is one, is exactly the origin that the request was sent to."""
    origin = request.headers.get("Origin")
    return origin is None or origin == f"{request.scheme}://{request.host}"


def is_handshake(request: web.Request) -> bool:
    """Whether a request asks for a WebSocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"
