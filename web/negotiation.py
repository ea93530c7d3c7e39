"""Which media type to answer with: the Accept header of RFC 9110, section 12.5.1.

The highest quality wins; at equal quality the type that the header names first; where one range covers several
types (`*/*`), the first of those that are asked about. So a client that merely lists `text/event-stream` behind JSON
gets JSON.
"""

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

import msgspec

WILDCARD = "*"
KEPT = 200


class MediaType(StrEnum):
    """What a response to a GraphQL request can be; plain text is a reservation's token."""

    JSON = "application/json"
    GRAPHQL = "application/graphql-response+json"
    EVENTS = "text/event-stream"
    HTML = "text/html"
    TEXT = "text/plain"


SUPPORTED = (MediaType.JSON, MediaType.GRAPHQL, MediaType.EVENTS, MediaType.HTML)
JSON_TYPES = (MediaType.JSON, MediaType.GRAPHQL)


class MediaRange(msgspec.Struct, frozen=True):
    """One element of the header."""

    kind: str
    subtype: str
    quality: float

    def specificity(self, media: MediaType) -> int:
        """0 if the range does not cover the type, else more for a closer fit."""
        kind, _, subtype = media.partition("/")
        if (self.kind, self.subtype) == (kind, subtype):
            return 3
        if (self.kind, self.subtype) == (kind, WILDCARD):
            return 2
        return 1 if (self.kind, self.subtype) == (WILDCARD, WILDCARD) else 0


class Accept:
    """A parsed Accept header; a missing or empty one accepts everything.

    A client sends the same one with each request, so what was decided of one is kept: `of` is the way in.
    """

    def __init__(self, header: str | None) -> None:
        self._best: dict[tuple[MediaType, ...], MediaType | None] = {}
        ranges = [found for part in (header or "*/*").split(",") if (found := _range(part)) is not None]
        self._ranges = tuple(ranges)

    @staticmethod
    @lru_cache(KEPT)
    def of(header: str | None) -> "Accept":
        """The header of a request."""
        return Accept(header)

    def best(self, *among: MediaType) -> MediaType | None:
        """The preferred one of these types; None if none is acceptable."""
        if among not in self._best:
            self._best[among] = self._choose(among)
        return self._best[among]

    def _choose(self, among: Sequence[MediaType]) -> MediaType | None:
        rated = [(self._rate(media), media) for media in among]
        acceptable = [(rate, media) for rate, media in rated if rate is not None]
        return max(acceptable, key=lambda pair: pair[0])[1] if acceptable else None

    def names(self, media: MediaType) -> bool:
        """Whether the type is accepted by more than a mere `*/*`."""
        fits = [each for each in self._ranges if each.specificity(media) > 1]
        return any(each.quality > 0 for each in fits) and self._rate(media) is not None

    def _rate(self, media: MediaType) -> tuple[float, int] | None:
        """Quality and earliness by the range that fits closest; None if it is not acceptable."""
        fits = [
            (each.specificity(media), -index, each.quality)
            for index, each in enumerate(self._ranges)
            if each.specificity(media)
        ]
        if not fits:
            return None
        _, earliness, quality = max(fits)
        return (quality, earliness) if quality > 0 else None


def _range(part: str) -> MediaRange | None:
    """One element; None if it is malformed or asks for an encoding other than UTF-8."""
    name, *parameters = (piece.strip() for piece in part.split(";"))
    kind, slash, subtype = name.lower().partition("/")
    if not (kind and slash and subtype):
        return None
    given = dict(parameter.lower().replace(" ", "").partition("=")[::2] for parameter in parameters)
    if given.get("charset", "utf-8").strip('"') not in {"utf-8", "utf8"}:
        return None
    return MediaRange(kind, subtype, _quality(given.get("q")))


def _quality(text: str | None) -> float:
    if text is None:
        return 1.0
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
