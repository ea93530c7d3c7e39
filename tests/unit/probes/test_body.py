"""Bodies: codings are undone piece by piece, the limit counts decoded bytes, and bombs never unfold."""

import asyncio
import gzip
import hashlib
import tracemalloc
import zlib
from collections.abc import Callable, Sequence

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.content_codings import PIECE, UnknownCoding, decoder_for
from probes.fetch import Fetcher, Ports
from probes.keywords import Matcher
from tests.unit.probes.loopback import LOCAL, closed_port, page, web_server
from vocabulary.checks import CheckStatus, HttpReason, HttpVerdict
from vocabulary.personas import HttpPersonaConfig


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    " Deflate ": raw_deflate,
    "br": brotli.compress,
}


async def nowhere(_: str) -> Sequence[str]:
    return ()


async def fetch(reply: bytes, limit: int = 1 << 20) -> HttpVerdict:
    config = HttpPersonaConfig("test", max_body_bytes=limit)
    async with web_server(lambda _: reply) as http, Fetcher(config, nowhere, LOCAL) as fetcher:
        return await fetcher.fetch("a.test", ["127.0.0.1"], Ports(http.port, closed_port()), Matcher([]))


@given(st.sampled_from(sorted(CODINGS)), st.binary(max_size=500), st.integers(1, 7), st.integers(1, 400))
def test_every_coding_decodes_however_it_is_cut(coding: str, data: bytes, step: int, repeat: int) -> None:
    content = data * repeat
    encoded = CODINGS[coding](content)
    decoder = decoder_for(coding)
    step = max(step, len(encoded) // 20)
    pieces = [p for at in range(0, len(encoded), step) for p in decoder.feed(encoded[at : at + step])]
    assert b"".join(pieces) == content
    assert decoder.is_complete


@pytest.mark.parametrize("coding", sorted(CODINGS))
async def test_a_coded_page_is_read(coding: str) -> None:
    content = b"<title>Coded</title>" * 500
    verdict = await fetch(page(CODINGS[coding](content), content_encoding=coding))
    assert (verdict.status, verdict.title) == (CheckStatus.OK, "Coded")
    assert (verdict.bytes_read, verdict.content_hash) == (10_000, hashlib.sha256(content).hexdigest())
    assert verdict.truncated is False


async def test_members_of_a_gzip_body_are_one_body() -> None:
    body = gzip.compress(b"one ") + gzip.compress(b"two")
    assert (await fetch(page(body, content_encoding="gzip"))).bytes_read == 7


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
async def test_a_bomb_is_cut_at_the_limit_and_never_unfolds(coding: str) -> None:
    bomb = CODINGS[coding](b"\0" * (16 << 20))
    tracemalloc.start()
    try:
        verdict = await fetch(page(bomb, content_encoding=coding), limit=100_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (verdict.status, verdict.truncated, verdict.bytes_read) == (CheckStatus.OK, True, 100_000)
    assert verdict.content_hash == hashlib.sha256(b"\0" * 100_000).hexdigest()
    assert peak < 4 << 20


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_a_decoder_makes_one_piece_at_a_time(coding: str) -> None:
    pieces = decoder_for(coding).feed(CODINGS[coding](b"\0" * (8 << 20)))
    assert all(len(piece) <= 2 * PIECE for piece in pieces)


@pytest.mark.parametrize(("size", "truncated"), [(999, False), (1000, False), (1001, True)])
async def test_the_limit_is_exact(size: int, truncated: bool) -> None:
    verdict = await fetch(page(b"x" * size), limit=1000)
    assert (verdict.bytes_read, verdict.truncated) == (min(size, 1000), truncated)


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (b"this is not gzip", "gzip"),
        (gzip.compress(b"x" * 1000)[:-9], "gzip"),
        (b"\x0b\x02\xff\xff\xff", "br"),
        (CODINGS["br"](b"x" * 1000)[:-2], "br"),
        (b"\xff\xff\xff", "deflate"),
        (b"x", "zstd"),
        (b"x", "gzip, br"),
    ],
)
async def test_a_body_that_does_not_decode_is_a_body_error_with_its_status(body: bytes, coding: str) -> None:
    verdict = await fetch(page(body, content_encoding=coding))
    assert (verdict.status, verdict.reason, verdict.status_code) == (
        CheckStatus.ERROR,
        HttpReason.BODY_ERROR,
        200,
    )


