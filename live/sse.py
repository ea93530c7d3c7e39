"""graphql-sse, distinct connections mode: one operation is one response of server-sent events.

PROTOCOL.md of enisdenjo/graphql-sse, with lines as the HTML standard's event stream format has them (section
9.2.6), and an `id:` line on each result, so that a bare `EventSource` resumes by `Last-Event-ID`.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from core.clock import Clock
from live.groups import Groups
from live.meter import count_deliveries
from live.operations import Frame, Stream

COMPLETE = b"event: complete\ndata:\n\n"
PING = b":\n\n"
RETRY = b"retry: 1000\n\n"
"""After how many milliseconds a browser comes back; what it takes by itself is up to it, and often seconds."""
FRAMES_IN_TURN = 64


def next_event(payload: bytes, cursor: str | None = None) -> bytes:
    """A `next` event with a result that is encoded already."""
    # Line breaks in JSON are white space; each line of the data needs the field's name of its own.
    data = payload.replace(b"\r", b" ").replace(b"\n", b"\ndata: ")
    ident = b"" if cursor is None else b"id: " + cursor.encode() + b"\n"
    return b"event: next\n" + ident + b"data: " + data + b"\n\n"


def error_event(errors: list[dict[str, Any]]) -> bytes:
    """A `next` event whose result is nothing but errors; `COMPLETE` follows it."""
    return next_event(msgspec.json.encode({"errors": errors}))


class Delivery:
    """One subscription on its way to one reader."""

    def __init__(self, groups: Groups, stream: Stream, clock: Clock, ping_seconds: float = 15.0) -> None:
        self._groups = groups
        self._stream = stream
        self._clock = clock
        self._ping_seconds = ping_seconds
        self._wake = asyncio.Event()
        self._leaving = False

    def __repr__(self) -> str:
        return f"<Delivery of {self._stream.field}>"

    def leave(self) -> None:
        """End it without `complete`, so that the client comes back and resumes."""
        self._leaving = True
        self._wake.set()

    async def events(self) -> AsyncGenerator[bytes, None]:
        """The events, until the subscription completes or fails, or the process is about to stop.

        In the last case no `complete` is sent. While nothing is due a comment is sent every `ping_seconds`, which
        the reader's system acknowledges, or does not (`web/pulse.py`).
        """
        if self._groups.closed:
            return
        member = self._groups.join(self._stream, self._wake.set)
        try:
            while not (member.dismissed or self._leaving):
                self._wake.clear()
                due = member.take(FRAMES_IN_TURN)
                if due:
                    yield b"".join(_frame_event(each.frame) for each in due)
                    count_deliveries(self._groups.meter, self._clock.now(), [(self._stream.field, due, 1)])
                if member.finished:
                    yield COMPLETE
                    return
                if not member.more and member.failure is not None:
                    yield error_event(member.failure) + COMPLETE
                    return
                if not member.more and not await _woken(self._wake, self._ping_seconds):
                    yield PING
        finally:
            self._groups.leave(member)


def _frame_event(frame: Frame) -> bytes:
    return next_event(frame.payload, frame.cursor)


async def _woken(wake: asyncio.Event, seconds: float) -> bool:
    """Wait for the member's call; False if it does not come in time."""
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return False
    return True
