"""Judges whether a page is parked: nobody's site, held for sale or for its advertisements.

Each sign adds its weight, in log-odds, to `PRIOR`; the logistic function of the sum is the confidence. The weights are
set so that no sign that an honest site may show is enough by itself (a link to a market place, "coming soon", a short
page), while those that say it outright are (a title that offers the domain, an alias into a parking network, the same
page under dozens of names of one campaign).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from leads.known_hosts import PARKING_NETWORKS, known
from vocabulary.leads import PageFeatures, ParkedEvidence, ParkedSignal, ParkedVerdict, ScoringConfig

# Without any sign: 3 of 100.
PRIOR = -3.5

WEIGHTS = {
    ParkedSignal.FOR_SALE_TITLE: 3.75,
    ParkedSignal.FOR_SALE_TEXT: 2.5,
    ParkedSignal.PARKING_HOST: 1.0,
    ParkedSignal.PARKING_NETWORK: 4.0,
    ParkedSignal.MARKETPLACE_REDIRECT: 4.5,
    ParkedSignal.COMING_SOON: 1.0,
    ParkedSignal.LINK_FARM: 1.5,
    # For each doubling of the number of domains with the same page, up to SHARED_MOST.
    ParkedSignal.SHARED_CONTENT: 0.8,
    ParkedSignal.TINY_PAGE: 0.75,
}
SHARED_MOST = 4.5
# A second phrase that offers the domain takes away most doubt about the first.
_SECOND_PHRASE = 0.75

# Characters of visible text. Parked pages have less than SHORT; the words of one may stand in a LONG page as well, a
# guide to buying domains or a shop that announces a product, and mean something else there.
TINY, SHORT, LONG = 300, 1000, 3000
_FARM_LINKS = 10
_FARM_SHARE = 0.8

CONFIDENCE = ScoringConfig().parked_confidence


class _Case(NamedTuple):
    features: PageFeatures
    shared_by: int
    cnames: Sequence[str]


def judge(
    features: PageFeatures, *, shared_by: int, cnames: Sequence[str], parked_from: float = CONFIDENCE
) -> ParkedVerdict:
    """The verdict on a page, with all its evidence, the heaviest first.

    `shared_by` is how many other domains of the campaign have a page with the same content hash, `cnames` the aliases
    that led to the domain's address. `is_parked` says that the confidence is `parked_from` or more.
    """
    case = _Case(features, shared_by, cnames)
    evidence = sorted(
        (found for sign in _SIGNS for found in sign(case)), key=lambda one: (-one.weight, one.signal)
    )
    confidence = round(_logistic(PRIOR + sum(one.weight for one in evidence)), 4)
    return ParkedVerdict(confidence >= parked_from, confidence, tuple(evidence))


def _logistic(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def _evidence(signal: ParkedSignal, detail: str, weight: float | None = None) -> ParkedEvidence:
    return ParkedEvidence(signal, round(WEIGHTS[signal] if weight is None else weight, 2), detail)


def _title(case: _Case) -> Iterator[ParkedEvidence]:
    if phrases := case.features.for_sale_title:
        weight = WEIGHTS[ParkedSignal.FOR_SALE_TITLE] * _shortness(case.features.text_length, least=0.5)
        yield _evidence(ParkedSignal.FOR_SALE_TITLE, f"the title says {_quoted(phrases)}", weight)


def _text(case: _Case) -> Iterator[ParkedEvidence]:
    phrases, length = case.features.for_sale_phrases, case.features.text_length
    if phrases:
        weight = WEIGHTS[ParkedSignal.FOR_SALE_TEXT] + (_SECOND_PHRASE if len(phrases) > 1 else 0)
        detail = f"the text of {length} characters says {_quoted(phrases)}"
        yield _evidence(ParkedSignal.FOR_SALE_TEXT, detail, weight * _shortness(length, least=0.25))


def _hosts(case: _Case) -> Iterator[ParkedEvidence]:
    if hosts := case.features.parking_hosts:
        yield _evidence(ParkedSignal.PARKING_HOST, f"it links to {', '.join(hosts[:3])}")


def _network(case: _Case) -> Iterator[ParkedEvidence]:
    names = case.cnames if case.features.final_host is None else (*case.cnames, case.features.final_host)
    for name in names:
        if (network := known(name, PARKING_NETWORKS)) is not None:
            yield _evidence(ParkedSignal.PARKING_NETWORK, f"{name} is of the parking network {network}")
            return


def _marketplace(case: _Case) -> Iterator[ParkedEvidence]:
    if (place := case.features.marketplace) is not None:
        yield _evidence(ParkedSignal.MARKETPLACE_REDIRECT, f"it leads to the market place {place}")


def _coming_soon(case: _Case) -> Iterator[ParkedEvidence]:
    phrases, length = case.features.coming_soon, case.features.text_length
    if phrases and length < SHORT:
        yield _evidence(ParkedSignal.COMING_SOON, f"{length} characters of text say {_quoted(phrases)}")


def _link_farm(case: _Case) -> Iterator[ParkedEvidence]:
    outward, inward = case.features.external_links, case.features.internal_links
    is_farm = outward >= _FARM_LINKS and outward >= _FARM_SHARE * (outward + inward)
    if is_farm and case.features.text_length < SHORT:
        detail = f"{outward} of {outward + inward} links of a short page lead away"
        yield _evidence(ParkedSignal.LINK_FARM, detail)


def _shared(case: _Case) -> Iterator[ParkedEvidence]:
    # An empty page is the same everywhere, and nobody's for sale.
    if case.shared_by > 0 and case.features.bytes_read > 0:
        weight = min(WEIGHTS[ParkedSignal.SHARED_CONTENT] * math.log2(1 + case.shared_by), SHARED_MOST)
        detail = f"{case.shared_by} other domains of the campaign have the same page"
        yield _evidence(ParkedSignal.SHARED_CONTENT, detail, weight)


def _tiny(case: _Case) -> Iterator[ParkedEvidence]:
    if case.features.text_length < TINY:
        yield _evidence(
            ParkedSignal.TINY_PAGE, f"only {case.features.text_length} characters of visible text"
        )


_SIGNS: tuple[Callable[[_Case], Iterator[ParkedEvidence]], ...] = (
    _title,
    _text,
    _hosts,
    _network,
    _marketplace,
    _coming_soon,
    _link_farm,
    _shared,
    _tiny,
)


def _shortness(length: int, *, least: float) -> float:
    """How much words say in a page with a text of `length` characters: all below SHORT, `least` from LONG on."""
    return max(least, min(1.0, 1.0 - (1.0 - least) * (length - SHORT) / (LONG - SHORT)))


def _quoted(phrases: Sequence[str]) -> str:
    return ", ".join(f"“{phrase}”" for phrase in phrases[:3])
