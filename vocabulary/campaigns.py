"""Campaigns, their phases, and the typed configuration of each phase."""

from enum import StrEnum
from uuid import UUID

import msgspec

from vocabulary.proxies import ProxyStrategy


class CampaignStatus(StrEnum):
    """Where a campaign is in its life. WAITING is between two phases, the next of which somebody has to start."""

    DRAFT = "DRAFT"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    ARCHIVED = "ARCHIVED"


class CampaignMode(StrEnum):
    """Whether each phase waits to be started, or begins as soon as the one before has something for it."""

    STEP_BY_STEP = "STEP_BY_STEP"
    FULL_SEQUENCE = "FULL_SEQUENCE"


class PhaseKind(StrEnum):
    """The phases, in the order in which they run."""

    DOMAIN_GENERATION = "DOMAIN_GENERATION"
    DNS_VALIDATION = "DNS_VALIDATION"
    HTTP_KEYWORD_VALIDATION = "HTTP_KEYWORD_VALIDATION"
    EXTRACTION = "EXTRACTION"
    ANALYSIS = "ANALYSIS"
    ENRICHMENT = "ENRICHMENT"


class PhaseStatus(StrEnum):
    """Where one phase is.

    NOT_STARTED lacks its configuration, CONFIGURED has all that it needs to start. CANCELLED is the end of a phase
    whose campaign was cancelled.
    """

    NOT_STARTED = "NOT_STARTED"
    CONFIGURED = "CONFIGURED"
    IN_PROGRESS = "IN_PROGRESS"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class PhaseStart(StrEnum):
    """Why a phase was started: for the first time, again after it failed, or anew after it had completed."""

    FIRST = "FIRST"
    RETRY = "RETRY"
    RERUN = "RERUN"


class PatternType(StrEnum):
    """Where the variable part stands: before the constant, after it, or on both sides."""

    PREFIX = "PREFIX"
    SUFFIX = "SUFFIX"
    BOTH = "BOTH"


class GenerationWarning(StrEnum):
    """What is to be known of a space before a campaign enumerates it. EXHAUSTED implies none of the others."""

    EXHAUSTED = "EXHAUSTED"
    CUT = "CUT"
    NEARLY_EXHAUSTED = "NEARLY_EXHAUSTED"
    VERY_LARGE = "VERY_LARGE"


class GenerationConfig(msgspec.Struct, frozen=True):
    """What to enumerate. Lengths are characters of each variable part; `count` 0 is all that is left.

    Each of `tlds` is a space of its own; `count` is of names in all of them together.
    """

    pattern_type: PatternType
    character_set: str
    constant: str
    tlds: tuple[str, ...]
    prefix_length: int = 0
    suffix_length: int = 0
    count: int = 0


class DnsConfig(msgspec.Struct, frozen=True):
    """How to resolve. Personas are tried in order until one resolves; `batch_size` is domains per shard.

    `retry_attempts` is how often a domain that timed out or failed is looked up anew before that is its verdict,
    `rotation_interval_seconds` the wait between two personas for the same domain, and `speed_per_minute` bounds the
    domains that each worker process begins in a minute; 0 is no bound.
    """

    persona_ids: tuple[UUID, ...]
    batch_size: int = 100
    retry_attempts: int = 1
    rotation_interval_seconds: float = 0.0
    speed_per_minute: int = 0


class MicroCrawl(msgspec.Struct, frozen=True):
    """Extra pages of an accepted site: how many, and how many decompressed bytes of them all together."""

    max_pages: int = 3
    byte_budget: int = 60_000


class HttpConfig(msgspec.Struct, frozen=True):
    """How to fetch and what to look for. https is tried first, then http; without proxies it goes directly.

    Proxies are named one by one (`proxy_ids`) or as a pool (`pool_id`), never both. `strategy` None is the pool's own,
    or ROUND_ROBIN. `speed_per_minute` and `rotation_interval_seconds` are as those of `DnsConfig`.
    """

    persona_ids: tuple[UUID, ...]
    keyword_set_ids: tuple[UUID, ...] = ()
    ad_hoc_keywords: tuple[str, ...] = ()
    proxy_ids: tuple[UUID, ...] = ()
    pool_id: UUID | None = None
    strategy: ProxyStrategy | None = None
    batch_size: int = 50
    retry_attempts: int = 1
    rotation_interval_seconds: float = 0.0
    speed_per_minute: int = 0
    http_port: int = 80
    https_port: int = 443
    micro_crawl: MicroCrawl | None = None


class AnalysisConfig(msgspec.Struct, frozen=True):
    """By which profile pages are scored and leads are chosen; None is the built-in one."""

    profile_id: UUID | None = None


class Counts(msgspec.Struct, frozen=True):
    """How far a phase is. `processed` is distinct finished domains, `succeeded` + `failed` of them."""

    total: int = 0
    processed: int = 0
    succeeded: int = 0
    failed: int = 0

    @property
    def percent(self) -> float:
        """Processed in percent of the total; 100 of an empty total, for nothing is left to do."""
        return 100.0 if self.total == 0 else round(100.0 * self.processed / self.total, 2)
