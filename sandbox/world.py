"""The truth about the sandbox: 400 names, how each behaves, and what must be said about each. Pure data.

The names are what a campaign with the pattern PREFIX, two variable characters of `abcdefghijklmnopqrst`, the
constant `beacon` and the top-level domain `.test` generates, in that order; `.test` is reserved for this
(RFC 6761). The enumeration is written out here a second time, so that generation has something to be held to.

Which name behaves how follows from its index alone: `_SHARES` says how many names behave in each way, and a
stride that is coprime to 400 spreads them, so that every batch of a campaign meets some of everything.

Invariants: every name has exactly one DNS behaviour; it has a web behaviour exactly if its lookup ends in an
address; the shares sum up to the number of names. The zone, the pages and the tests all read this table.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import msgspec

from sandbox.behaviours import LOOKUPS, OUTCOMES, Dns, Web
from sandbox.keywords import Plant
from sandbox.verdicts import HIGH_POTENTIAL, rejection_of, status_of
from vocabulary.checks import CheckStatus, DnsReason, HttpReason, Zone
from vocabulary.leads import LeadStatus, Rejection

CHARACTERS = "abcdefghijklmnopqrst"
CONSTANT = "beacon"
TLD = ".test"
VARIABLE_LENGTH = 2

HUB = "hub.sandbox.test"
ECHO = "ip.sandbox.test"
NOWHERE = "nowhere.sandbox.test"
ALIAS_CHAIN = ("edge.sandbox.test", "pool.sandbox.test")
# A market place and a parking network as they are called outside; here they are hosts of the sandbox as well.
MARKETPLACE = "www.sedo.com"
PARKING_HOST = "parked.sedoparking.com"
LISTENED = "127.0.0.1"
# The whole of 127.0.0.0/8 is the loopback interface on Linux, and no server of the sandbox listens here.
UNHEARD = "127.0.0.9"

_STRIDE, _SHIFT = 171, 7
_RARE_LOOKUPS = {5: Dns.TRUNCATED, 11: Dns.ALIAS, 17: Dns.LOSSY}

_SHARES: dict[Web | Dns, int] = {
    Web.TITLE: 9, Web.HEADING: 9, Web.META: 8, Web.BODY: 10, Web.ANCHOR: 8, Web.SEVERAL: 9,
    Web.CASE_RIGHT: 5, Web.CASE_WRONG: 4, Web.PHONE: 8, Web.EMAIL: 5, Web.AD_HOC: 6,
    Web.HIDDEN: 8, Web.PLAIN: 10,
    Web.PARKED: 8, Web.SALE_TITLE: 6, Web.MARKET: 6, Web.LANDER: 16, Web.LINK_FARM: 6, Web.PARKING_ALIAS: 6,
    Web.COMING_SOON: 5, Web.RICH: 12, Web.STUFFED: 5, Web.LOW_SCORE: 10, Web.BARE: 4,
    Web.REDIRECT_PATH: 7, Web.REDIRECT_PLAIN: 4, Web.REDIRECT_HOST: 8, Web.REDIRECT_LOOP: 5, Web.REDIRECT_LOST: 4,
    Web.TLS_BROKEN: 6, Web.TLS_SILENT: 2, Web.TLS_SELF_SIGNED: 5, Web.TLS_EXPIRED: 4, Web.TLS_WRONG_NAME: 3,
    Web.STALLED_HEAD: 2, Web.DRIPPING_BODY: 2, Web.UNHEARD: 6, Web.RESET: 5,
    Web.HUGE: 3, Web.GZIP_BOMB: 3, Web.GZIP: 6, Web.BROTLI: 5, Web.DEFLATE: 3, Web.BROKEN_GZIP: 3,
    Web.WINDOWS_1251: 4, Web.FALSE_UTF8: 3, Web.UTF16: 3, Web.NULS: 3, Web.SOUP: 3,
    Web.PLAIN_TEXT: 3, Web.IMAGE: 3, Web.EMPTY: 3,
    Web.STATUS_401: 2, Web.STATUS_403: 3, Web.STATUS_404: 5, Web.STATUS_410: 2, Web.STATUS_418: 2,
    Web.STATUS_429: 2, Web.STATUS_451: 2, Web.STATUS_500: 2, Web.STATUS_503: 2,
    Dns.NXDOMAIN: 30, Dns.NODATA: 18, Dns.SERVFAIL: 12, Dns.REFUSED: 8, Dns.SILENT: 16,
}  # fmt: skip


class Fetch(msgspec.Struct, frozen=True):
    """What a fetch must end in. `hits` are the (pattern, innermost zone) pairs of the demo's rules that must be found.

    The domain does not say whether the text of headings and anchors belongs to the body as well, so the exact
    claim is `patterns`: these and no others match. Each pair of `hits` is among those found; BODY may repeat one.
    """

    status: CheckStatus
    reason: HttpReason | None = None
    status_code: int | None = None
    title: str | None = None
    truncated: bool = False
    hits: frozenset[tuple[str, Zone]] = frozenset()

    @property
    def patterns(self) -> frozenset[str]:
        """The patterns that must be found, in whatever zone."""
        return frozenset(pattern for pattern, _ in self.hits)

    @property
    def matched(self) -> bool:
        """Whether any rule of the demo must match."""
        return bool(self.hits)


class Site(msgspec.Struct, frozen=True):
    """One name: how the zone answers for it, how its web host behaves, and what must be said about it."""

    name: str
    dns: Dns
    addresses: tuple[str, ...] = ()
    web: Web | None = None

    @property
    def dns_status(self) -> CheckStatus:
        """The status that a lookup must end in."""
        return LOOKUPS[self.dns][0]

    @property
    def dns_reason(self) -> DnsReason | None:
        """The reason that a lookup must end in, None with an address."""
        return LOOKUPS[self.dns][1]

    @property
    def aliases(self) -> tuple[str, ...]:
        """The names that the CNAME records lead through, in order; the last one holds the addresses."""
        if self.dns is Dns.PARKING_ALIAS:
            return (PARKING_HOST,)
        if self.dns is not Dns.ALIAS:
            return ()
        return tuple(name for name in ALIAS_CHAIN if name != self.name)

    @property
    def plants(self) -> tuple[Plant, ...]:
        """The texts that the page at the end of all redirects is planted with."""
        return OUTCOMES[self.web].plants if self.web is not None else ()

    @property
    def title(self) -> str:
        """The title of the page, with the planted text in it where there is one."""
        if self.web is Web.LANDER:
            return "Related searches"
        if self.web is Web.SALE_TITLE:
            return f"{self.name} - Domain for sale"
        owner = {Web.REDIRECT_HOST: HUB, Web.MARKET: MARKETPLACE}.get(self.web or Web.PLAIN, self.name)
        planted = [plant.text for plant in self.plants if plant.zone is Zone.TITLE]
        return " - ".join([f"Welcome to {owner}", *planted])

    @property
    def fetch(self) -> Fetch | None:
        """What a fetch must end in, or None for a name that has no address and so is never fetched."""
        if self.web is None:
            return None
        outcome = OUTCOMES[self.web]
        return Fetch(
            status=outcome.status,
            reason=outcome.reason,
            status_code=outcome.status_code,
            title=self.title if outcome.has_title else None,
            truncated=outcome.truncated,
            hits=frozenset((plant.pattern, plant.zone) for plant in outcome.plants),
        )

    @property
    def rejection(self) -> Rejection:
        """Why the built-in profile takes the name as a lead, or why not, in a campaign with others of its kind."""
        return rejection_of(self.dns_status, self.web)

    @property
    def lead_status(self) -> LeadStatus:
        """What becomes of the name as a lead."""
        return status_of(self.rejection)

    @property
    def is_high_potential(self) -> bool:
        """Whether the built-in profile sees a high potential in the page."""
        return self.web in HIGH_POTENTIAL


class Totals(msgspec.Struct, frozen=True):
    """Exact counts over a selection of names, for a campaign that is done with them."""

    generated: int
    resolved: int
    dns: Mapping[tuple[CheckStatus, DnsReason | None], int]
    http: Mapping[tuple[CheckStatus, HttpReason | None], int]
    matched: int
    patterns: Mapping[str, int]
    rejections: Mapping[Rejection, int]
    high_potential: int


class World:
    """All names of the sandbox: `sites` in the order of generation, `helpers` that they lead to."""

    def __init__(self) -> None:
        self.sites = tuple(_site(index, name) for index, name in enumerate(_names()))
        self.helpers = _helpers()
        self._by_name = {site.name: site for site in (*self.sites, *self.helpers)}

    def __repr__(self) -> str:
        return f"<World {len(self.sites)} sites, {len(self.helpers)} helpers>"

    def find(self, name: str) -> Site | None:
        """The site of this name in any case, with or without the final dot, or None."""
        return self._by_name.get(name.lower().removesuffix("."))

    def site(self, name: str) -> Site:
        """The site of this name.

        Raises:
            KeyError: there is none.
        """
        return self._by_name[name.lower().removesuffix(".")]

    def having(self, behaviour: Web | Dns) -> tuple[Site, ...]:
        """The campaign's sites that behave in this way, in order."""
        return tuple(site for site in self.sites if behaviour in {site.dns, site.web})

    def totals(self, names: Iterable[str] | None = None) -> Totals:
        """The exact counts over `names`, or over all names of the campaign."""
        sites = self.sites if names is None else tuple(self.site(name) for name in names)
        fetches = [site.fetch for site in sites if site.fetch is not None]
        return Totals(
            generated=len(sites),
            resolved=len(fetches),
            dns=Counter((site.dns_status, site.dns_reason) for site in sites),
            http=Counter((fetch.status, fetch.reason) for fetch in fetches),
            matched=sum(fetch.matched for fetch in fetches),
            patterns=Counter(pattern for fetch in fetches for pattern in fetch.patterns),
            rejections=Counter(rejections(sites)),
            high_potential=sum(site.is_high_potential for site in sites),
        )


