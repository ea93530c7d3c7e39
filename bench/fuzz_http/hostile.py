"""What a hostile client sends: whole requests as bytes, by kinds, each drawn from one generator of random numbers."""

import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from random import Random
from urllib.parse import quote

import brotli

from bench.fuzz_http.documents import DocumentMaker

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
EVENTS = "text/event-stream"
ACCEPTS = (GRAPHQL, JSON, f"{GRAPHQL}, {JSON};q=0.9", "*/*", EVENTS, f"{JSON}, {EVENTS}")
BOMB_BYTES = 32 << 20
NOISE = bytes(range(256))
BODIES = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b'"x"',
    b"{" * 5000,
    b"[" * 100_000,
    b'{"query":"{ cursor }","variables":{"a":NaN}}',
    b'{"query":"{ cursor }","variables":{"a":1e999}}',
    b'{"query":"{ cursor }","variables":{"a":' + b"9" * 5000 + b"}}",
    b'{"query":"{ cursor }","query":"{"}',
    b'{"query":"\\ud800"}',
    b'{"query":"{ cursor }","operationName":"\\u0000"}',
    b'[{"query":"{ cursor }"},{"query":"{ cursor }"}]',
    b'{"query":"{ cursor }","extensions":{"lastEventId":{}}}',
    b'{"query":' + json.dumps("{ " + "a " * 50_000 + "}").encode() + b"}",
    b'{"query":' + json.dumps("{" * 20_000).encode() + b"}",
    b'{"query":' + json.dumps("{ " + "...A " * 2000 + "} fragment A on Query { ...A }").encode() + b"}",
)
ENCODINGS = ("utf-16", "utf-32", "latin-1", "utf-8-sig", "cp037")
HEADERS = (
    ("Accept", "application/json;q=nan"),
    ("Accept", "," * 500),
    ("Accept", "\xff"),
    ("Content-Type", "application/json; charset=\xff"),
    ("Content-Type", ";" * 200),
    ("Content-Type", "application/json; charset=utf-16"),
    ("Authorization", "Bearer \xff\xfe"),
    ("Authorization", "Bearer " + "x" * 4000),
    ("Last-Event-ID", "\x7f"),
    ("Last-Event-ID", "x" * 4000),
    ("X-GraphQL-Event-Stream-Token", "\xff"),
    ("X-Request-ID", "\xff" * 100),
    ("Content-Encoding", "gzip, gzip, gzip"),
    ("Content-Encoding", "unknown"),
    ("Expect", "100-continue"),
    ("Origin", "http://evil.example"),
    ("Upgrade", "websocket"),
    ("Transfer-Encoding", "identity"),
    ("Cookie", "=;" * 100),
)


@dataclass
class Attempt:
    """One request; `raw` is sent as it is in place of everything else."""

    method: str = "POST"
    target: str = "/graphql"
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    raw: bytes | None = None

    def wire(self, token: str) -> bytes:
        """All of its bytes, from somebody who may ask unless a header says otherwise."""
        if self.raw is not None:
            return self.raw
        given = {name.lower() for name, _ in self.headers}
        usual = [
            ("Host", "127.0.0.1"),
            ("Authorization", f"Bearer {token}"),
            ("Content-Type", JSON),
            ("Content-Length", str(len(self.body))),
            ("Connection", "close"),
        ]
        lines = [*((name, value) for name, value in usual if name.lower() not in given), *self.headers]
        head = f"{self.method} {self.target} HTTP/1.1\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in lines
        )
        return head.encode("latin-1") + b"\r\n" + self.body


PACKERS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": partial(brotli.compress, quality=1),
}


@cache
def bomb(packed: Callable[[bytes], bytes]) -> bytes:
    """So many zeros that no request may have them, packed."""
    return packed(bytes(BOMB_BYTES))


