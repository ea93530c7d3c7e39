"""Handshakes, and the sockets that are open.

A browser's handshake must come from a page of a good origin (`web/origins.py`): it asks nobody before it sends one.

Dead peers are found by `web/peers.py` and not by aiohttp's heartbeat: that one takes a client for dead to which a ping
comes late behind a backlog that is still on its way, and its close waits for a buffer that nobody takes.
"""

import asyncio

import structlog
from aiohttp import HttpVersion11, web

from core.limits import STANDARD, Limit
from live import close_codes
from live.close_codes import CloseCode
from live.failures import formatted
from live.session import Reception, Session
from web.aiohttp_socket import AiohttpSocket, Response
from web.frame_rules import Breach
from web.handshake import refusal_of
from web.negotiation import MediaType
from web.origins import FOREIGN, ITS_OWN, Origins
from web.peers import Dropped, Peers
from web.pulse import Pulse
from web.refusals import errors_response
from web.request_clock import step_aside

SUBPROTOCOL = "graphql-transport-ws"

log = structlog.get_logger(__name__)


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

    def __init__(
        self,
        reception: Reception,
        peers: Peers,
        message_bytes: int = STANDARD.message_bytes,
        origins: Origins = ITS_OWN,
    ) -> None:
        self._reception = reception
        self._peers = peers
        self._message_bytes = message_bytes
        self._origins = origins
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
            if socket.breach is not None:
                self._count(socket.breach)
        return response

    def _count(self, breach: Breach) -> None:
        log.info("frames_refused", code=breach.code.code, reason=breach.reason)
        if breach.code is close_codes.TOO_BIG:
            self._reception.quotas.passed[Limit.MESSAGE_BYTES] += 1
        is_late = breach.code is close_codes.UNFINISHED
        self._peers.on_drop(Dropped.UNFINISHED if is_late else Dropped.BREACH)

    async def _shake_hands(self, request: web.Request) -> tuple[web.StreamResponse, AiohttpSocket | None]:
        """The answer to a handshake, and the socket if it is to be served."""
        if not self._origins.welcome(request):
            error = formatted(FOREIGN, "FORBIDDEN")
            return errors_response(403, [error], MediaType.JSON), None
        if (refused := refusal_of(request)) is not None:
            return refused, None
        response = Response(SUBPROTOCOL, self._message_bytes, self._peers.patience)
        try:
            stream = await response.prepare(request)
        except ConnectionError:
            # Its client has left before it was answered, which is its right; aiohttp will find that out once more.
            return response, None
        if request.transport is None or stream is None:
            return response, None
        step_aside(request)
        # They are sent, and would be kept as long as the socket.
        response.headers.clear()
        pulse = Pulse(self._peers.patience, asyncio.get_running_loop().time(), answers=True)
        socket = AiohttpSocket(response, request.protocol, stream, pulse)
        refusal = self._refusal(response.ws_protocol)
        if refusal is None:
            return response, socket
        await socket.close(refusal, refusal.name)
        return response, None

    def _refusal(self, subprotocol: str | None) -> CloseCode | None:
        if subprotocol != SUBPROTOCOL:
            return close_codes.BAD_SUBPROTOCOL
        return close_codes.RESTART if self._peers.draining else None


def is_handshake(request: web.Request) -> bool:
    """Whether a request asks for a WebSocket: RFC 6455, section 4.2.1. Else its Upgrade is nothing to obey."""
    asks = request.headers.get("Upgrade", "").lower() == "websocket"
    return asks and request.method == "GET" and request.version >= HttpVersion11
