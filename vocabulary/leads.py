"""Leads: what extraction reads off a page, how analysis scores it, and what enrichment decides.

All shares, scores and confidences are 0 to 1. The functions that make these values are in `leads/`, without any
I/O, so that a page may be judged anew without being fetched again.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from vocabulary.checks import Zone


class LeadStatus(StrEnum):
    """What became of a domain as a lead."""

    PENDING = "PENDING"
    MATCH = "MATCH"
    NO_MATCH = "NO_MATCH"
    ERROR = "ERROR"
    TIMEOUT = "TIMEOUT"


class Rejection(StrEnum):
    """Why a domain is a lead (QUALIFIED) or none; every domain has exactly one, PENDING until that is decided."""

    PENDING = "PENDING"
    QUALIFIED = "QUALIFIED"
    LOW_SCORE = "LOW_SCORE"
    NO_KEYWORDS = "NO_KEYWORDS"
    PARKED = "PARKED"
    DNS_ERROR = "DNS_ERROR"
    DNS_TIMEOUT = "DNS_TIMEOUT"
    HTTP_ERROR = "HTTP_ERROR"
    HTTP_TIMEOUT = "HTTP_TIMEOUT"


class PageWarning(StrEnum):
    """What makes the keywords of a page look unnatural."""

    STUFFING = "STUFFING"
    REPETITION = "REPETITION"
    ANCHORS = "ANCHORS"


class ScoreComponent(StrEnum):
    """The parts of a score; each is 0 to 1 and has a weight in the profile."""

    KEYWORD_DENSITY = "KEYWORD_DENSITY"
    KEYWORD_COVERAGE = "KEYWORD_COVERAGE"
    NOT_PARKED = "NOT_PARKED"
    CONTENT_LENGTH = "CONTENT_LENGTH"
    TITLE_KEYWORD = "TITLE_KEYWORD"
    FRESHNESS = "FRESHNESS"
    TERM_FREQUENCY = "TERM_FREQUENCY"


class ComponentStatus(StrEnum):
    """Whether a part of a score could be worked out."""

    OK = "OK"
    UNAVAILABLE = "UNAVAILABLE"
    ERROR = "ERROR"


class Completeness(StrEnum):
    """Whether all parts of a score are OK, some are UNAVAILABLE, or one is an ERROR."""

    COMPLETE = "COMPLETE"
    PARTIAL = "PARTIAL"
    DEGRADED = "DEGRADED"


class ParkedSignal(StrEnum):
    """What speaks for a page being parked: nobody's site, held for sale or for its advertisements."""

    FOR_SALE_TITLE = "FOR_SALE_TITLE"
    FOR_SALE_TEXT = "FOR_SALE_TEXT"
    PARKING_HOST = "PARKING_HOST"
    PARKING_NETWORK = "PARKING_NETWORK"
    MARKETPLACE_REDIRECT = "MARKETPLACE_REDIRECT"
    COMING_SOON = "COMING_SOON"
    LINK_FARM = "LINK_FARM"
    SHARED_CONTENT = "SHARED_CONTENT"
    TINY_PAGE = "TINY_PAGE"


class Bucket(StrEnum):
    """A class of analysed domains."""

    HIGH_POTENTIAL = "HIGH_POTENTIAL"
    EMERGING = "EMERGING"
    AT_RISK = "AT_RISK"
    LEAD_CANDIDATE = "LEAD_CANDIDATE"
    LOW_VALUE = "LOW_VALUE"
    OTHER = "OTHER"


class ZoneHits(msgspec.Struct, frozen=True):
    """Hits of all rules in one zone; BODY here is what is outside headings and links, so that none counts twice."""

    zone: Zone
    hits: int


class KeywordMetrics(msgspec.Struct, frozen=True):
    """The keywords of a page in numbers; `zones` are those with hits, and their hits sum to `hits`.

    `effective_unique` counts patterns with two hits or in two zones; `max_share` is the share of the most frequent
    pattern of all hits, `anchor_share` that of hits inside links; `gained` are patterns found only on extra pages.
    """

    unique: int = 0
    hits: int = 0
    effective_unique: int = 0
    hits_per_kilobyte: float = 0.0
    max_share: float = 0.0
    anchor_share: float = 0.0
    zones: tuple[ZoneHits, ...] = ()
    gained: int = 0


class Richness(msgspec.Struct, frozen=True):
    """How rich a page is in keywords: five parts, the gain of extra pages, the penalties, and the score of them."""

    score: float = 0.0
    variety: float = 0.0
    prominence: float = 0.0
    density: float = 0.0
    spread: float = 0.0
    length: float = 0.0
    gain: float = 0.0
    penalty: float = 0.0


