"""How the world's names behave, and what an honest client must conclude from each behaviour.

The expectations follow from the rules of the product, never from an implementation: https is tried first; a
failure of the connection or of TLS (refused, reset, handshake, certificate) is followed by http; a time-out is
not; if http fails at the connection too, the first reason stands; an HTTP status from either is final. Keywords
count only on an accepted page (2xx), in its visible text and its description, within the first 2 MiB.
"""

from enum import StrEnum

import msgspec

from sandbox.keywords import (
    Plant,
    ad_hoc,
    brand,
    broken_panel,
    cyrillic,
    email,
    panel,
    phone,
    voltaic,
)
from vocabulary.checks import CheckStatus, DnsReason, HttpReason, Zone


class Dns(StrEnum):
    """How the zone answers for a name. All from TRUNCATED on end in an address, given a client that does its part."""

    NXDOMAIN = "NXDOMAIN"
    NODATA = "NODATA"
    SERVFAIL = "SERVFAIL"
    REFUSED = "REFUSED"
    SILENT = "SILENT"
    TRUNCATED = "TRUNCATED"
    LOSSY = "LOSSY"
    ALIAS = "ALIAS"
    PARKING_ALIAS = "PARKING_ALIAS"
    ADDRESS = "ADDRESS"


class Web(StrEnum):
    """How a web host behaves."""

    TITLE = "TITLE"
    HEADING = "HEADING"
    META = "META"
    BODY = "BODY"
    ANCHOR = "ANCHOR"
    SEVERAL = "SEVERAL"
    CASE_RIGHT = "CASE_RIGHT"
    CASE_WRONG = "CASE_WRONG"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    AD_HOC = "AD_HOC"
    HIDDEN = "HIDDEN"
    PLAIN = "PLAIN"
    PARKED = "PARKED"
    SALE_TITLE = "SALE_TITLE"
    MARKET = "MARKET"
    LANDER = "LANDER"
    LINK_FARM = "LINK_FARM"
    PARKING_ALIAS = "PARKING_ALIAS"
    COMING_SOON = "COMING_SOON"
    RICH = "RICH"
    STUFFED = "STUFFED"
    LOW_SCORE = "LOW_SCORE"
    BARE = "BARE"
    REDIRECT_PATH = "REDIRECT_PATH"
    REDIRECT_PLAIN = "REDIRECT_PLAIN"
    REDIRECT_HOST = "REDIRECT_HOST"
    REDIRECT_LOOP = "REDIRECT_LOOP"
    REDIRECT_LOST = "REDIRECT_LOST"
    TLS_BROKEN = "TLS_BROKEN"
    TLS_SILENT = "TLS_SILENT"
    TLS_SELF_SIGNED = "TLS_SELF_SIGNED"
    TLS_EXPIRED = "TLS_EXPIRED"
    TLS_WRONG_NAME = "TLS_WRONG_NAME"
    STALLED_HEAD = "STALLED_HEAD"
    DRIPPING_BODY = "DRIPPING_BODY"
    UNHEARD = "UNHEARD"
    RESET = "RESET"
    HUGE = "HUGE"
    GZIP_BOMB = "GZIP_BOMB"
    GZIP = "GZIP"
    BROTLI = "BROTLI"
    DEFLATE = "DEFLATE"
    BROKEN_GZIP = "BROKEN_GZIP"
    WINDOWS_1251 = "WINDOWS_1251"
    FALSE_UTF8 = "FALSE_UTF8"
    UTF16 = "UTF16"
    NULS = "NULS"
    SOUP = "SOUP"
    PLAIN_TEXT = "PLAIN_TEXT"
    IMAGE = "IMAGE"
    EMPTY = "EMPTY"
    STATUS_401 = "STATUS_401"
    STATUS_403 = "STATUS_403"
    STATUS_404 = "STATUS_404"
    STATUS_410 = "STATUS_410"
    STATUS_418 = "STATUS_418"
    STATUS_429 = "STATUS_429"
    STATUS_451 = "STATUS_451"
    STATUS_500 = "STATUS_500"
    STATUS_503 = "STATUS_503"
    ADDRESS_ECHO = "ADDRESS_ECHO"


class Outcome(msgspec.Struct, frozen=True):
    """What a fetch of one kind of host must end in; `plants` are the texts that must be found.

    `status_code` is that of the answer that decides the verdict, None where no answer does.
    """

    plants: tuple[Plant, ...] = ()
    status: CheckStatus = CheckStatus.OK
    reason: HttpReason | None = None
    status_code: int | None = 200
    truncated: bool = False
    has_title: bool = True


def _error(reason: HttpReason, status_code: int | None = None) -> Outcome:
    return Outcome(status=CheckStatus.ERROR, reason=reason, status_code=status_code, has_title=False)


_LATE = Outcome(status=CheckStatus.TIMEOUT, reason=HttpReason.TIMEOUT, status_code=None, has_title=False)
_SEVERAL = (
    panel(Zone.TITLE), voltaic(Zone.META), brand(Zone.HEADING), broken_panel(Zone.BODY), phone(Zone.BODY),
    voltaic(Zone.ANCHOR),
)  # fmt: skip
_ALL = (
    panel(Zone.TITLE), voltaic(Zone.META), brand(Zone.HEADING), voltaic(Zone.ANCHOR), panel(Zone.BODY),
    voltaic(Zone.BODY), brand(Zone.BODY), phone(Zone.BODY), email(Zone.BODY), ad_hoc(Zone.BODY),
)  # fmt: skip

