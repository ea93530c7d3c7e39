"""graphql-sse, distinct connections mode: one operation is one response of server-sent events.

PROTOCOL.md of enisdenjo/graphql-sse, with lines as the HTML standard's event stream format has them (section
9.2.6), and an `id:` line on each result, so that a bare `EventSource` resumes by `Last-Event-ID`.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from core.clock import Clock
from live.group import Groups
from live.meter import count_delivery
from live.operations import Frame, Stream

COMPLETE = b"event: complete\ndata:\n\n"
PING = b":\n\n"
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


async def deliver(
    groups: Groups, stream: Stream, clock: Clock, ping_seconds: float = 15.0
) -> AsyncGenerator[bytes, None]:
    """The events of one subscription, until it completes, fails, or the process is about to stop.

    In the last case no `complete` is sent, so the client comes back and resumes. While nothing is due a
    comment is sent every `ping_seconds`, which is how a vanished reader is noticed.
    """
    wake = asyncio.Event()
    member = groups.join(stream, wake.set)
    try:
        while not member.dismissed:
            wake.clear()
            due = member.take(FRAMES_IN_TURN)
            if due:
                yield b"".join(_frame_event(each.frame) for each in due)
                count_delivery(groups.meter, clock.now(), stream.field, due)
            if member.finished:
                yield COMPLETE
                return
            if not due and member.failure is not None:
                yield error_event(member.failure) + COMPLETE
                return
            if not member.more and not await _woken(wake, ping_seconds):
                yield PING
    finally:
        groups.leave(member)


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
