"""What one check of a domain can say: a status that every reader and writer shares, a reason, a verdict.

One vocabulary for both ends: the earlier system wrote `resolved` and read `valid_dns`, and so fetched nothing.
"""

from enum import StrEnum

import msgspec

from vocabulary.pages import PageSnapshot


class CheckStatus(StrEnum):
    """How a check of one domain stands. Everything but PENDING is final."""

    PENDING = "PENDING"
    OK = "OK"
    ERROR = "ERROR"
    TIMEOUT = "TIMEOUT"


class DnsReason(StrEnum):
    """Why a lookup did not end in an address (RFC 1035 section 4.1.1 for the codes, RFC 2308 for NODATA)."""

    NXDOMAIN = "NXDOMAIN"
    NODATA = "NODATA"
    SERVFAIL = "SERVFAIL"
    REFUSED = "REFUSED"
    TIMEOUT = "TIMEOUT"
    ERROR = "ERROR"


class HttpReason(StrEnum):
    """Why a fetch did not end in an accepted page."""

    TIMEOUT = "TIMEOUT"
    CONNECTION_REFUSED = "CONNECTION_REFUSED"
    CONNECTION_RESET = "CONNECTION_RESET"
    DNS_RESOLVE_ERROR = "DNS_RESOLVE_ERROR"
    TLS_EXPIRED = "TLS_EXPIRED"
    TLS_ERROR = "TLS_ERROR"
    PROXY_ERROR = "PROXY_ERROR"
    TOO_MANY_REDIRECTS = "TOO_MANY_REDIRECTS"
    BLOCKED_ADDRESS = "BLOCKED_ADDRESS"
    BODY_ERROR = "BODY_ERROR"
    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    UNAUTHORIZED = "UNAUTHORIZED"
    GONE = "GONE"
    RATE_LIMIT = "RATE_LIMIT"
    UNAVAILABLE_LEGAL = "UNAVAILABLE_LEGAL"
    UPSTREAM_5XX = "UPSTREAM_5XX"
    STATUS_CODE_MISMATCH = "STATUS_CODE_MISMATCH"
    ERROR = "ERROR"


class Zone(StrEnum):
    """The part of a page that a keyword was found in."""

    TITLE = "TITLE"
    META = "META"
    HEADING = "HEADING"
    ANCHOR = "ANCHOR"
    BODY = "BODY"


class KeywordHit(msgspec.Struct, frozen=True):
    """One rule found in one zone: how often, and the text around the first place, in characters."""

    pattern: str
    zone: Zone
    count: int
    category: str | None = None
    context: str | None = None


class DnsVerdict(msgspec.Struct, frozen=True):
    """The typed answer of one DNS probe. OK means at least one A or AAAA address; `cnames` is the way to it."""

    status: CheckStatus
    reason: DnsReason | None = None
    addresses: tuple[str, ...] = ()
    resolver: str | None = None
    attempts: int = 1
    millis: int = 0
    cnames: tuple[str, ...] = ()


class HttpVerdict(msgspec.Struct, frozen=True):
    """The typed answer of one HTTP probe.

    `bytes_read` counts the decompressed body, `content_hash` is the SHA-256 of those bytes in hex, and
    `proxy_fault` says that the proxy and not the target was at fault, so that the strike is its own. `page` is
    what is kept of an accepted page.
    """

    status: CheckStatus
    reason: HttpReason | None = None
    status_code: int | None = None
    final_url: str | None = None
    title: str | None = None
    charset: str | None = None
    content_hash: str | None = None
    bytes_read: int = 0
    truncated: bool = False
    hits: tuple[KeywordHit, ...] = ()
    attempts: int = 1
    millis: int = 0
    proxy_fault: bool = False
    detail: str | None = None
    page: PageSnapshot | None = None
