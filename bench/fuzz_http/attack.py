"""An attack on a running server: many clients that send what `hostile.py` makes, and look at each answer.

A defect is what no request may bring about: a 5xx, an error that had to be masked (`INTERNAL`), a traceback in what a
client is sent, a connection that is neither answered nor closed. With the seed and its number an attempt can be made
again.
"""

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit

from bench.fuzz_http.documents import DocumentMaker
from bench.fuzz_http.hostile import Attacker, Attempt
from core.tasks import Owner
from graph.schema import schema

CLIENTS = 8
ANSWER_SECONDS = 30.0
STREAM_SECONDS = 0.05
"""How long an event stream is listened to that goes on for ever."""
LOOKED_AT = 1 << 20
CONTINUE = b"HTTP/1.1 100 "
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
TELLTALE = (b"Traceback (most recent call last)", b'"INTERNAL"', b'File "')


@dataclass
class Findings:
    """What became of all attempts: statuses by kind, and defects with what is needed to see them again."""

    seed: int
    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)

    @property
    def attempts(self) -> int:
        """How many there were."""
        return self.statuses.total()

    def by_class(self) -> Counter[str]:
        """How many were answered how."""
        found: Counter[str] = Counter()
        for (_, status), count in self.statuses.items():
            found[f"{status[0]}xx" if status.isdigit() else status] += count
        return found


class Attack:
    """Clients that attack one server until they are told to stop."""

    def __init__(self, url: str, token: str, seed: int) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 0)
        self._token = token
        self.findings = Findings(seed)
        self._count = 0

    async def run(self, seconds: float) -> None:
        """Attack for so long."""
        over = asyncio.get_running_loop().time() + seconds
        async with Owner("attack") as owner:
            tasks = [owner.start(self._client(over), str(number)) for number in range(CLIENTS)]
            await asyncio.gather(*tasks)

    async def _client(self, over: float) -> None:
        # A generator for each attempt, so that one can be made again without those before it.
        loop = asyncio.get_running_loop()
        while loop.time() < over:
            self._count += 1
            key = f"{self.findings.seed}/{self._count}"
            random = Random(key)
            kind, attempt = Attacker(random, DocumentMaker(schema._schema, random)).attempt()  # noqa: SLF001
            await self._try(key, kind, attempt)

    async def _try(self, key: str, kind: str, attempt: Attempt) -> None:
        sent = attempt.wire(self._token)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._send(sent)
        except TimeoutError:
            self._note(key, kind, "hung", sent, b"")
            return
        except OSError:
            # It is closed before all is read that was sent, as a server does with what is too large.
            answer = b""
        found = STATUS.match(answer)
        self._note(key, kind, found[1].decode() if found else "closed", sent, answer)

    def _note(self, key: str, kind: str, status: str, sent: bytes, answer: bytes) -> None:
        self.findings.statuses[kind, status] += 1
        told = next((each for each in TELLTALE if each in answer), None)
        if status == "hung" or status.startswith("5") or told is not None:
            self.findings.defects.append(
                f"{key} {kind}: {status} {told!r}\n{sent[:2000]!r}\n{answer[:1000]!r}"
            )

    async def _send(self, data: bytes) -> bytes:
        """What comes back until the connection is closed, or the begin of a stream."""
        reader, writer = await asyncio.open_connection(*self._address)
        try:
            writer.write(data)
            if b"Connection: close" not in data[:4000]:
                # Bytes that are no request, or not all of one, would be waited for.
                writer.write_eof()
            while (head := await reader.readuntil(b"\r\n\r\n")).startswith(CONTINUE):
                pass
            return head + await self._rest(head, reader)
        except asyncio.IncompleteReadError as error:
            return error.partial
        finally:
            writer.transport.abort()

    async def _rest(self, head: bytes, reader: asyncio.StreamReader) -> bytes:
        if b"text/event-stream" not in head:
            return await reader.read(LOOKED_AT)
        parts = []
        try:
            async with asyncio.timeout(STREAM_SECONDS):
                while part := await reader.read(LOOKED_AT):
                    parts.append(part)
        except TimeoutError:
            pass
        return b"".join(parts)