def rejections(sites: Sequence[Site]) -> list[Rejection]:
    """Why each of these is a lead or none, in a campaign of just these.

    A lander is known by being under many names. Alone it is a page without keywords.
    """
    landers = sum(site.web is Web.LANDER for site in sites)
    return [
        Rejection.NO_KEYWORDS if landers == 1 and site.web is Web.LANDER else site.rejection for site in sites
    ]


def _names() -> Iterable[str]:
    for variable in product(CHARACTERS, repeat=VARIABLE_LENGTH):
        yield "".join(variable) + CONSTANT + TLD


def _site(index: int, name: str) -> Site:
    order = [behaviour for behaviour, share in _SHARES.items() for _ in range(share)]
    place = (index * _STRIDE + _SHIFT) % len(order)
    behaviour = order[place]
    if isinstance(behaviour, Dns):
        return Site(name, behaviour)
    if behaviour is Web.UNHEARD:
        return Site(name, Dns.ADDRESS, (UNHEARD,), behaviour)
    if behaviour is Web.PARKING_ALIAS:
        return Site(name, Dns.PARKING_ALIAS, (LISTENED,), behaviour)
    return Site(name, _RARE_LOOKUPS.get(place % 24, Dns.ADDRESS), (LISTENED,), behaviour)


def _helpers() -> tuple[Site, ...]:
    return (
        Site(HUB, Dns.ADDRESS, (LISTENED,), Web.REDIRECT_HOST),
        Site(MARKETPLACE, Dns.ADDRESS, (LISTENED,), Web.MARKET),
        Site(PARKING_HOST, Dns.ADDRESS, (LISTENED,)),
        Site(ECHO, Dns.ADDRESS, (LISTENED,), Web.ADDRESS_ECHO),
        Site("edge.sandbox.test", Dns.ALIAS, (LISTENED,)),
        Site("pool.sandbox.test", Dns.ADDRESS, (LISTENED,)),
        Site("many.sandbox.test", Dns.ADDRESS, ("127.0.0.1", "127.0.0.2", "127.0.0.3")),
        Site("dual.sandbox.test", Dns.ADDRESS, ("127.0.0.1", "::1")),
        Site("six.sandbox.test", Dns.ADDRESS, ("::1",)),
    )


WORLD = World()
