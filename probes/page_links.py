"""Where the links of a page lead: to its own host, with or without `www.`, or to which others and how often.

Only links of http and https to something that is a host name or an address count, and none to a place in the page
itself.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import SplitResult, urldefrag, urljoin, urlsplit

from yarl import URL

from vocabulary.pages import Link

MAX_HOSTS = 20
# More than a crawl of extra pages will ever look at.
MAX_INNER = 100

_HOST = re.compile(r"[a-z0-9_.-]{1,253}|[0-9a-f:.]{2,45}")


class Links(NamedTuple):
    """How many links lead inside and outside, the other hosts with the most, and pages of the same origin."""

    internal: int = 0
    external: int = 0
    hosts: tuple[Link, ...] = ()
    inner: tuple[URL, ...] = ()


def read_links(hrefs: Iterable[str], base: str | None, url: URL) -> Links:
    """Sort the links of the page at `url`, written as `hrefs` and read from `base`. Never raises."""
    page = str(url)
    home = _bare(url.raw_host or "")
    internal, outer, inner = 0, Counter[str](), dict[str, None]()
    for target, host in _targets(hrefs, _join(page, base or "") or page):
        if _bare(host) == home:
            internal += 1
            if len(inner) < MAX_INNER:
                inner[target] = None
        else:
            outer[host] += 1
    hosts = sorted(outer.items(), key=lambda item: (-item[1], item[0]))[:MAX_HOSTS]
    return Links(
        internal,
        outer.total(),
        tuple(Link(host, count) for host, count in hosts),
        tuple(_same_origin(inner, url)),
    )


def _targets(hrefs: Iterable[str], base: str) -> Iterator[tuple[str, str]]:
    """The absolute URL without its fragment, and the host, of each link that is one."""
    for href in hrefs:
        target = None if href.startswith("#") else _join(base, href)
        host = _host(target) if target else None
        if target is not None and host is not None:
            yield target, host


def _join(base: str, href: str) -> str | None:
    try:
        return urldefrag(urljoin(base, href)).url
    except ValueError:
        return None


def _host(target: str) -> str | None:
    try:
        parts: SplitResult = urlsplit(target)
        host = parts.hostname
        if parts.scheme not in {"http", "https"} or not host:
            return None
        if not host.isascii():
            host = URL.build(scheme="http", host=host).raw_host or ""
    except ValueError:
        return None
    return host if _HOST.fullmatch(host) else None


def _bare(host: str) -> str:
    return host.lower().rstrip(".").removeprefix("www.")


def _same_origin(targets: Iterable[str], url: URL) -> Iterator[URL]:
    """Those of `targets` with the origin of `url` that are not the page itself, without user names and passwords."""
    for target in targets:
        try:
            found = URL(target).with_user(None)
            if found.origin() == url.origin() and found != url.with_fragment(None):
                yield found
        except ValueError:
            continue