class Attacker:
    """Makes attempts."""

    def __init__(self, random: Random, documents: DocumentMaker) -> None:
        self._random = random
        self._documents = documents

    def attempt(self) -> tuple[str, Attempt]:
        """The next one, and the name of its kind."""
        name = self._random.choices(tuple(KINDS), tuple(weight for weight, _ in KINDS.values()))[0]
        return name, KINDS[name][1](self)

    def _payload(self, query: str) -> bytes:
        return json.dumps(
            {"query": query, "variables": self._random.choice((None, {}, {"x": True}))}
        ).encode()

    def _accepting(self) -> list[tuple[str, str]]:
        return [("Accept", self._random.choice(ACCEPTS))]

    def document(self) -> Attempt:
        """A document that could be meant."""
        return Attempt(headers=self._accepting(), body=self._payload(self._documents.document()))

    def broken_document(self) -> Attempt:
        """One that could not."""
        return Attempt(headers=self._accepting(), body=self._payload(self._documents.broken()))

    def by_url(self) -> Attempt:
        """A document in a URL, with parameters of any kind."""
        query = quote(self._documents.document()) if self._random.random() < 0.8 else "%ff%00%"
        others = (
            "",
            "&variables=%7B",
            "&variables=[]",
            "&extensions=%22",
            "&query=x",
            "&operationName=%00",
            "&token=x",
        )
        target = f"/graphql?query={query}{self._random.choice(others)}"
        return Attempt("GET", target[:15_000], self._accepting())

    def broken_json(self) -> Attempt:
        """A body that is no request, or a request with some of its bytes changed."""
        if self._random.random() < 0.5:
            return Attempt(headers=self._accepting(), body=self._random.choice(BODIES))
        body = bytearray(self._payload(self._documents.document()))
        for _ in range(self._random.randint(1, 8)):
            body[self._random.randrange(len(body))] = self._random.choice(NOISE)
        return Attempt(headers=self._accepting(), body=bytes(body))

    def wrong_encoding(self) -> Attempt:
        """Text in another encoding than it is said to be."""
        text = self._payload(self._documents.document()).decode()
        return Attempt(body=text.encode(self._random.choice(ENCODINGS), "replace"))

    def compressed(self) -> Attempt:
        """A body that is compressed: rightly, wrongly, in part, or so that it is enormous."""
        body = self._payload(self._documents.document())
        name = self._random.choice(tuple(PACKERS))
        packed = PACKERS[name]
        data = packed(body)
        match self._random.randrange(4):
            case 0:
                data = data[: len(data) // 2]
            case 1:
                data = body
            case 2:
                data = bomb(packed)
            case _:
                pass
        return Attempt(headers=[("Content-Encoding", name)], body=data)

    def odd_header(self) -> Attempt:
        """A good request but for a header or two."""
        headers = self._random.sample(HEADERS, self._random.randint(1, 2))
        return Attempt(headers=headers, body=self._payload(self._documents.document()))

    def odd_method(self) -> Attempt:
        """Another method, also those of graphql-sse's single connection mode."""
        method = self._random.choice(("PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "PATCH", "X"))
        target = "/graphql" + self._random.choice(("", "?token=x", "?operationId=1", "?query={cursor}"))
        return Attempt(method, target, self._accepting())

    def odd_framing(self) -> Attempt:
        """A body that is not as long as it is said to be, or in chunks that are none."""
        body = self._payload(self._documents.document())
        chunks = (
            b"5\r\nhello\r\n0\r\n\r\n",
            b"ffffffffffffffff\r\n",
            b"x\r\n",
            b"-1\r\n",
            b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
        )
        if self._random.random() < 0.5:
            return Attempt(
                headers=[("Content-Length", str(self._random.choice((0, 1, len(body) + 5))))], body=body
            )
        return Attempt(
            headers=[("Transfer-Encoding", "chunked"), ("Content-Length", "5")][: self._random.randint(1, 2)],
            body=self._random.choice(chunks),
        )

    def noise(self) -> Attempt:
        """Bytes."""
        return Attempt(raw=self._random.randbytes(self._random.randint(1, 300)) + b"\r\n\r\n")


Making = Callable[[Attacker], Attempt]
KINDS: Mapping[str, tuple[int, Making]] = {
    "documents": (40, Attacker.document),
    "broken documents": (20, Attacker.broken_document),
    "documents in URLs": (10, Attacker.by_url),
    "broken JSON": (10, Attacker.broken_json),
    "wrong encodings": (5, Attacker.wrong_encoding),
    "compressed bodies": (3, Attacker.compressed),
    "odd headers": (6, Attacker.odd_header),
    "odd methods": (2, Attacker.odd_method),
    "odd framing": (2, Attacker.odd_framing),
    "noise": (2, Attacker.noise),
}
