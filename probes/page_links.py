"""Where the links of a page lead: to its own host, with or without `www.`, or to which others and how often.

Only links of http and https to something that is a host name or an address count, and none to a place in the page
itself.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple
from urllib.parse import urldefrag, urljoin, urlsplit

from yarl import URL

from vocabulary.pages import Link

MAX_HOSTS = 20
# More than a crawl of extra pages will ever look at.
MAX_INNER = 100

_HOST = re.compile(r"[a-z0-9_.-]{1,253}|[0-9a-f:.]{2,45}")
# Nearly all links are read with these alone; joining every one with its base took as long as parsing the page.
_AUTHORITY = re.compile(r"(?:https?:)?//([^/?#\\]*)", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class Links(NamedTuple):
    """How many links lead inside and outside, the other hosts with the most, and the first inner ones, absolute."""

    internal: int = 0
    external: int = 0
    hosts: tuple[Link, ...] = ()
    inner: tuple[str, ...] = ()


def read_links(hrefs: Iterable[str], base: str | None, url: URL) -> Links:
    """Sort the links of the page at `url`, written as `hrefs` and read from `base`. Never raises."""
    page = str(url)
    start = _join(page, base or "") or page
    if (start_host := _host_of(start, None)) is None:
        start, start_host = page, (url.raw_host or "").lower()
    home, host_of = _bare((url.raw_host or "").lower()), cache(_host_of)
    internal, outer, inner = 0, Counter[str](), dict[str, None]()
    for href in hrefs:
        host = host_of(href, start_host)
        if host is None:
            continue
        if _bare(host) != home:
            outer[host] += 1
            continue
        internal += 1
        if len(inner) < MAX_INNER:
            inner[href] = None
    hosts = sorted(outer.items(), key=lambda item: (-item[1], item[0]))[:MAX_HOSTS]
    targets = dict.fromkeys(_join(start, href) for href in inner)
    return Links(
        internal,
        outer.total(),
        tuple(Link(host, count) for host, count in hosts),
        tuple(target for target in targets if target is not None),
    )


def same_origin(targets: Iterable[str], url: URL) -> Iterator[URL]:
    """Those of `targets` with the origin of `url` that are not the page itself, without user names and passwords."""
    for target in targets:
        try:
            found = URL(target).with_user(None)
            if found.origin() == url.origin() and found != url.with_fragment(None):
                yield found
        except ValueError:
            continue


def _join(base: str, href: str) -> str | None:
    """The absolute URL of a link, without its fragment."""
    try:
        return urldefrag(urljoin(base, href)).url
    except ValueError:
        return None


def _host_of(href: str, base_host: str | None) -> str | None:
    """The host that a link leads to, `base_host` if it names none, or None if it is no link to a host."""
    if href.startswith("#"):
        return None
    if (found := _AUTHORITY.match(href)) is not None:
        return _normal(found[1])
    return None if _SCHEME.match(href) else base_host


def _normal(authority: str) -> str | None:
    """The host of `user:password@host:port`, as DNS has it."""
    try:
        host = urlsplit(f"//{authority}").hostname or ""
        if not host.isascii():
            host = URL.build(scheme="http", host=host).raw_host or ""
    except ValueError:
        return None
    return host if _HOST.fullmatch(host) else None


def _bare(host: str) -> str:
    return host.rstrip(".").removeprefix("www.")
