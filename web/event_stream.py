"""Server-sent events as a response of aiohttp: sending them, and asking a client to come back for them.

To a browser's EventSource any status but 200 is final: it never tries again (HTML standard, section 9.2.3 "Processing
model", "fail the connection"). A stream that ends, or breaks, is one that it comes back for, with Last-Event-ID. So
a subscription that cannot begin at this moment is a stream that ends at once.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

import structlog
from aiohttp import web

from live import event_text
from live.close_codes import CloseCode
from live.stay import EXPEL_SECONDS, Stay
from web.answer_headers import NO_STORE
from web.negotiation import MediaType
from web.peers import Peers
from web.pulse import Pulse

log = structlog.get_logger(__name__)


class Delivery(Protocol):
    """What is sent in one response."""

    def events(self) -> AsyncGenerator[bytes, None]:
        """The events, until there are no more."""

    def leave(self) -> None:
        """End them without `complete`, so that the client comes back and resumes."""


class EventStream:
    """The response of subscriptions; implements `web.peers.Peer`. There is no way to hear from its reader."""

    listening = False

    def __init__(self, transport: asyncio.Transport, delivery: Delivery, pulse: Pulse) -> None:
        self.pulse = pulse
        self.transport = transport
        self._delivery = delivery
        self._over = asyncio.Event()

    def __repr__(self) -> str:
        return f"<EventStream {self._delivery!r}>"

    async def ping(self) -> None:
        """Nothing: `live/sse.py` sends comments by itself."""

    async def give_up(self) -> None:
        """Drop the connection; there is no way to say why to somebody who does not read."""
        self.transport.abort()

    async def leave(self) -> None:
        """End the stream without `complete`; a reader that does not take what comes before the end is dropped."""
        await self._leave_within(self.pulse.patience.close_seconds)

    async def expel(self, _code: CloseCode, _reason: str) -> None:
        """The same, for a token that has ended: what is on its way is let pass for a moment."""
        await self._leave_within(EXPEL_SECONDS)

    async def _leave_within(self, seconds: float) -> None:
        self._delivery.leave()
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            self.transport.abort()

    async def hang_up(self) -> None:
        """The same: there is nothing to answer first."""
        await self.leave()

    def end(self) -> None:
        """All is sent, or nobody takes it."""
        self._over.set()


async def send_delivery(
    request: web.Request, delivery: Delivery, peers: Peers, stay: Stay
) -> web.StreamResponse:
    """Respond with a subscription's events until they, or the stay, end, or the reader is gone or takes nothing."""
    if request.transport is None:
        raise ConnectionResetError("The reader is gone.")
    if peers.draining:
        # It may have begun while the subscription was looked into; from here on nothing waits until it is watched.
        return await ask_to_come_back(request)
    pulse = Pulse(peers.patience, asyncio.get_running_loop().time(), answers=False)
    stream = EventStream(request.transport, delivery, pulse)
    peers.watch(stream)
    stay.seat(stream)
    try:
        return await send_events(request, delivery.events())
    finally:
        stream.end()
        peers.left(stream)


async def ask_to_come_back(request: web.Request) -> web.StreamResponse:
    """Respond with a stream that has nothing, and no end that a client would take for one."""
    return await send_events(request, of())


async def of(*parts: bytes) -> AsyncGenerator[bytes, None]:
    """The events of an operation that does not last."""
    for part in parts:
        yield part


async def send_events(request: web.Request, events: AsyncGenerator[bytes, None]) -> web.StreamResponse:
    """Respond with server-sent events, until they end or the reader is gone."""
    headers = {"Cache-Control": NO_STORE, "X-Accel-Buffering": "no"}
    response = web.StreamResponse(headers=headers)
    response.content_type = MediaType.EVENTS
    response.charset = "utf-8"
    # Whoever comes back shall be free to come to another process, also through a balancer of connections.
    response.force_close()
    async with aclosing(events):
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        try:
            # aiohttp sends the headers with the first bytes of the body, and the first event may be long in coming.
            await response.write(event_text.RETRY)
            async for part in events:
                await response.write(part)
        except ConnectionError:
            log.debug("event_stream_left")
        except Exception:
            # The status is on its way already; a stream without `complete` is one that clients resume.
            log.exception("event_stream_failed")
    return response
