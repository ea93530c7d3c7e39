"""How long a request may take to arrive, which aiohttp does not bound: its head, and then its body.

A client that sends a byte now and then ("slowloris") would keep its connection for as long as it likes. So a clock runs
from the first byte of a head, or from the begin of a connection, until the head is there in whole, and another one
from then until the body is. They bound the whole and not the wait for the next byte. A late head is answered with 408
by hand, because to aiohttp there is no request yet; a late body is an error to whoever reads it, with the same answer.
A connection that is merely kept for the next request is not late, and closed by aiohttp after a while. Nor is one whose
body nobody waits for any more: what still comes of that is the begin of nothing, and aiohttp reads it for a while only.

The clock hears of a request where aiohttp makes it and where it has answered it: a middleware would be a coroutine that
is kept for as long as a socket is open, half a KiB for each.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import StreamReader, web

from live.failures import formatted
from web.heads import FIELD_BYTES, URI_BYTES, HeadHandler
from web.refusals import Refusal

STATUS, CODE = 408, "REQUEST_TIMEOUT"
KEEPALIVE_SECONDS = 75.0
"""How long a connection is kept for the next request; aiohttp's own hour is of no use to anybody but who has many."""
LINGERING_SECONDS = 10.0
"""How long at most aiohttp reads, after an answer, the rest of a body that nobody reads."""


