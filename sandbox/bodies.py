"""How bodies are written: lengths, content codings and charsets, right and wrong ones.

`WRITERS` holds one function for each behaviour that differs from a page in UTF-8; it gets the page as text and
what the page is planted with.
"""

import functools
import gzip
import zlib
from collections.abc import Callable

import brotli
import msgspec

from sandbox.behaviours import Web
from sandbox.keywords import Plant, voltaic
from vocabulary.checks import Zone

_MEBI = 1024 * 1024
_PROSE = b"<p>A hull, a mast, a sail and a rope; the tide does what remains to be done.</p>\n"
# The signature and header of a PNG of one pixel (PNG, 5.2 and 11.2.2), and bytes that no text decoder likes.
_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89" + bytes(range(128, 256))
_UTF16_BOM = b"\xff\xfe"


class Response(msgspec.Struct, frozen=True):
    """A response but for its connection headers; `body` is as it goes over the wire.

    `age` is for how many seconds the page has not changed, None if the server does not say.
    """

    body: bytes
    status: int = 200
    content_type: str | None = "text/html; charset=utf-8"
    encoding: str | None = None
    location: str | None = None
    age: int | None = None


def _gzip(text: str, _: tuple[Plant, ...]) -> Response:
    return Response(gzip.compress(text.encode(), mtime=0), encoding="gzip")


def _brotli(text: str, _: tuple[Plant, ...]) -> Response:
    # The package has no type stubs; the call is from bytes to bytes.
    return Response(brotli.compress(text.encode()), encoding="br")  # type: ignore[no-untyped-call]


def _deflate(text: str, _: tuple[Plant, ...]) -> Response:
    # The zlib format, which is what RFC 9110 section 8.4.1.2 means by "deflate".
    return Response(zlib.compress(text.encode()), encoding="deflate")


def _broken_gzip(text: str, _: tuple[Plant, ...]) -> Response:
    # A right header, then bits that begin with a block of the reserved type (RFC 1951 section 3.2.3).
    return Response(gzip.compress(text.encode(), mtime=0)[:10] + b"\xff" * 400, encoding="gzip")


def _huge_body(text: str, size: int) -> bytes:
    """The page with `size` bytes of prose put in; a keyword stands after 3 MiB, where it is read no more."""
    head, body_end, tail = text.rpartition("</body>")
    late = f"<p>Beyond the limit: {voltaic(Zone.BODY).text}.</p>\n".encode()
    before = _PROSE * (3 * _MEBI // len(_PROSE))
    after = _PROSE * ((size - len(before)) // len(_PROSE))
    return head.encode() + before + late + after + (body_end + tail).encode()


def _huge(text: str, _: tuple[Plant, ...]) -> Response:
    return Response(_huge_body(text, 4 * _MEBI))


@functools.lru_cache(maxsize=16)
def _bomb(text: str, _: tuple[Plant, ...]) -> Response:
    """About 40 kB that become 8 MiB. Kept, because making one takes tens of milliseconds of the event loop."""
    return Response(gzip.compress(_huge_body(text, 8 * _MEBI), 1, mtime=0), encoding="gzip")


def _windows_1251(text: str, _: tuple[Plant, ...]) -> Response:
    # Only the page itself says which charset it is in.
    return Response(text.encode("cp1251"), content_type="text/html")


def _false_utf8(text: str, _: tuple[Plant, ...]) -> Response:
    return Response(text.encode("latin-1"))


def _utf16(text: str, _: tuple[Plant, ...]) -> Response:
    return Response(_UTF16_BOM + text.encode("utf-16-le"), content_type="text/html")


def _plain_text(_: str, plants: tuple[Plant, ...]) -> Response:
    words = "\n".join(["A text without any markup.", *(plant.text for plant in plants)])
    return Response(words.encode(), content_type="text/plain; charset=utf-8")


def _image(_: str, __: tuple[Plant, ...]) -> Response:
    return Response(_PNG, content_type="image/png")


def _empty(_: str, __: tuple[Plant, ...]) -> Response:
    return Response(b"")


WRITERS: dict[Web, Callable[[str, tuple[Plant, ...]], Response]] = {
    Web.GZIP: _gzip,
    Web.BROTLI: _brotli,
    Web.DEFLATE: _deflate,
    Web.BROKEN_GZIP: _broken_gzip,
    Web.HUGE: _huge,
    Web.GZIP_BOMB: _bomb,
    Web.WINDOWS_1251: _windows_1251,
    Web.FALSE_UTF8: _false_utf8,
    Web.UTF16: _utf16,
    Web.PLAIN_TEXT: _plain_text,
    Web.IMAGE: _image,
    Web.EMPTY: _empty,
}