OUTCOMES: dict[Web, Outcome] = {
    Web.TITLE: Outcome((panel(Zone.TITLE),)),
    Web.HEADING: Outcome((voltaic(Zone.HEADING),)),
    Web.META: Outcome((panel(Zone.META),)),
    Web.BODY: Outcome((broken_panel(Zone.BODY), voltaic(Zone.BODY))),
    Web.ANCHOR: Outcome((voltaic(Zone.ANCHOR),)),
    Web.SEVERAL: Outcome(_SEVERAL),
    Web.CASE_RIGHT: Outcome((brand(Zone.BODY),)),
    Web.CASE_WRONG: Outcome(),
    Web.PHONE: Outcome((phone(Zone.BODY),)),
    Web.EMAIL: Outcome((email(Zone.BODY),)),
    Web.AD_HOC: Outcome((ad_hoc(Zone.BODY),)),
    Web.HIDDEN: Outcome(),
    Web.PLAIN: Outcome(),
    Web.PARKED: Outcome(),
    Web.SALE_TITLE: Outcome(),
    Web.MARKET: Outcome(),
    Web.LANDER: Outcome(),
    Web.LINK_FARM: Outcome(),
    Web.PARKING_ALIAS: Outcome((panel(Zone.BODY),)),
    Web.COMING_SOON: Outcome((panel(Zone.HEADING), voltaic(Zone.BODY))),
    Web.RICH: Outcome(_ALL),
    Web.STUFFED: Outcome((voltaic(Zone.BODY),)),
    Web.LOW_SCORE: Outcome((voltaic(Zone.BODY),)),
    Web.BARE: Outcome((panel(Zone.BODY), phone(Zone.BODY))),
    Web.REDIRECT_PATH: Outcome((panel(Zone.BODY),)),
    Web.REDIRECT_PLAIN: Outcome((voltaic(Zone.BODY),)),
    Web.REDIRECT_HOST: Outcome((panel(Zone.TITLE), email(Zone.BODY))),
    Web.REDIRECT_LOOP: _error(HttpReason.TOO_MANY_REDIRECTS, 302),
    Web.REDIRECT_LOST: _error(HttpReason.DNS_RESOLVE_ERROR),
    Web.TLS_BROKEN: Outcome((panel(Zone.BODY),)),
    Web.TLS_SILENT: _LATE,
    Web.TLS_SELF_SIGNED: _error(HttpReason.TLS_ERROR),
    Web.TLS_EXPIRED: _error(HttpReason.TLS_EXPIRED),
    Web.TLS_WRONG_NAME: _error(HttpReason.TLS_ERROR),
    Web.STALLED_HEAD: _LATE,
    Web.DRIPPING_BODY: _LATE,
    Web.UNHEARD: _error(HttpReason.CONNECTION_REFUSED),
    Web.RESET: _error(HttpReason.CONNECTION_RESET),
    Web.HUGE: Outcome((panel(Zone.BODY),), truncated=True),
    Web.GZIP_BOMB: Outcome((panel(Zone.BODY),), truncated=True),
    Web.GZIP: Outcome((panel(Zone.BODY),)),
    Web.BROTLI: Outcome((voltaic(Zone.BODY),)),
    Web.DEFLATE: Outcome((panel(Zone.BODY),)),
    Web.BROKEN_GZIP: _error(HttpReason.BODY_ERROR, 200),
    Web.WINDOWS_1251: Outcome((cyrillic(Zone.BODY),)),
    Web.FALSE_UTF8: Outcome((voltaic(Zone.BODY),)),
    Web.UTF16: Outcome((cyrillic(Zone.HEADING), voltaic(Zone.BODY))),
    Web.NULS: Outcome((panel(Zone.BODY), voltaic(Zone.BODY))),
    Web.SOUP: Outcome((panel(Zone.TITLE), voltaic(Zone.BODY))),
    Web.PLAIN_TEXT: Outcome((voltaic(Zone.BODY), phone(Zone.BODY)), has_title=False),
    Web.IMAGE: Outcome(has_title=False),
    Web.EMPTY: Outcome(has_title=False),
    Web.STATUS_401: _error(HttpReason.UNAUTHORIZED, 401),
    Web.STATUS_403: _error(HttpReason.FORBIDDEN, 403),
    Web.STATUS_404: _error(HttpReason.NOT_FOUND, 404),
    Web.STATUS_410: _error(HttpReason.GONE, 410),
    Web.STATUS_418: _error(HttpReason.STATUS_CODE_MISMATCH, 418),
    Web.STATUS_429: _error(HttpReason.RATE_LIMIT, 429),
    Web.STATUS_451: _error(HttpReason.UNAVAILABLE_LEGAL, 451),
    Web.STATUS_500: _error(HttpReason.UPSTREAM_5XX, 500),
    Web.STATUS_503: _error(HttpReason.UPSTREAM_5XX, 503),
    Web.ADDRESS_ECHO: Outcome(has_title=False),
}

LOOKUPS: dict[Dns, tuple[CheckStatus, DnsReason | None]] = {
    Dns.NXDOMAIN: (CheckStatus.ERROR, DnsReason.NXDOMAIN),
    Dns.NODATA: (CheckStatus.ERROR, DnsReason.NODATA),
    Dns.SERVFAIL: (CheckStatus.ERROR, DnsReason.SERVFAIL),
    Dns.REFUSED: (CheckStatus.ERROR, DnsReason.REFUSED),
    Dns.SILENT: (CheckStatus.TIMEOUT, DnsReason.TIMEOUT),
    Dns.TRUNCATED: (CheckStatus.OK, None),
    Dns.LOSSY: (CheckStatus.OK, None),
    Dns.ALIAS: (CheckStatus.OK, None),
    Dns.PARKING_ALIAS: (CheckStatus.OK, None),
    Dns.ADDRESS: (CheckStatus.OK, None),
}
