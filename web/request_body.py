"""The body of a request, with its content coding undone, up to a limit that counts what comes and what it becomes.

aiohttp would decode it by itself, and knows no limit but one for all that reads at once.
"""

from collections.abc import AsyncIterator

from aiohttp import web

from core.content_codings import ACCEPTED, UNDECODABLE, Decoder, UnknownCoding, decoder_for
from core.limits import Limit, exceeded
from live.json_text import Malformed
from web.refusals import Refusal

MISCODED = "The body is not encoded as its Content-Encoding says"


class BodyTooLarge(Refusal):
    """The body has more bytes than a request may have: 413."""

    def __init__(self, most: int) -> None:
        extensions = exceeded(Limit.BODY_BYTES, most)
        super().__init__(413, "LIMIT_EXCEEDED", f"The body must not exceed {most} bytes.", None, extensions)


async def read_body(request: web.Request, most_bytes: int) -> bytes:
    """The body; reading stops where the limit is passed, whatever length was announced.

    Raises:
        Malformed: it is not encoded as its Content-Encoding or Transfer-Encoding says.
        BodyTooLarge: it is longer than that, encoded or decoded.
        Refusal: 415, an encoding that we do not know.
    """
    if (request.content_length or 0) > most_bytes:
        raise BodyTooLarge(most_bytes)
    decoder = _decoder(request)
    body = bytearray()
    try:
        async for piece in _pieces(request, decoder, most_bytes):
            body += piece
            if len(body) > most_bytes:
                raise BodyTooLarge(most_bytes)
    except UNDECODABLE as error:
        raise Malformed(MISCODED) from error
    except web.RequestPayloadError as error:
        raise Malformed("The body is not encoded as its Transfer-Encoding says") from error
    if not decoder.is_complete:
        raise Malformed(MISCODED)
    return bytes(body)


async def _pieces(request: web.Request, decoder: Decoder, most_bytes: int) -> AsyncIterator[bytes]:
    received = 0
    async for chunk in request.content.iter_any():
        received += len(chunk)
        if received > most_bytes:
            raise BodyTooLarge(most_bytes)
        for piece in decoder.feed(chunk):
            yield piece


def _decoder(request: web.Request) -> Decoder:
    try:
        return decoder_for(request.headers.get("Content-Encoding", ""))
    except UnknownCoding as error:
        message = f"Content-Encoding must be one of {ACCEPTED}."
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", message, {"Accept-Encoding": ACCEPTED}) from error
