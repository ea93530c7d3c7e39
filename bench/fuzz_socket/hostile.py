"""What a hostile client of a WebSocket sends: bytes, by kinds, each drawn from one generator of random numbers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from random import Random

from bench.fuzz_http.documents import DocumentMaker
from tests.protocol.raw import Opcode, close, frame, handshake, text

NO_MASK = bytes(4)
VALUES = (
    "null", "true", "0", "-1", "1e400", "NaN", "9" * 5000, "18446744073709551616", '""', '"x"', '"\\ud800"',
    '"\\u0000"', '"' + "x" * 70_000 + '"', "[]", "{}", "[" * 5000, "[" * 100 + "]" * 100,
    '{"a":' * 300 + "1" + "}" * 300, "'", "",
)  # fmt: skip
MEMBERS = ("type", "id", "payload", "query", "operationName", "variables", "extensions", "Authorization", "x")
TYPES = (
    "connection_init", "connection_ack", "ping", "pong", "subscribe", "next", "error", "complete", "start", "stop", "",
)  # fmt: skip
HEADERS = (
    {"sec_websocket_key": None}, {"sec_websocket_key": "\xff"}, {"sec_websocket_key": "AAAA"},
    {"sec_websocket_version": "8"}, {"sec_websocket_version": "\xff"}, {"upgrade": "h2c"}, {"connection": "close"},
    {"sec_websocket_protocol": None}, {"sec_websocket_protocol": "," * 3000}, {"sec_websocket_protocol": "\xff"},
    {"sec_websocket_extensions": "permessage-deflate; client_max_window_bits=99"}, {"origin": "http://evil.example"},
    {"host": None}, {"transfer_encoding": "chunked"}, {"content_length": "10"}, {"expect": "100-continue"},
)  # fmt: skip


class Ending(Enum):
    """How an attempt ends from the client's side."""

    CLOSE = auto()
    END = auto()
    RESET = auto()


@dataclass(frozen=True)
class Attempt:
    """What is sent, write by write, and how it ends.

    Attributes:
        writes: in their order.
        ending: what the client does afterwards.
        is_shaken: whether a handshake that is in order comes first.
        asked: how many operations are to be answered before that; what is cancelled has not been tried.
    """

    writes: tuple[bytes, ...]
    ending: Ending
    is_shaken: bool = True
    asked: int = 0


