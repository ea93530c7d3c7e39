"""Shards: the fixed parts into which work is cut, each claimed by one worker at a time."""

from enum import StrEnum


class ShardKind(StrEnum):
    """What a worker does with a shard."""

    DOMAIN_GENERATION = "DOMAIN_GENERATION"
    DNS_VALIDATION = "DNS_VALIDATION"
    HTTP_KEYWORD_VALIDATION = "HTTP_KEYWORD_VALIDATION"
    EXTRACTION = "EXTRACTION"
    ANALYSIS = "ANALYSIS"
    ENRICHMENT = "ENRICHMENT"
    PROXY_PROBE = "PROXY_PROBE"
    BULK = "BULK"


class ShardStatus(StrEnum):
    """READY waits for a worker (or for its `available_at`), LEASED is being worked on, DONE is over."""

    READY = "READY"
    LEASED = "LEASED"
    DONE = "DONE"
