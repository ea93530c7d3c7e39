"""Reads a body piece by piece, decoding gzip, deflate and br on the way, and stops at a number of decoded bytes.

A few kilobytes can decode to gigabytes, so no decoder is ever asked for more than one piece at a time and
nothing is decoded beyond the limit plus one piece. What is cut there is a good page, only truncated; what
does not decode, or ends in the middle, is BODY_ERROR. So is a coding that makes a body larger than it is: empty blocks
can come for ever and decode to nothing.
"""

import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple, Protocol

import aiohttp
import brotli

from probes.failures import ProbeFailure
from vocabulary.checks import HttpReason

PIECE = 64 * 1024
CODED_MORE = 1024 * 1024
"""By how many bytes a body may be larger than what is read of it, for its coding."""
ACCEPTED = "gzip, deflate, br"

_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class Body(NamedTuple):
    """The decoded bytes, and whether there was more."""

    data: bytes
    truncated: bool


class Decoder(Protocol):
    """Decodes one content coding (RFC 9110, 8.4.1)."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The decoded pieces, none much larger than `PIECE`, as far as they are asked for."""

    @property
    def is_complete(self) -> bool:
        """Whether the stream ended where it says that it ends."""


class Identity:
    """No coding at all."""

    is_complete = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bytes as they are."""
        yield data


class Zlib:
    """gzip with one or more members, or deflate, which some servers send without its zlib header."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._head = b""
        self._stream: Any = zlib.decompressobj(_GZIP_WINDOW) if gzip else None
        self._fed = False

    @property
    def is_complete(self) -> bool:
        """Whether the last member ended, or nothing came at all."""
        return not self._fed or (self._stream is not None and self._stream.eof)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decode, a piece at a time; raises zlib.error."""
        data = self._head + data
        self._fed = self._fed or bool(data)
        if self._stream is None:
            if len(data) < 2:
                self._head = data
                return
            self._head = b""
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if _has_zlib_header(data) else -zlib.MAX_WBITS)
        yield from self._decode(self._stream, data)

    def _decode(self, stream: Any, data: bytes) -> Iterator[bytes]:
        while data and not stream.eof:
            piece = stream.decompress(data, PIECE)
            yield piece
            data = stream.unconsumed_tail
            # With nothing left to read, a full piece can still hide output inside the stream.
            while not data and len(piece) == PIECE and not stream.eof:
                piece = stream.decompress(b"", PIECE)
                yield piece
            if stream.eof and self._gzip and stream.unused_data.startswith(b"\x1f\x8b"):
                data = stream.unused_data
                stream = self._stream = zlib.decompressobj(_GZIP_WINDOW)


class Brotli:
    """br (RFC 7932)."""

    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self._fed = False

    @property
    def is_complete(self) -> bool:
        """Whether the stream ended, or nothing came at all."""
        return not self._fed or bool(self._stream.is_finished())

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decode, a piece at a time; raises brotli.error."""
        self._fed = self._fed or bool(data)
        yield self._stream.process(data, output_buffer_limit=PIECE)
        while not self._stream.can_accept_more_data():
            yield self._stream.process(b"", output_buffer_limit=PIECE)


def _has_zlib_header(data: bytes) -> bool:
    """Whether the first two bytes are a header of RFC 1950."""
    return data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0


def decoder_for(coding: str) -> Decoder:
    """The decoder of a Content-Encoding header.

    Raises:
        ProbeFailure: BODY_ERROR, it is not one that was offered.
    """
    match coding.strip().lower():
        case "" | "identity":
            return Identity()
        case "gzip" | "x-gzip":
            return Zlib(gzip=True)
        case "deflate":
            return Zlib(gzip=False)
        case "br":
            return Brotli()
        case other:
            raise ProbeFailure(HttpReason.BODY_ERROR, f"content coding {other[:40]!r} was not asked for")


async def read_body(response: aiohttp.ClientResponse, limit: int) -> Body:
    """Read at most `limit` decoded bytes of a response.

    Raises:
        ProbeFailure: BODY_ERROR, it does not decode or breaks off.
    """
    decoder = decoder_for(response.headers.get("Content-Encoding", ""))
    data = bytearray()
    try:
        async for piece in _pieces(response, decoder, limit + CODED_MORE):
            data += piece
            if len(data) > limit:
                return Body(bytes(data[:limit]), truncated=True)
    except (zlib.error, brotli.error) as error:
        raise ProbeFailure(HttpReason.BODY_ERROR, f"does not decode: {error}"[:200]) from error
    except (aiohttp.ClientError, OSError) as error:
        if isinstance(error, TimeoutError):
            raise
        raise ProbeFailure(HttpReason.BODY_ERROR, "the body breaks off") from error
    if not decoder.is_complete:
        raise ProbeFailure(HttpReason.BODY_ERROR, "the encoded body ends too early")
    return Body(bytes(data), truncated=False)


async def _pieces(response: aiohttp.ClientResponse, decoder: Decoder, most: int) -> AsyncIterator[bytes]:
    async for chunk in response.content.iter_any():
        most -= len(chunk)
        if most < 0:
            raise ProbeFailure(HttpReason.BODY_ERROR, "the coding makes the body larger than it may be")
        for piece in decoder.feed(chunk):
            yield piece
