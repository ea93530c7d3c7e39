"""How rich a page is in keywords (DOMAIN 6.6, version 2). All parts are 0 to 1, and so is the score.

It is not monotone in hits, and is not meant to be: more of the same keyword is stuffing, more text lowers the density,
and a hit in the body lowers the prominence of one in the title.
"""

import math

from leads.keyword_metrics import ANCHOR_SHARE, KILOBYTE, REPETITION_SHARE, STUFFING_SHARE
from vocabulary.checks import Zone
from vocabulary.leads import KeywordMetrics, Richness

# A link in a menu says less of a page than its text does.
ZONE_WEIGHTS = {Zone.TITLE: 10, Zone.HEADING: 6, Zone.META: 4, Zone.BODY: 2, Zone.ANCHOR: 1}
_MOST_TITLE_HITS = 2


def richness(metrics: KeywordMetrics, bytes_read: int) -> Richness:
    """The richness of a page of `bytes_read`; one without hits or without bytes has none."""
    if metrics.hits == 0 or bytes_read <= 0:
        return Richness()
    kilobytes = bytes_read / KILOBYTE
    variety = 1 - math.exp(-metrics.effective_unique / 12)
    prominence = _prominence(metrics)
    density = min(metrics.hits_per_kilobyte, 6) / 6
    spread = _spread(metrics)
    length = _length(kilobytes)
    base = 0.30 * variety + 0.25 * prominence + 0.15 * density + 0.15 * spread + 0.15 * length
    gain, penalty = _gain(metrics), _penalty(metrics)
    return Richness(
        score=min(max(base * (1 + 0.25 * gain) - penalty, 0.0), 1.0),
        variety=variety,
        prominence=prominence,
        density=density,
        spread=spread,
        length=length,
        gain=gain,
        penalty=penalty,
    )


def _prominence(metrics: KeywordMetrics) -> float:
    weighed = sum(
        ZONE_WEIGHTS[found.zone]
        * (min(found.hits, _MOST_TITLE_HITS) if found.zone is Zone.TITLE else found.hits)
        for found in metrics.zones
    )
    value = weighed / (10 * metrics.hits)
    # One or two hits are too few to hold a low place against the page.
    return value / 2 + 0.075 if metrics.hits < 3 and value < 0.15 else value


def _spread(metrics: KeywordMetrics) -> float:
    """The entropy of the zones that have hits, as a share of the most that it could be; of one zone it is 0."""
    if len(metrics.zones) < 2:
        return 0.0
    shares = [found.hits / metrics.hits for found in metrics.zones]
    return min(-sum(share * math.log2(share) for share in shares) / math.log2(len(shares)), 1.0)


def _length(kilobytes: float) -> float:
    value = min(kilobytes / 80, 1.0)
    if kilobytes > 160:
        return value * 0.8
    return value * 0.9 if kilobytes > 80 else value


def _gain(metrics: KeywordMetrics) -> float:
    added, before = metrics.gained, metrics.unique - metrics.gained
    value = min(added / (before + 4), 1) / 2 + min(added / 40, 1) / 2
    is_diminishing = metrics.unique < 1.15 * before
    return value * 0.7 if is_diminishing else value


def _penalty(metrics: KeywordMetrics) -> float:
    stuffing = min(max(metrics.max_share - STUFFING_SHARE, 0) * 0.5, 0.15)
    repetition = 0.04 if metrics.max_share > REPETITION_SHARE else 0.0
    anchors = 0.03 if metrics.anchor_share > ANCHOR_SHARE else 0.0
    return stuffing + repetition + anchors