class Attacker:
    """Makes attempts; two with the same random numbers make the same ones. Without a `maker` there are no documents."""

    def __init__(self, random: Random, maker: DocumentMaker | None, token: str) -> None:
        self._random = random
        self._maker = maker
        self._init = {"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}

    def attempt(self, target: str, host: str) -> tuple[str, Attempt]:
        """The name of a kind, and an attempt of that kind."""
        kinds: Mapping[str, Callable[[], list[bytes]]] = {
            "noise": self._noise,
            "frames": self._frames,
            "bytes": lambda: self._damaged(self._conversation()),
            "messages": lambda: [text(self._init), *(self._odd_message() for _ in range(self._random.randint(1, 4)))],
            "order": self._disorder,
            "fragments": lambda: self._fragments(self._conversation()),
            "control": self._control,
        }  # fmt: skip
        if self._random.random() < 0.1:
            return "handshake", Attempt((self._odd_handshake(target, host),), self._ending(), is_shaken=False)
        if self._maker is not None and self._random.random() < 0.15:
            return "documents", self._documents(self._maker)
        kind = self._random.choice(tuple(kinds))
        writes = kinds[kind]()
        if self._random.random() < 0.3:
            writes = self._in_pieces(b"".join(writes))
        return kind, Attempt(tuple(writes), self._ending())

    def _ending(self) -> Ending:
        return self._random.choice(tuple(Ending))

    def _noise(self) -> list[bytes]:
        return [self._random.randbytes(self._random.choice((1, 2, 7, 100, 5000)))]

    def _frames(self) -> list[bytes]:
        """Frames of which each bit of the head is drawn, behind one that is in order."""
        return [text(self._init), *(self._odd_frame() for _ in range(self._random.randint(1, 5)))]

    def _odd_frame(self) -> bytes:
        random = self._random
        payload = random.randbytes(random.choice((0, 1, 2, 125, 126, 127, 300)))
        longest = 8 if random.random() < 0.1 else None
        return frame(
            random.randrange(16) if random.random() < 0.5 else random.choice(tuple(Opcode)),
            payload,
            fin=random.random() < 0.7,
            reserved=random.choice((0, 0, 0, 0, 1, 2, 4, 7)),
            mask=None if random.random() < 0.1 else random.randbytes(4),
            length_bytes=longest,
        )

    def _conversation(self) -> list[bytes]:
        """What a client in order says."""
        messages: list[object] = [
            self._init,
            {"type": "ping", "payload": {"x": "é"}},
            {
                "id": "1",
                "type": "subscribe",
                "payload": {"query": "subscription { activity { __typename } }"},
            },
            {
                "id": "2",
                "type": "subscribe",
                "payload": {"query": "{ cursor campaigns(first: 3) { __typename } }"},
            },
            {"type": "pong"},
            {"id": "1", "type": "complete"},
        ]
        return [text(message) for message in messages]

    def _damaged(self, frames: list[bytes]) -> list[bytes]:
        """Some bytes are others, gone, or there twice."""
        data = bytearray(b"".join(frames))
        for _ in range(self._random.randint(1, 8)):
            place = self._random.randrange(len(data))
            match self._random.randrange(4):
                case 0:
                    data[place] ^= 1 << self._random.randrange(8)
                case 1:
                    del data[place : place + self._random.randint(1, 9)]
                case 2:
                    data[place:place] = self._random.randbytes(self._random.randint(1, 9))
                case _:
                    data[place:place] = data[place : place + self._random.randint(1, 90)]
        return [bytes(data)]

    def _odd_message(self) -> bytes:
        """A message with members that are missing, more, or of other types; `VALUES` are not all JSON."""
        random = self._random
        members = [f'"type":{json.dumps(random.choice(TYPES))}'] if random.random() < 0.9 else []
        for name in random.sample(MEMBERS, random.randint(0, 3)):
            value = random.choice(VALUES)
            if name == "payload" and random.random() < 0.5:
                value = f'{{"{random.choice(MEMBERS)}":{value},"query":"{{ cursor }}"}}'
            members.append(f'"{name}":{value}')
        return text("{" + ",".join(members) + "}", mask=NO_MASK)

    def _documents(self, maker: DocumentMaker) -> Attempt:
        """Operations of the schema, which are to be answered before the client leaves."""
        asked = self._random.randint(1, 6)
        queries = [maker.document() if self._random.random() < 0.7 else maker.broken() for _ in range(asked)]
        messages = [
            {"id": str(number), "type": "subscribe", "payload": {"query": query}}
            for number, query in enumerate(queries)
        ]
        writes = [text(self._init), *(text(message, mask=NO_MASK) for message in messages)]
        return Attempt(tuple(writes), self._ending(), asked=asked)

    def _disorder(self) -> list[bytes]:
        frames = self._conversation() * 2
        return [self._random.choice(frames) for _ in range(self._random.randint(1, 9))]

    def _fragments(self, frames: list[bytes]) -> list[bytes]:
        """Messages in fragments, and between them what may stand there, or may not."""
        random, found = self._random, [frames[0]]
        for _ in range(3):
            payload = json.dumps({"type": "ping", "payload": {"x": "é" * random.randint(0, 500)}}).encode()
            place = random.randint(0, len(payload))
            between = random.choice(
                (frame(Opcode.PING, b"x"), frame(Opcode.PONG), frames[1], close(1000), b"")
            )
            opcode = Opcode.CONTINUATION if random.random() < 0.9 else Opcode.TEXT
            found += [frame(Opcode.TEXT, payload[:place], fin=False), between, frame(opcode, payload[place:])]
        return found

    def _control(self) -> list[bytes]:
        """Many pings, and closes of all kinds."""
        random = self._random
        pings = [
            frame(Opcode.PING, random.randbytes(random.randrange(126))) for _ in range(random.randint(1, 60))
        ]
        return [*pings, close(random.choice((1000, 1001, 1005, 1006, 999, 4400, 5000)), random.randbytes(9))]

    def _odd_handshake(self, target: str, host: str) -> bytes:
        random = self._random
        if random.random() < 0.3:
            return random.randbytes(random.choice((1, 9, 300))) + b"\r\n\r\n"
        head = handshake(target, host, **random.choice(HEADERS))
        return b"".join(self._damaged([head])) + b"\r\n\r\n" if random.random() < 0.5 else head

    def _in_pieces(self, data: bytes) -> list[bytes]:
        size = self._random.choice((1, 3, 50, 1000)) if len(data) < 3000 else 1000
        return [data[place : place + size] for place in range(0, len(data), size)]
