"""What must be said of each page of the sandbox: its evidence and its score, from the bytes that the sandbox sends.

Written a second time, from the words of the domain (parts of a score, weights of the built-in profile) and without the
product's own functions, so that these have something to be held to. Nothing is measured by the product's parsers:
what stands on a page is counted from its plants.
"""

import gzip
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence

import brotli

from sandbox.behaviours import Web
from sandbox.pages import Pages, Ports, Request
from sandbox.world import HUB, MARKETPLACE, WORLD, Site
from vocabulary.checks import CheckStatus, Zone
from vocabulary.leads import ParkedSignal, ScoreComponent

MOST_BYTES = 2 * 1024 * 1024
# How often the planted paragraphs stand on a page, if not once.
REPEATED = {Web.RICH: 12, Web.STUFFED: 60}
FRESH = {Web.RICH: 1.0, Web.LOW_SCORE: 0.0}
WITHOUT_TEXT = frozenset({Web.IMAGE, Web.EMPTY})
# Kinds of pages that are the same, byte by byte, under each name.
SAME = frozenset({Web.LANDER, Web.IMAGE, Web.MARKET, Web.REDIRECT_HOST, Web.PLAIN_TEXT})
# More than three hundred characters of visible text.
LONG = frozenset(
    {Web.COMING_SOON, Web.RICH, Web.STUFFED, Web.LOW_SCORE, Web.REDIRECT_HOST, Web.HUGE, Web.GZIP_BOMB}
)
SIGNS: Mapping[Web, frozenset[ParkedSignal]] = {
    Web.PARKED: frozenset({ParkedSignal.FOR_SALE_TEXT}),
    Web.SALE_TITLE: frozenset({ParkedSignal.FOR_SALE_TITLE}),
    Web.MARKET: frozenset({ParkedSignal.MARKETPLACE_REDIRECT}),
    Web.LANDER: frozenset({ParkedSignal.LINK_FARM, ParkedSignal.PARKING_HOST}),
    Web.LINK_FARM: frozenset({ParkedSignal.LINK_FARM, ParkedSignal.PARKING_HOST, ParkedSignal.FOR_SALE_TEXT}),
    Web.PARKING_ALIAS: frozenset({ParkedSignal.PARKING_NETWORK}),
    Web.COMING_SOON: frozenset({ParkedSignal.COMING_SOON}),
}
WEIGHTS: Mapping[ScoreComponent, float] = {
    ScoreComponent.KEYWORD_DENSITY: 0.35,
    ScoreComponent.KEYWORD_COVERAGE: 0.25,
    ScoreComponent.NOT_PARKED: 0.10,
    ScoreComponent.CONTENT_LENGTH: 0.10,
    ScoreComponent.TITLE_KEYWORD: 0.10,
    ScoreComponent.FRESHNESS: 0.10,
}
PRIOR, SURE_FROM = -3.5, 0.45


def is_scored(site: Site) -> bool:
    """Whether there is a page to score."""
    return site.fetch is not None and site.fetch.status is CheckStatus.OK


def evidence(site: Site, sites: Sequence[Site]) -> frozenset[ParkedSignal]:
    """The signs that its page is parked, in a campaign over `sites`."""
    assert site.web is not None
    found = set(SIGNS.get(site.web, frozenset()))
    if site.web in SAME and sum(other.web is site.web for other in sites) > 1:
        found.add(ParkedSignal.SHARED_CONTENT)
    if site.web not in LONG:
        found.add(ParkedSignal.TINY_PAGE)
    return frozenset(found)


def confidence(weights: Iterable[float]) -> float:
    """How sure signs of these weights, in log-odds, make that a page is parked."""
    return round(1 / (1 + math.exp(-PRIOR - sum(weights))), 4)


def score(site: Site, parked: float) -> float:
    """What the built-in profile gives for its page, if that is parked with such a confidence."""
    parts = _parts(site, parked)
    weighed = sum(WEIGHTS[part] for part in parts)
    total = sum(WEIGHTS[part] * value for part, value in parts.items()) / weighed
    return round(total * (1 - 0.5 * parked if parked >= SURE_FROM else 1), 3)


def _parts(site: Site, parked: float) -> dict[ScoreComponent, float]:
    """The parts that can be told of the page; those that cannot leave their weight to the others."""
    assert site.web is not None
    size = _size(site)
    parts = {
        ScoreComponent.KEYWORD_DENSITY: min(_hits(site) * 1024 / size / 3, 1) if size else 0,
        ScoreComponent.KEYWORD_COVERAGE: min(len({plant.pattern for plant in site.plants}) / 5, 1),
        ScoreComponent.CONTENT_LENGTH: min(size / 50_000, 1),
        ScoreComponent.TITLE_KEYWORD: float(any(plant.zone is Zone.TITLE for plant in site.plants)),
    }
    if site.web not in WITHOUT_TEXT:
        parts[ScoreComponent.NOT_PARKED] = 1 - parked
    if site.web in FRESH:
        parts[ScoreComponent.FRESHNESS] = FRESH[site.web]
    return parts


def _hits(site: Site) -> int:
    times = REPEATED.get(site.web or Web.PLAIN, 1)
    return sum(times if plant.zone is Zone.BODY else 1 for plant in site.plants)


def _size(site: Site) -> int:
    """How many bytes of the page are read, without its coding."""
    host = {Web.REDIRECT_HOST: HUB, Web.MARKET: MARKETPLACE}.get(site.web or Web.PLAIN, site.name)
    answer = Pages(Ports(80, 443)).respond(WORLD.site(host), Request("/welcome"))
    decode = {"gzip": gzip.decompress, "br": brotli.decompress, "deflate": zlib.decompress, None: bytes}
    return min(len(decode[answer.encoding](answer.body)), MOST_BYTES)
