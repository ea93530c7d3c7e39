"""Streams, a meter and a socket for the tests of `live/`: real state, no schema, no network."""

import asyncio
from collections import Counter
from collections.abc import Hashable

import msgspec

from core.errors import Unavailable
from events.envelope import Envelope
from live.close_codes import CloseCode
from live.groups import Groups
from live.member import Member
from live.operations import NOT_NOW, Frame, NotNow
from live.writer import Writer
from tests.fakes.hub import FakeHub


class FakeStream:
    """Conforms to `live.operations.Stream`: the events of one topic; a topic that ends with "!" is the last.

    One with a "~" is progress, of what follows it: "a~x".
    """

    field = "ticks"

    def __init__(
        self, hub: FakeHub, topic: str = "a", *, after: int | None = None, key: Hashable = None
    ) -> None:
        self.key: Hashable = topic if key is None else key
        self.after = after
        self.opening: Hashable = None
        self.subjects: frozenset[Hashable] | None = None
        self.max_rate: float | None = None
        self.skipped: dict[int, int] = {}
        self.padding = 0
        self.renders: list[int] = []
        self.failure: Exception | None = None
        self.failing_open: Exception | None = None
        self.outage_at = 0
        self.failing_at = 0
        self.silent: set[int] = set()
        self.plain = True
        self.gate = asyncio.Event()
        self.gate.set()
        self._hub = hub
        self._topic = topic

    def matches(self, envelope: Envelope) -> bool:
        return envelope.summary.partition("~")[0].rstrip("!") == self._topic

    def conflated_by(self, envelope: Envelope) -> Hashable | None:
        return envelope.summary.partition("~")[2] or None

    def render_now(self, envelope: Envelope, skipped: int = 0) -> Frame | NotNow | None:
        is_free = self.plain and self.gate.is_set() and not self._is_to_fail_at(envelope.position)
        return self._rendered(envelope, skipped) if is_free else NOT_NOW

    async def render(self, envelope: Envelope, skipped: int = 0) -> Frame | None:
        await self.gate.wait()
        if not self._is_to_fail_at(envelope.position):
            return self._rendered(envelope, skipped)
        self.renders.append(envelope.position)
        if self.failure is not None:
            raise self.failure
        if envelope.position == self.failing_at:
            raise ValueError("secret")
        self.outage_at = 0
        raise Unavailable("The database does not answer.")

    def _is_to_fail_at(self, position: int) -> bool:
        return self.failure is not None or position in (self.failing_at, self.outage_at)

    def _rendered(self, envelope: Envelope, skipped: int) -> Frame | None:
        self.renders.append(envelope.position)
        if envelope.position in self.silent:
            return None
        last = envelope.summary.endswith("!")
        return frame(envelope.position, "event", self.padding, last=last, skipped=skipped)

    async def open(self) -> Frame:
        await self.gate.wait()
        if self.failing_open is not None:
            raise self.failing_open
        return frame(self._hub.head, "snapshot")

    async def reset(self, *, replaced: bool = False) -> Frame:
        await self.gate.wait()
        return frame(self._hub.head, "replaced" if replaced else "reset")


def frame(position: int, kind: str, padding: int = 0, *, last: bool = False, skipped: int = 0) -> Frame:
    told = {"data": {kind: position}} | ({"skipped": skipped} if skipped else {})
    payload = msgspec.json.encode(told) + b" " * padding
    return Frame(position=position, cursor=f"c{position}", payload=payload, last=last)


class Reader:
    """A member that is read by hand; `seen` lists (kind, position) of every frame taken.

    `skipped` has what those at some positions stand for besides themselves.
    """

    def __init__(self, groups: Groups, stream: FakeStream) -> None:
        self.calls = 0
        self.seen: list[tuple[str, int]] = []
        self.skipped: dict[int, int] = {}
        self.member: Member = groups.join(stream, self._called)

    def _called(self) -> None:
        self.calls += 1

    @property
    def positions(self) -> list[int]:
        return [position for _, position in self.seen]

    def read(self, limit: int = 1000) -> None:
        """Take what is due now."""
        for due in self.member.take(limit):
            told = msgspec.json.decode(due.frame.payload)
            ((kind, position),) = told["data"].items()
            self.seen.append((kind, position))
            if "skipped" in told:
                self.skipped[position] = told["skipped"]

    async def until(self, *positions: int) -> None:
        """Read until the frames taken end with these positions."""
        async with asyncio.timeout(5):
            while tuple(self.positions[-len(positions) :]) != positions:
                self.read()
                await asyncio.sleep(0)


