"""Extra pages: after an accepted front page, a few more of the same origin, as its links name them.

They are fetched as the front page was (persona, proxy, address policy, rate), without following redirects, and only if
the site's robots.txt lets us. A robots.txt that cannot be read to its end forbids everything (RFC 9309, 2.3.1.4); one
that is not there forbids nothing (2.3.1.3). Each request has its own time limit.

Only what a visitor reads on an extra page counts: titles and descriptions are the front page's, and most sites repeat
their name in all of them.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple

import aiohttp
import msgspec
from yarl import URL

from probes.body import read_body
from probes.failures import ProbeFailure
from probes.judge import Page, is_html, refusal
from probes.robots import EVERYTHING, NOTHING, Robots, parse_robots
from vocabulary.campaigns import MicroCrawl
from vocabulary.checks import KeywordHit, Zone

PAGE_SECONDS = 5.0
ROBOTS_BYTES = 64 * 1024

_UNREAD = frozenset({Zone.TITLE, Zone.META})
_TOO_MANY_REQUESTS = 429
# What a link with such a name leads to is hardly a page, and would cost one of the few requests.
_OTHER_SUFFIXES = frozenset(
    {
        *(".7z", ".avi", ".css", ".doc", ".docx", ".exe", ".gif", ".gz", ".ico", ".jpeg", ".jpg", ".js"),
        *(".json", ".mov", ".mp3", ".mp4", ".pdf", ".png", ".rar", ".svg", ".tar", ".webm", ".webp", ".xls"),
        *(".xlsx", ".xml", ".zip"),
    }
)


class Visits(NamedTuple):
    """How requests are made: `turn` waits for ours, `go` gets the last response to a URL, `read` makes a page of one.

    `go` is told whether it may follow redirects; it and `read` raise ProbeFailure or OSError.
    """

    turn: Callable[[], Awaitable[None]]
    go: Callable[[URL, bool], Awaitable[aiohttp.ClientResponse]]
    read: Callable[[aiohttp.ClientResponse, int, URL], Awaitable[Page]]


class Extra(NamedTuple):
    """What extra pages brought: how many, how many decompressed bytes, and the hits of each."""

    pages: int
    size: int
    hits: tuple[tuple[KeywordHit, ...], ...]


async def crawl(links: Sequence[URL], limits: MicroCrawl, visits: Visits, tokens: frozenset[str]) -> Extra:
    """Fetch the first of `links` (all of one origin) that robots may; at most `max_pages` requests besides robots.txt.

    A page that fails in any way is passed over.
    """
    candidates = [link for link in links if not link.path.lower().endswith(tuple(_OTHER_SUFFIXES))]
    if not candidates:
        return Extra(0, 0, ())
    robots = await _robots(candidates[0].origin() / "robots.txt", visits, tokens)
    pages: list[Page] = []
    left = limits.byte_budget
    for link in await asyncio.to_thread(_allowed, candidates, robots, limits.max_pages):
        if left <= 0:
            break
        page = await _page(link, left, visits)
        if page is not None:
            pages.append(page)
            left -= page.snapshot.bytes_read
    return Extra(len(pages), limits.byte_budget - left, tuple(page.hits for page in pages))


def _allowed(links: Sequence[URL], robots: Robots, most: int) -> list[URL]:
    """The first of `links` that robots may fetch. Thousands of rules against a hundred links take a while."""
    return list(itertools.islice((link for link in links if robots.allows(link.raw_path_qs)), most))


async def _robots(url: URL, visits: Visits, tokens: frozenset[str]) -> Robots:
    """The rules of a site. One whose robots.txt does not come is not crawled: it may forbid what we want."""
    await visits.turn()
    try:
        async with asyncio.timeout(PAGE_SECONDS):
            response = await visits.go(url, True)
            try:
                return await _read_robots(response, tokens)
            finally:
                response.close()
    except (ProbeFailure, OSError):
        return NOTHING


async def _read_robots(response: aiohttp.ClientResponse, tokens: frozenset[str]) -> Robots:
    if 400 <= response.status <= 499 and response.status != _TOO_MANY_REQUESTS:
        return EVERYTHING
    if not 200 <= response.status <= 299:
        return NOTHING
    body = await read_body(response, ROBOTS_BYTES)
    # What was cut off may be the rule that is about us.
    if body.truncated:
        return NOTHING
    return await asyncio.to_thread(parse_robots, body.data.decode("utf-8", "replace"), tokens)


async def _page(url: URL, most: int, visits: Visits) -> Page | None:
    await visits.turn()
    try:
        async with asyncio.timeout(PAGE_SECONDS):
            response = await visits.go(url, False)
            try:
                if refusal(response.status, ()) is not None or not is_html(response.headers):
                    return None
                return await visits.read(response, most, url)
            finally:
                response.close()
    except (ProbeFailure, OSError):
        return None


def merged(
    front: Sequence[KeywordHit], extra: Iterable[Sequence[KeywordHit]]
) -> tuple[tuple[KeywordHit, ...], int]:
    """The hits of all pages, those of the front page first, and how many patterns only the extra pages have."""
    more: Counter[tuple[str, Zone, str | None]] = Counter()
    first: dict[tuple[str, Zone, str | None], KeywordHit] = {}
    for hit in (hit for hits in extra for hit in hits if hit.zone not in _UNREAD):
        more[_key(hit)] += hit.count
        first.setdefault(_key(hit), hit)
    together = [msgspec.structs.replace(hit, count=hit.count + more.pop(_key(hit), 0)) for hit in front]
    added = [msgspec.structs.replace(first[key], count=count) for key, count in more.items()]
    gained = {hit.pattern for hit in added} - {hit.pattern for hit in front}
    return (*together, *added), len(gained)


def _key(hit: KeywordHit) -> tuple[str, Zone, str | None]:
    return hit.pattern, hit.zone, hit.category