class LateBody(Refusal):
    """The body is not there in whole in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(STATUS, CODE, _said("body", seconds), {"Connection": "close"})


class RequestClock(asyncio.Protocol):
    """Stands between a connection and aiohttp's handler of it, and hands everything on."""

    __slots__ = (
        "_body",
        "_clock",
        "_handler",
        "_has_begun",
        "_is_handling",
        "_is_last",
        "_late",
        "_on_late",
        "_seconds",
        "_transport",
    )

    def __init__(self, handler: web.RequestHandler, seconds: float, on_late: Callable[[], None]) -> None:
        self._handler = handler
        self._seconds = seconds
        self._on_late = on_late
        self._clock: asyncio.TimerHandle | None = None
        self._has_begun = False
        self._is_handling = False
        self._is_last = False
        self._body: StreamReader | None = None
        self._late: StreamReader | None = None
        self._transport: asyncio.Transport | None = None

    def __repr__(self) -> str:
        state = "handling" if self._is_handling else "reading" if self._has_begun else "waiting"
        return f"<RequestClock {state}>"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there, and is expected to say something."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
        self._handler.connection_made(transport)
        self._start(self._give_head_up)

    def data_received(self, data: bytes) -> None:
        """The client sends something."""
        if self._awaits_head():
            self._has_begun = True
            if self._clock is None:
                self._start(self._give_head_up)
        self._handler.data_received(data)

    def eof_received(self) -> None:
        """The client sends nothing more; the connection is to be closed."""
        self._handler.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._stop()
        self._handler.connection_lost(exc)

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        """The transport's buffer is low."""
        self._handler.resume_writing()

    def begin(self, body: StreamReader) -> None:
        """A head is there in whole, and its request is handled from now on."""
        self._stop()
        self._is_handling, self._has_begun = True, False
        self._body = body
        if not body.is_eof():
            self._start(lambda: self._give_body_up(body))

    def end(self, *, is_last: bool) -> None:
        """The request is answered; another one may come, unless it was the last."""
        self._stop()
        self._is_handling, self._is_last = False, is_last
        late, self._late = self._late, None
        if late is not None:
            # aiohttp now reads the rest for a while, for a reset would overtake the answer; it shall find no error.
            late.set_exception(None)  # type: ignore[arg-type]

    def _awaits_head(self) -> bool:
        """Whether what comes now begins a request, or belongs to a head that has begun."""
        if self._body is not None and self._body.is_eof():
            self._body = None
        return self._body is None and not (self._is_handling or self._is_last)

    def _start(self, ring: Callable[[], None]) -> None:
        self._clock = asyncio.get_running_loop().call_later(self._seconds, ring)

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _give_head_up(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._has_begun:
            # To one that has said nothing yet, and may be about to, an answer would be one to its first request.
            self._on_late()
            transport.write(_answer(_said("head", self._seconds)))
        transport.close()

    def _give_body_up(self, body: StreamReader) -> None:
        if not body.is_eof():
            self._on_late()
            self._late = body
            body.set_exception(LateBody(self._seconds))


def clock_of(handler: web.RequestHandler) -> RequestClock | None:
    """The clock of its connection, as long as there is one."""
    protocol = None if handler.transport is None else handler.transport.get_protocol()
    return protocol if isinstance(protocol, RequestClock) else None


def step_aside(request: web.Request) -> None:
    """Time a connection no more that has become a socket, and stand no longer between it and its handler.

    Nor does what has read its head stay, and with it what the head was: 2 KiB for as long as the socket lasts.
    """
    request.protocol._parser = None  # noqa: SLF001  aiohttp does so itself at the end of a connection.
    if request.transport is not None and clock_of(request.protocol) is not None:
        request.transport.set_protocol(request.protocol)


class TimedHandler(HeadHandler):
    """aiohttp's handler of a connection, which tells the clock that a request is answered."""

    __slots__ = ()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Answer a request."""
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            clock = clock_of(self)
            if clock is not None:
                clock.end(is_last=not resp.keep_alive)


class TimedServer(web.Server):
    """aiohttp's server of `made`, on whose connections requests are timed."""

    def __init__(self, made: web.Server, seconds: float, on_late: Callable[[], None]) -> None:
        self._make = made.request_factory
        super().__init__(
            made.request_handler,
            request_factory=self._begin_request,
            handler_cancellation=made.handler_cancellation,
            **made._kwargs,  # noqa: SLF001  What the runner was made with.
        )
        self._seconds = seconds
        self._on_late = on_late

    def __call__(self) -> RequestClock:  # type: ignore[override]  # It does for a transport what a handler does.
        """What a new connection speaks to."""
        handler = TimedHandler(self, loop=self._loop, **self._kwargs)
        return RequestClock(handler, self._seconds, self._on_late)

    def _begin_request(
        self, message: Any, payload: StreamReader, protocol: web.RequestHandler, *rest: Any
    ) -> web.BaseRequest:
        clock = clock_of(protocol)
        if clock is not None:
            clock.begin(payload)
        return self._make(message, payload, protocol, *rest)


class TimedRunner(web.AppRunner):
    """Runs an application on `TimedServer`; `on_late` hears of each request that does not arrive in time."""

    def __init__(
        self, app: web.Application, seconds: float, on_late: Callable[[], None], shutdown: float
    ) -> None:
        super().__init__(
            app,
            handler_cancellation=True,  # A client that goes away cancels its operation.
            shutdown_timeout=shutdown,
            access_log=None,  # There is one of our own.
            keepalive_timeout=KEEPALIVE_SECONDS,
            lingering_time=min(seconds, LINGERING_SECONDS),
            max_line_size=URI_BYTES,
            max_field_size=FIELD_BYTES,
            auto_decompress=False,  # `web/request_body.py` does, where there is a limit.
        )
        self._seconds = seconds
        self._on_late = on_late

    async def _make_server(self) -> web.Server:
        return TimedServer(await super()._make_server(), self._seconds, self._on_late)


def _said(part: str, seconds: float) -> str:
    return f"The {part} of a request must be there in whole within {seconds:g} seconds."


def _answer(message: str) -> bytes:
    """A response without aiohttp, which has no request that it could answer."""
    body = msgspec.json.encode({"errors": [formatted(message, CODE)]})
    head = (
        f"HTTP/1.1 {STATUS} Request Timeout",
        "Content-Type: application/json; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    return "\r\n".join((*head, "", "")).encode() + body
