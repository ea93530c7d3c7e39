"""Asks one server the same thing again and again over kept connections, and looks at every answer.

It speaks HTTP/1.1 by itself, for a client library would cost more than the fastest of the servers: it finds the end
of the head and the length of the body, and nothing else.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Self, cast
from urllib.parse import urlsplit

import msgspec

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
END = b"\r\n\r\n"
ANSWER_SECONDS = 20.0
TICKS = 100.0
"""Of a second, in which the kernel counts the time of a processor."""


class WrongAnswer(Exception):
    """A server did not answer what it was asked."""


@dataclass(frozen=True)
class Target:
    """A running server: its address, and the process whose time is counted."""

    name: str
    url: str
    pid: int
    token: str = ""

    def request(self, query: str) -> bytes:
        """The bytes that ask for a document."""
        parts = urlsplit(self.url)
        body = msgspec.json.encode({"query": query})
        head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {self.token}\r\n"
            f"Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@dataclass
class Measured:
    """What one server has shown, in all rounds."""

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0

    def __repr__(self) -> str:
        return f"<Measured {len(self.seconds)} requests, {self.cpu_ms:.3f} ms each>"

    @property
    def cpu_ms(self) -> float:
        """Of the server's process, for each request."""
        return self.cpu_seconds / len(self.seconds) * 1000

    def percentile(self, share: float) -> float:
        """How long so many of all requests took at most, in milliseconds."""
        ranked = sorted(self.seconds)
        return ranked[min(int(len(ranked) * share), len(ranked) - 1)] * 1000


class _Line(asyncio.Protocol):
    """One connection with one request under way at a time."""

    def __init__(self) -> None:
        self.is_over = False
        self._transport: asyncio.WriteTransport
        self._received = b""
        self._whole = -1
        self._answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Some bytes of the answer."""
        self._received += data
        if self._whole < 0:
            self._whole = self._length()
        if 0 <= self._whole <= len(self._received) and self._answer is not None:
            answer, self._answer = self._answer, None
            received, self._received, self._whole = self._received, b"", -1
            answer.set_result(received)

    def connection_lost(self, exc: Exception | None) -> None:
        """The server has gone, or hangs up on who is idle while others have their turns."""
        self.is_over = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(WrongAnswer(f"The connection ended ({exc})."))

    async def ask(self, request: bytes) -> bytes:
        """The answer to a request, head and body."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """End the connection."""
        self._transport.close()

    def _length(self) -> int:
        end = self._received.find(END)
        if end < 0:
            return -1
        found = LENGTH.search(self._received, 0, end + 2)
        if found is None:
            raise WrongAnswer(f"An answer without a length: {self._received[:end]!r}")
        return end + len(END) + int(found[1])


async def _reach(target: Target) -> _Line:
    parts = urlsplit(target.url)
    loop = asyncio.get_running_loop()
    _, line = await loop.create_connection(_Line, parts.hostname or "", parts.port or 0)
    return line


class Asking:
    """Open connections to one server, and what it has to answer."""

    def __init__(self, target: Target, query: str, lines: Sequence[_Line], body: bytes) -> None:
        self.target = target
        self.body = body
        self.measured = Measured()
        self._request = target.request(query)
        self._lines = list(lines)

    def __repr__(self) -> str:
        return f"<Asking {self.target.name}, {self.measured!r}>"

    @classmethod
    async def open(cls, target: Target, query: str, connections: int) -> Self:
        """Connect, and ask once: what is answered then has to be answered ever after.

        Raises:
            WrongAnswer: it is not answered at all.
        """
        lines = [await _reach(target) for _ in range(connections)]
        async with asyncio.timeout(ANSWER_SECONDS):
            body = _body(await lines[0].ask(target.request(query)))
        return cls(target, query, lines, body)

    async def ask(self, seconds: float, *, counting: bool = True) -> None:
        """Ask for so long on every connection, the next as soon as the last is answered.

        Raises:
            WrongAnswer: one answer is not the first one's.
        """
        self._lines = [await _reach(self.target) if line.is_over else line for line in self._lines]
        began = cpu_seconds(self.target.pid)
        until = perf_counter() + seconds
        async with asyncio.timeout(seconds + ANSWER_SECONDS):
            times = await asyncio.gather(*(self._ask(line, until) for line in self._lines))
        if counting:
            self.measured.cpu_seconds += cpu_seconds(self.target.pid) - began
            for each in times:
                self.measured.seconds += each

    async def _ask(self, line: _Line, until: float) -> list[float]:
        times: list[float] = []
        asked = perf_counter()
        while asked < until:
            answer = await line.ask(self._request)
            answered = perf_counter()
            times.append(answered - asked)
            if _body(answer) != self.body:
                raise WrongAnswer(f"{self.target.name} answered otherwise than before: {answer[:400]!r}")
            asked = perf_counter()
        return times

    def close(self) -> None:
        """End all connections."""
        for line in self._lines:
            line.close()


def _body(answer: bytes) -> bytes:
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise WrongAnswer(f"Not answered: {answer[:400]!r}")
    return answer[answer.index(END) + len(END) :]


def cpu_seconds(pid: int) -> float:
    """The time of a processor that a process has used until now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
