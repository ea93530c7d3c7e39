"""The keywords of a page in numbers, and the warnings that these give.

The text of headings and links is in BODY as well (`probes/page_text.py`), so the hits of a pattern are first laid out
in zones that exclude each other: HEADING, then ANCHOR, and to BODY what is left. A heading that is a link counts as
a heading.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from vocabulary.checks import KeywordHit, Zone
from vocabulary.leads import KeywordMetrics, PageWarning, ZoneHits

KILOBYTE = 1024

# The earlier system had three sets of limits. These are the ones at which the richness of a page suffers, so that a
# warning says why a page is worth less; 0.30 on the list warned of pages that lost nothing, 0.60 in the totals hid
# those that did.
STUFFING_SHARE = 0.30
REPETITION_SHARE = 0.35
ANCHOR_SHARE = 0.55
# With three hits of two keywords one of them has two thirds: a share of few hits is chance, and is no warning.
WARNED_FROM_HITS = 5


def measure(hits: Sequence[KeywordHit], bytes_read: int, gained: int = 0) -> KeywordMetrics:
    """The metrics of `hits` in a page of `bytes_read`; `gained` patterns of them are on extra pages only."""
    patterns = _by_pattern(hits)
    zones: Counter[Zone] = Counter()
    for found in patterns.values():
        zones.update(found)
    counts = [found.total() for found in patterns.values()]
    total = sum(counts)
    if total == 0:
        return KeywordMetrics()
    return KeywordMetrics(
        unique=len(patterns),
        hits=total,
        # Two zones are two hits, for here the zones exclude each other.
        effective_unique=sum(count >= 2 for count in counts),
        hits_per_kilobyte=total * KILOBYTE / bytes_read if bytes_read > 0 else 0.0,
        max_share=max(counts) / total,
        anchor_share=zones[Zone.ANCHOR] / total,
        zones=tuple(ZoneHits(zone, zones[zone]) for zone in Zone if zones[zone]),
        gained=min(max(gained, 0), len(patterns)),
    )


def warnings_of(metrics: KeywordMetrics) -> tuple[PageWarning, ...]:
    """What makes these keywords look unnatural; nothing does below `WARNED_FROM_HITS` hits."""
    if metrics.hits < WARNED_FROM_HITS:
        return ()
    limits = (
        (PageWarning.STUFFING, metrics.max_share > STUFFING_SHARE),
        (PageWarning.REPETITION, metrics.max_share > REPETITION_SHARE),
        (PageWarning.ANCHORS, metrics.anchor_share > ANCHOR_SHARE),
    )
    return tuple(warning for warning, is_over in limits if is_over)


def _by_pattern(hits: Sequence[KeywordHit]) -> dict[str, Counter[Zone]]:
    """The hits of each pattern that has any, in zones that exclude each other."""
    raw: defaultdict[str, Counter[Zone]] = defaultdict(Counter)
    for hit in hits:
        if hit.count > 0:
            raw[hit.pattern][hit.zone] += hit.count
    return {pattern: _exclusive(zones) for pattern, zones in raw.items()}


def _exclusive(zones: Mapping[Zone, int]) -> Counter[Zone]:
    headings, anchors = zones.get(Zone.HEADING, 0), zones.get(Zone.ANCHOR, 0)
    # A phrase may run over two links that are apart in the body, so BODY can have fewer than its parts.
    visible = max(zones.get(Zone.BODY, 0), headings, anchors)
    anchors = min(anchors, visible - headings)
    return Counter(
        {
            Zone.TITLE: zones.get(Zone.TITLE, 0),
            Zone.META: zones.get(Zone.META, 0),
            Zone.HEADING: headings,
            Zone.ANCHOR: anchors,
            Zone.BODY: visible - headings - anchors,
        }
    )
