"""Campaigns, their phases, and the typed configuration of each phase."""

from enum import StrEnum
from uuid import UUID

import msgspec


class CampaignStatus(StrEnum):
    """Where a campaign is in its life."""

    DRAFT = "DRAFT"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class PhaseKind(StrEnum):
    """The phases, in the order in which they run."""

    DOMAIN_GENERATION = "DOMAIN_GENERATION"
    DNS_VALIDATION = "DNS_VALIDATION"
    HTTP_KEYWORD_VALIDATION = "HTTP_KEYWORD_VALIDATION"


class PhaseStatus(StrEnum):
    """Where one phase is. CANCELLED is the end of a phase whose campaign was cancelled."""

    NOT_STARTED = "NOT_STARTED"
    IN_PROGRESS = "IN_PROGRESS"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class PatternType(StrEnum):
    """Where the variable part stands: before the constant, after it, or on both sides."""

    PREFIX = "PREFIX"
    SUFFIX = "SUFFIX"
    BOTH = "BOTH"


class GenerationWarning(StrEnum):
    """What is to be known of a space before a campaign enumerates it. EXHAUSTED implies neither of the others."""

    EXHAUSTED = "EXHAUSTED"
    CUT = "CUT"
    NEARLY_EXHAUSTED = "NEARLY_EXHAUSTED"


class GenerationConfig(msgspec.Struct, frozen=True):
    """What to enumerate. Lengths are characters of each variable part; `count` 0 is all that is left."""

    pattern_type: PatternType
    character_set: str
    constant: str
    tld: str
    prefix_length: int = 0
    suffix_length: int = 0
    count: int = 0


class DnsConfig(msgspec.Struct, frozen=True):
    """How to resolve. Personas are tried in order until one resolves; `batch_size` is domains per shard.

    `retry_attempts` is how often a domain that timed out or failed is looked up anew before that is its verdict.
    """

    persona_ids: tuple[UUID, ...]
    batch_size: int = 100
    retry_attempts: int = 1


class HttpConfig(msgspec.Struct, frozen=True):
    """How to fetch and what to look for. https is tried first, then http; without proxies it goes directly."""

    persona_ids: tuple[UUID, ...]
    keyword_set_ids: tuple[UUID, ...] = ()
    ad_hoc_keywords: tuple[str, ...] = ()
    proxy_ids: tuple[UUID, ...] = ()
    batch_size: int = 50
    retry_attempts: int = 1
    http_port: int = 80
    https_port: int = 443


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