async def test_a_body_that_breaks_off_is_a_body_error() -> None:
    assert (await fetch(page(b"short", content_length="100"))).reason is HttpReason.BODY_ERROR


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
async def test_an_empty_body_is_empty_in_any_coding(coding: str) -> None:
    verdict = await fetch(page(b"", content_encoding=coding))
    assert (verdict.status, verdict.bytes_read) == (CheckStatus.OK, 0)


async def test_a_chunked_body_is_joined() -> None:
    chunks = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    reply = page(b"", content_length="", transfer_encoding="chunked") + chunks
    assert (await fetch(reply)).bytes_read == 11


def test_an_unknown_coding_is_named() -> None:
    with pytest.raises(UnknownCoding, match="zstd"):
        decoder_for("zstd")


async def test_what_is_not_text_gives_no_text_but_a_hash() -> None:
    verdict = await fetch(page(b"<title>No</title>", content_type="image/png"))
    assert (verdict.status, verdict.title, verdict.charset) == (CheckStatus.OK, None, None)
    assert verdict.content_hash == hashlib.sha256(b"<title>No</title>").hexdigest()


@pytest.mark.parametrize(
    ("body", "title"), [(b"<title>Yes</title>", "Yes"), (b"\0\1<title>No</title>", None)]
)
async def test_without_a_content_type_the_bytes_decide(body: bytes, title: str | None) -> None:
    assert (await fetch(page(body, content_type=""))).title == title


async def endless(
    head: bytes, piece: bytes, limit: int = 100_000, seconds: float = 20
) -> tuple[HttpVerdict, int]:
    """Fetch what begins with `head` and goes on with `piece` until the client goes; the verdict, and what was sent."""
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        try:
            if await reader.read(1) == b"\x16":
                return
            writer.write(head)
            while not writer.is_closing():
                writer.write(piece)
                sent += len(piece)
                await writer.drain()
                await asyncio.sleep(0)
        except OSError:
            pass
        finally:
            writer.transport.abort()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    config = HttpPersonaConfig("test", max_body_bytes=limit, request_timeout_seconds=seconds)
    async with listener, Fetcher(config, nowhere, LOCAL) as fetcher:
        verdict = await fetcher.fetch("a.test", ["127.0.0.1"], Ports(port, closed_port()), Matcher([]))
    return verdict, sent


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


async def test_a_body_without_end_is_cut_and_hung_up_on() -> None:
    verdict, sent = await endless(HEAD + b"\r\n", b"x" * 65536)
    assert (verdict.status, verdict.truncated, verdict.bytes_read) == (CheckStatus.OK, True, 100_000)
    assert sent < 32 << 20


@pytest.mark.parametrize(
    ("coding", "start", "nothing"),
    [
        # Members that hold nothing, and stored blocks of no bytes.
        ("gzip", b"", gzip.compress(b"")),
        ("deflate", b"\x78\x9c", b"\x00\x00\x00\xff\xff"),
        # Metadata blocks of one byte, which a decoder skips (RFC 7932, 9.2).
        ("br", b"\x0c", b"\x00\x00"),
    ],
)
async def test_a_body_that_never_decodes_to_anything_is_hung_up_on(
    coding: str, start: bytes, nothing: bytes
) -> None:
    head = HEAD + f"Content-Encoding: {coding}\r\n\r\n".encode() + start
    verdict, sent = await endless(head, nothing * 8192)
    assert verdict.reason is HttpReason.BODY_ERROR
    assert sent < 32 << 20


async def test_a_body_that_drips_ends_with_the_time_of_the_request() -> None:
    verdict, _ = await endless(HEAD + b"Content-Length: 1000000000\r\n\r\n", b"", seconds=0.3)
    assert (verdict.status, verdict.reason) == (CheckStatus.TIMEOUT, HttpReason.TIMEOUT)


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (HEAD, b"X: y\r\n" * 1000),
        (HEAD + b"X: ", b"y" * 1000),
        (b"HTTP/1.1 200 ", b"OK" * 1000),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;x=", b"y" * 1000),
        (b"", b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" * 1000),
    ],
)
async def test_a_head_without_end_is_hung_up_on(start: bytes, more: bytes) -> None:
    verdict, sent = await endless(start, more)
    assert verdict.status is CheckStatus.ERROR
    assert sent < 32 << 20


async def test_codings_upon_codings_are_not_undone() -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * (64 << 20)))
    verdict = await fetch(page(bomb, content_encoding="gzip, gzip"))
    assert verdict.reason is HttpReason.BODY_ERROR
    # Said in two lines, only the first is undone.
    twice = page(bomb, content_encoding="gzip").replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n", 1)
    assert (await fetch(twice)).bytes_read < 100_000
