"""Reads a body piece by piece, decoding it on the way (`core/content_codings.py`), up to a number of decoded bytes.

What is cut there is a good page, only truncated; what does not decode, or ends in the middle, is BODY_ERROR. So is a
coding that makes a body larger than it is: empty blocks can come for ever and decode to nothing.
"""

from collections.abc import AsyncIterator
from typing import NamedTuple

import aiohttp

from core.content_codings import UNDECODABLE, Decoder, UnknownCoding, decoder_for
from probes.failures import ProbeFailure
from vocabulary.checks import HttpReason

CODED_MORE = 1024 * 1024
"""By how many bytes a body may be larger than what is read of it, for its coding."""


class Body(NamedTuple):
    """The decoded bytes, and whether there was more."""

    data: bytes
    truncated: bool


async def read_body(response: aiohttp.ClientResponse, limit: int) -> Body:
    """Read at most `limit` decoded bytes of a response.

    Raises:
        ProbeFailure: BODY_ERROR, it does not decode or breaks off.
    """
    decoder = _offered(response.headers.get("Content-Encoding", ""))
    data = bytearray()
    try:
        async for piece in _pieces(response, decoder, limit + CODED_MORE):
            data += piece
            if len(data) > limit:
                return Body(bytes(data[:limit]), truncated=True)
    except UNDECODABLE as error:
        raise ProbeFailure(HttpReason.BODY_ERROR, f"does not decode: {error}"[:200]) from error
    except (aiohttp.ClientError, OSError) as error:
        if isinstance(error, TimeoutError):
            raise
        raise ProbeFailure(HttpReason.BODY_ERROR, "the body breaks off") from error
    if not decoder.is_complete:
        raise ProbeFailure(HttpReason.BODY_ERROR, "the encoded body ends too early")
    return Body(bytes(data), truncated=False)


def _offered(coding: str) -> Decoder:
    try:
        return decoder_for(coding)
    except UnknownCoding as error:
        message = f"content coding {str(error)[:40]!r} was not asked for"
        raise ProbeFailure(HttpReason.BODY_ERROR, message) from error


async def _pieces(response: aiohttp.ClientResponse, decoder: Decoder, most: int) -> AsyncIterator[bytes]:
    async for chunk in response.content.iter_any():
        most -= len(chunk)
        if most < 0:
            raise ProbeFailure(HttpReason.BODY_ERROR, "the coding makes the body larger than it may be")
        for piece in decoder.feed(chunk):
            yield piece
