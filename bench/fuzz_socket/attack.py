"""An attack on the sockets of a running server: many clients that send what `hostile.py` makes, and read each answer.

A defect is what no client may bring about: a frame that a server must not send, a message that the protocol does not
have, an error that had to be masked (`INTERNAL`), a close for a defect of the server's, a 5xx, a traceback. With the
seed and its number an attempt can be made again.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit

from bench.fuzz_http.attack import STATUS, TELLTALE
from bench.fuzz_http.documents import DocumentMaker
from bench.fuzz_socket.hostile import Attacker, Attempt, Ending
from core.tasks import Owner
from graph.schema import schema
from live.close_codes import INTERNAL
from tests.protocol.raw import Dial, Frame, Opcode, RawSocket, close, handshake

CLIENTS = 8
LISTEN_SECONDS = 0.1
"""How long answers are read before the client leaves: not everything is to be answered, or closed at once."""
ANSWER_SECONDS = 5.0
"""How long at most for operations that are to be answered."""
ANSWERS = frozenset({"next", "error"})
MESSAGES = frozenset({"connection_ack", "ping", "pong", "next", "error", "complete"})
DEFECT_CODES = frozenset({INTERNAL.code, 1011})


@dataclass
class Findings:
    """What became of all attempts: how often each kind ended how, and defects with what shows them again."""

    seed: int
    ends: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)

    @property
    def attempts(self) -> int:
        """How many there were."""
        return self.kinds.total()


class Attack:
    """Clients that attack one server until they are told to stop; `documents` is whether some ask for operations."""

    def __init__(self, url: str, token: str, seed: int, *, documents: bool = True) -> None:
        self._documents = documents
        self._url = f"{url}/graphql"
        self._token = token
        self._made: Counter[int] = Counter()
        self.findings = Findings(seed)

    async def run(self, seconds: float) -> None:
        """Attack for so long."""
        over = asyncio.get_running_loop().time() + seconds
        async with Owner("attack") as owner:
            tasks = [owner.start(self._client(number, over), str(number)) for number in range(CLIENTS)]
            await asyncio.gather(*tasks)

    async def _client(self, number: int, over: float) -> None:
        parts = urlsplit(self._url)
        loop = asyncio.get_running_loop()
        while loop.time() < over:
            # A generator for each attempt, so that one can be made again without those before it.
            key = f"{self.findings.seed}/{number}/{self._made[number]}"
            self._made[number] += 1
            random = Random(key)
            maker = DocumentMaker(schema._schema, random) if self._documents else None  # noqa: SLF001
            attacker = Attacker(random, maker, self._token)
            kind, attempt = attacker.attempt(parts.path, parts.netloc)
            await self._try(f"{key} {kind}", attempt)
            self.findings.kinds[kind] += 1

    async def _try(self, key: str, attempt: Attempt) -> None:
        async with Dial() as dial:
            socket = await dial.connect(self._url)
            try:
                async with asyncio.timeout(ANSWER_SECONDS if attempt.asked else LISTEN_SECONDS):
                    await self._carry_out(key, socket, attempt)
            except TimeoutError:
                self.findings.ends["went on"] += 1
            except (OSError, asyncio.IncompleteReadError):
                # The server has closed while something was still to be sent.
                self.findings.ends["cut"] += 1
            except (AssertionError, ValueError) as error:
                self._note(key, f"a frame that must not be: {error}")
            socket.abort()

    async def _carry_out(self, key: str, socket: RawSocket, attempt: Attempt) -> None:
        if attempt.is_shaken:
            parts = urlsplit(self._url)
            await socket.send(handshake(parts.path, parts.netloc))
            await socket.read_head()
            if socket.status != 101:
                self._note(key, socket.response)
        for part in attempt.writes:
            await socket.send(part)
        await self._await_answers(key, socket, attempt.asked)
        if attempt.ending is Ending.CLOSE:
            await socket.send(close(1000))
        elif attempt.ending is Ending.END:
            socket.end_our_side()
        if attempt.is_shaken:
            await self._listen(key, socket)
        else:
            self._judge_answer(key, await socket.rest())

    async def _await_answers(self, key: str, socket: RawSocket, asked: int) -> None:
        """Read until so many operations were answered, or the server closes."""
        answered: set[str] = set()
        while len(answered) < asked and (found := await self._hear(key, socket)) is not None:
            message = (
                json.loads(found.payload) if found.opcode is Opcode.TEXT else {"type": found.opcode.name}
            )
            if message["type"] in ANSWERS:
                answered.add(message["id"])

    async def _hear(self, key: str, socket: RawSocket) -> Frame | None:
        found = await socket.frame()
        if found is not None:
            for defect in _defects(found):
                self._note(key, defect)
        return found

    async def _listen(self, key: str, socket: RawSocket) -> None:
        ended = "no close frame"
        while (found := await self._hear(key, socket)) is not None:
            if found.opcode is Opcode.CLOSE:
                ended = str(int.from_bytes(found.payload[:2], "big"))
        self.findings.ends[ended] += 1

    def _judge_answer(self, key: str, answer: bytes) -> None:
        found = STATUS.match(answer)
        status = found[1].decode() if found else "no answer"
        self.findings.ends[f"HTTP {status}"] += 1
        if status.startswith("5") or any(each in answer for each in TELLTALE):
            self._note(key, repr(answer[:1000]))

    def _note(self, key: str, defect: str) -> None:
        self.findings.defects.append(f"{key}: {defect}")


def _defects(found: Frame) -> Iterator[str]:
    """What is wrong with a frame of the server's."""
    if found.opcode is Opcode.CLOSE and int.from_bytes(found.payload[:2], "big") in DEFECT_CODES:
        yield f"closed with {found.payload!r}"
    if found.opcode is Opcode.TEXT and json.loads(found.payload)["type"] not in MESSAGES:
        yield f"no message: {found.payload[:200]!r}"
    yield from (f"told {each!r}: {found.payload[:1000]!r}" for each in TELLTALE if each in found.payload)