class PageFeatures(msgspec.Struct, frozen=True):
    """All that extraction makes of a page: enough to score it at any later time.

    `bytes_read` counts the extra pages too, as the hits do; `text_length` is characters of kept visible text.
    `for_sale_phrases` are phrases that offer the domain, `parking_hosts` hosts of known parking or market places
    that the page links to; `has_structure` says that there is more than bare text (headings, links or a description).
    """

    bytes_read: int
    text_length: int
    keywords: KeywordMetrics
    richness: Richness
    title_has_keyword: bool = False
    title: str | None = None
    final_host: str | None = None
    internal_links: int = 0
    external_links: int = 0
    for_sale_title: tuple[str, ...] = ()
    for_sale_phrases: tuple[str, ...] = ()
    coming_soon: tuple[str, ...] = ()
    parking_hosts: tuple[str, ...] = ()
    marketplace: str | None = None
    has_structure: bool = False
    last_modified: datetime | None = None
    warnings: tuple[PageWarning, ...] = ()


class ParkedEvidence(msgspec.Struct, frozen=True):
    """One sign that a page is parked, what it weighs (in log-odds), and what was seen."""

    signal: ParkedSignal
    weight: float
    detail: str


class ParkedVerdict(msgspec.Struct, frozen=True):
    """Whether a page is parked, how surely (0 to 1), and why."""

    is_parked: bool
    confidence: float
    evidence: tuple[ParkedEvidence, ...] = ()


class ComponentScore(msgspec.Struct, frozen=True):
    """One part of a score: `contribution` is its value times its weight, `reason` says where the value is from."""

    component: ScoreComponent
    status: ComponentStatus
    value: float
    weight: float
    contribution: float
    reason: str


class ScoreBreakdown(msgspec.Struct, frozen=True):
    """A score and how it came about: the sum of the contributions, times `factor`, rounded to three digits."""

    score: float
    completeness: Completeness
    components: tuple[ComponentScore, ...]
    factor: float = 1.0
    factor_reason: str | None = None


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What each part of a score weighs, 0 to 1 each; they are brought to a sum of 1 where they are used."""

    keyword_density: float = 0.35
    keyword_coverage: float = 0.25
    not_parked: float = 0.10
    content_length: float = 0.10
    title_keyword: float = 0.10
    freshness: float = 0.10
    term_frequency: float = 0.0


class ScoringConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A version of a scoring profile: the weights, and what the gate asks of a lead.

    `parked_factor` multiplies the score of a surely parked page; the less sure that is, the less it takes away. A page
    qualifies from `match_score` on, and from `grace_score` on if it has at least `grace_min_bytes`; it counts as
    parked from `parked_confidence` on.
    """

    weights: Weights = msgspec.field(default_factory=Weights)
    parked_factor: float = 0.5
    match_score: float = 0.27
    grace_score: float = 0.24
    grace_min_bytes: int = 1024
    parked_confidence: float = 0.45
    requires_structure: bool = True


class LeadVerdict(msgspec.Struct, frozen=True):
    """What enrichment decided on a domain, and in one sentence why."""

    status: LeadStatus
    rejection: Rejection
    reason: str


class Mover(msgspec.Struct, frozen=True):
    """A domain whose score changed, and by how much: `delta` is `after` less `before`."""

    name: str
    before: float
    after: float
    delta: float


class HistogramBin(msgspec.Struct, frozen=True):
    """How many deltas are from `lower` on and below `upper`; the last bin has its upper end too."""

    lower: float
    upper: float
    count: int


class Momentum(msgspec.Struct, frozen=True):
    """What a new scoring changed: the domains that moved most, each way, and all deltas in five bins."""

    up: tuple[Mover, ...]
    down: tuple[Mover, ...]
    histogram: tuple[HistogramBin, ...]


class AdviceCode(StrEnum):
    """What is worth looking at in a campaign."""

    FEW_RESOLVE = "FEW_RESOLVE"
    FEW_ANSWER = "FEW_ANSWER"
    FEW_HIGH_POTENTIAL = "FEW_HIGH_POTENTIAL"
    MANY_WARNINGS = "MANY_WARNINGS"
    NO_LEADS = "NO_LEADS"


class Advice(msgspec.Struct, frozen=True):
    """One piece of advice: its code, and a sentence with the numbers that led to it."""

    code: AdviceCode
    sentence: str


class AdviceCounts(msgspec.Struct, frozen=True):
    """What advice is drawn from.

    Rates are of what was checked so far, so that a running campaign is not blamed for the rest. `warned` are pages
    with any warning, of the `with_keywords` that could have one.
    """

    dns_checked: int = 0
    dns_valid: int = 0
    http_checked: int = 0
    http_valid: int = 0
    with_keywords: int = 0
    warned: int = 0
    analyzed: int = 0
    high_potential: int = 0
    leads: int = 0


class Tallies(msgspec.Struct, frozen=True):
    """How many domains have each rejection but PENDING, and how many pages had keywords or a high score."""

    qualified: int = 0
    low_score: int = 0
    no_keywords: int = 0
    parked: int = 0
    dns_error: int = 0
    dns_timeout: int = 0
    http_error: int = 0
    http_timeout: int = 0
    keyword_hits: int = 0
    high_potential: int = 0

    @property
    def analyzed(self) -> int:
        """How many domains have a rejection that stands: the left side of the audit equation."""
        return (
            self.qualified
            + self.low_score
            + self.no_keywords
            + self.parked
            + self.dns_error
            + self.dns_timeout
            + self.http_error
            + self.http_timeout
        )
