"""What a response means: which status codes pass, what the others are called, and what an accepted page holds."""

import asyncio
import hashlib
from typing import NamedTuple

from multidict import CIMultiDictProxy
from yarl import URL

from probes.body import Body
from probes.charset import decode
from probes.http_dates import parse_date
from probes.keywords import Matcher
from probes.page_links import read_links
from probes.page_text import PageText, from_html, from_plain
from vocabulary.checks import HttpReason, KeywordHit, Zone
from vocabulary.pages import PageSnapshot

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
MAX_TEXT = 64 * 1024
# A page of this size takes about 5 ms to read.
_READ_AT_ONCE = 64 * 1024


def refusal(status: int, allowed: tuple[int, ...]) -> HttpReason | None:
    """Why `status` is not accepted, or None if it is. No allowed codes means any 2xx."""
    if status in allowed or (not allowed and 200 <= status <= 299):
        return None
    if 500 <= status <= 599:
        return HttpReason.UPSTREAM_5XX
    return _REASONS.get(status, HttpReason.STATUS_CODE_MISMATCH)


class Page(NamedTuple):
    """What an accepted body holds. `content_hash` is the SHA-256 in hex of the decoded bytes that were read.

    `inner` are the first links of the page to its own host, absolute.
    """

    content_hash: str
    snapshot: PageSnapshot
    charset: str | None = None
    hits: tuple[KeywordHit, ...] = ()
    inner: tuple[str, ...] = ()


def read_page(body: Body, headers: CIMultiDictProxy[str], matcher: Matcher, url: URL) -> Page:
    """Take text, links and keywords out of a body that came from `url`; one that is not text gives none."""
    content_hash = hashlib.sha256(body.data).hexdigest()
    modified = parse_date(headers.get("Last-Modified", ""))
    media_type, declared = _content_type(headers)
    is_html = media_type in _HTML or (not media_type and b"\0" not in body.data[:_SNIFFED])
    if not is_html and not media_type.startswith("text/") and media_type not in _PLAIN:
        return Page(content_hash, PageSnapshot(len(body.data), str(url), "", last_modified=modified))
    text, charset = decode(body.data, declared, truncated=body.truncated)
    page: PageText = from_html(text) if is_html else from_plain(text)
    links = read_links(page.hrefs, page.base, url)
    snapshot = PageSnapshot(
        bytes_read=len(body.data),
        final_url=str(url),
        text=page.zones.get(Zone.BODY, "")[:MAX_TEXT],
        title=page.title,
        description=page.description,
        internal_links=links.internal,
        external_links=links.external,
        links=links.hosts,
        last_modified=modified,
        headings=page.headings,
    )
    return Page(content_hash, snapshot, charset, matcher.hits(page.zones), links.inner)


async def read_apart(body: Body, headers: CIMultiDictProxy[str], matcher: Matcher, url: URL) -> Page:
    """As `read_page`, but in a thread what may take long, so that the loop and its heartbeats are not held up for it.

    That is a large page, and any page that an expression is looked for in: somebody wrote it, and RE2 lets go of the
    interpreter while it searches.
    """
    if len(body.data) <= _READ_AT_ONCE and matcher.is_quick:
        return read_page(body, headers, matcher, url)
    return await asyncio.to_thread(read_page, body, headers, matcher, url)


def is_html(headers: CIMultiDictProxy[str]) -> bool:
    """Whether a response says that it is an HTML page."""
    return _content_type(headers)[0] in _HTML


def _content_type(headers: CIMultiDictProxy[str]) -> tuple[str, str | None]:
    """The media type in lower case, or "", and the charset parameter if there is one."""
    media_type, *parameters = headers.get("Content-Type", "").split(";")
    charset = None
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and charset is None:
            charset = value.strip()
    return media_type.strip().lower(), charset