class CountingMeter:
    """Conforms to `live.meter.Meter`; `counts` adds up everything by the name of the method."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.waits: list[float] = []

    def subscribed(self, field: str) -> None:
        self.counts["subscriptions"] += 1

    def unsubscribed(self, field: str) -> None:
        self.counts["subscriptions"] -= 1

    def group_opened(self, field: str) -> None:
        self.counts["groups"] += 1

    def group_closed(self, field: str) -> None:
        self.counts["groups"] -= 1

    def delivered(self, field: str, frames: int, size: int) -> None:
        self.counts["frames"] += frames
        self.counts["bytes"] += size

    def waited(self, field: str, seconds: float, times: int) -> None:
        self.waits.extend([seconds] * times)

    def replayed(self, field: str, frames: int) -> None:
        self.counts["replays"] += 1

    def reset(self, field: str) -> None:
        self.counts["resets"] += 1


class FakePipe:
    """Conforms to `live.outlet.Pipe`: the other way into the same socket."""

    def __init__(self, socket: "FakeSocket") -> None:
        self._socket = socket

    def write(self, data: bytes, /) -> None:
        if self.is_closing():
            # As uvloop's.
            raise RuntimeError("the handler is closed")
        self._socket.write(data)

    def is_closing(self) -> bool:
        return self._socket.closed is not None

    def get_write_buffer_size(self) -> int:
        return 0 if self._socket.flowing.is_set() else 1


class FakeSocket:
    """Conforms to `live.writer.Socket`. `sent` is what a client received; `block` stops it from receiving."""

    def __init__(self) -> None:
        self.pipe = FakePipe(self)
        self.writer: Writer | None = None
        self.sent: list[bytes] = []
        self.batches: list[int] = []
        self.closed: tuple[int, str] | None = None
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.failure: Exception | None = None
        self._frames: list[str | bytes | None] = []
        self._arrived = asyncio.Event()

    def block(self) -> None:
        self.flowing.clear()

    def feed(self, *frames: object) -> None:
        """Frames from the client: objects become JSON text, bytes a binary frame, None the end."""
        for each in frames:
            plain = each is None or isinstance(each, str | bytes)
            self._frames.append(each if plain else msgspec.json.encode(each).decode())  # type: ignore[arg-type]
        self._arrived.set()

    @property
    def unread(self) -> int:
        """How many frames of the client have not been taken."""
        return len(self._frames)

    @property
    def messages(self) -> list[dict[str, object]]:
        return [msgspec.json.decode(each) for each in self.sent]

    async def receive(self) -> str | bytes | None:
        while not self._frames:
            self._arrived.clear()
            await self._arrived.wait()
        return self._frames.pop(0)

    def takes(self) -> bool:
        if self.closed is not None:
            raise ConnectionResetError
        return self.flowing.is_set()

    def write(self, data: bytes) -> None:
        if self.failure is not None:
            raise self.failure
        assert self.flowing.is_set()
        texts = texts_of(data)
        self.batches.append(len(texts))
        self.sent.extend(texts)

    async def drained(self) -> None:
        await self.flowing.wait()
        if self.closed is not None:
            raise ConnectionResetError

    async def close(self, code: CloseCode, reason: str, within: float | None = None) -> None:
        if self.closed is None:
            self.closed = (code.code, reason)
            self.feed(None)


def texts_of(data: bytes) -> list[bytes]:
    """The texts of whole text frames that a server sends, one behind the other (RFC 6455, section 5.2)."""
    texts = []
    while data:
        assert data[0] == 0x81, "A text frame in one piece."
        size, start = data[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(data[2:start], "big")
        assert len(data) >= start + size
        texts.append(data[start : start + size])
        data = data[start + size :]
    return texts
