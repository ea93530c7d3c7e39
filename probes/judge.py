"""What a response means: which status codes pass, what the others are called, and what an accepted page holds."""

import hashlib
from typing import NamedTuple

from multidict import CIMultiDictProxy

from probes.body import Body
from probes.charset import decode
from probes.keywords import Matcher
from probes.page_text import PageText, from_html, from_plain
from vocabulary.checks import HttpReason, KeywordHit

_REASONS = {
    401: HttpReason.UNAUTHORIZED,
    403: HttpReason.FORBIDDEN,
    404: HttpReason.NOT_FOUND,
    410: HttpReason.GONE,
    429: HttpReason.RATE_LIMIT,
    451: HttpReason.UNAVAILABLE_LEGAL,
}
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_PLAIN = frozenset({"application/json", "application/xml", "application/rss+xml", "application/atom+xml"})
_SNIFFED = 512


def refusal(status: int, allowed: tuple[int, ...]) -> HttpReason | None:
    """Why `status` is not accepted, or None if it is. No allowed codes means any 2xx."""
    if status in allowed or (not allowed and 200 <= status <= 299):
        return None
    if 500 <= status <= 599:
        return HttpReason.UPSTREAM_5XX
    return _REASONS.get(status, HttpReason.STATUS_CODE_MISMATCH)


class Page(NamedTuple):
    """What an accepted body holds. `content_hash` is the SHA-256 in hex of the decoded bytes that were read."""

    content_hash: str
    title: str | None = None
    charset: str | None = None
    hits: tuple[KeywordHit, ...] = ()


def read_page(body: Body, headers: CIMultiDictProxy[str], matcher: Matcher) -> Page:
    """Take text and keywords out of a body; one that is not text gives none."""
    content_hash = hashlib.sha256(body.data).hexdigest()
    media_type, declared = _content_type(headers)
    is_html = media_type in _HTML or (not media_type and b"\0" not in body.data[:_SNIFFED])
    if not is_html and not media_type.startswith("text/") and media_type not in _PLAIN:
        return Page(content_hash)
    text, charset = decode(body.data, declared, truncated=body.truncated)
    page: PageText = from_html(text) if is_html else from_plain(text)
    return Page(content_hash, page.title, charset, matcher.hits(page.zones))


def _content_type(headers: CIMultiDictProxy[str]) -> tuple[str, str | None]:
    """The media type in lower case, or "", and the charset parameter if there is one."""
    media_type, *parameters = headers.get("Content-Type", "").split(";")
    charset = None
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and charset is None:
            charset = value.strip()
    return media_type.strip().lower(), charset
