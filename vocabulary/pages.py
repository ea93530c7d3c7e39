"""What is kept of a fetched page, so that all that follows can be done, and done again, without fetching it anew."""

from datetime import datetime

import msgspec


class Link(msgspec.Struct, frozen=True):
    """How often a page links to another host."""

    host: str
    count: int


class PageSnapshot(msgspec.Struct, frozen=True):
    """What is kept of a page for the phases behind the fetch. `text` is visible text, cut to a limit.

    `links` are those to other hosts, the most frequent first; `last_modified` is what the server said. `extra_pages`
    were read besides the front page, with `extra_bytes` in all, and `gained` patterns were found only there.
    """

    bytes_read: int
    final_url: str
    text: str
    title: str | None = None
    description: str | None = None
    internal_links: int = 0
    external_links: int = 0
    links: tuple[Link, ...] = ()
    last_modified: datetime | None = None
    extra_pages: int = 0
    extra_bytes: int = 0
    headings: int = 0
    gained: int = 0
