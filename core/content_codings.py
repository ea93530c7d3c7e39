"""Content codings (RFC 9110, section 8.4.1): gzip, deflate and br, decoded piece by piece.

A few kilobytes can decode to gigabytes, so no decoder is ever asked for more than one piece at a time: whoever reads
stops where it has enough. Empty blocks can come for ever and decode to nothing, so a reader counts what comes in, too.
"""

import zlib
from collections.abc import Iterator
from typing import Any, Protocol

import brotli

PIECE = 64 * 1024
ACCEPTED = "gzip, deflate, br"
UNDECODABLE = (zlib.error, brotli.error)
"""What decoders raise."""

_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class UnknownCoding(ValueError):
    """A content coding that there is no decoder for; its argument is the coding."""


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
        """Decode, a piece at a time; raises one of `UNDECODABLE`."""
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
        """Decode, a piece at a time; raises one of `UNDECODABLE`."""
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
        UnknownCoding: it is none of `ACCEPTED`.
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
            raise UnknownCoding(other)
