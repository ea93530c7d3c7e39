"""Bulk operations: one verb on many things, accepted at once and worked off in the background."""

from enum import StrEnum


class BulkKind(StrEnum):
    """What is done to each thing."""

    CAMPAIGN_START = "CAMPAIGN_START"
    CAMPAIGN_PAUSE = "CAMPAIGN_PAUSE"
    CAMPAIGN_RESUME = "CAMPAIGN_RESUME"
    CAMPAIGN_CANCEL = "CAMPAIGN_CANCEL"
    CAMPAIGN_ARCHIVE = "CAMPAIGN_ARCHIVE"
    CAMPAIGN_DELETE = "CAMPAIGN_DELETE"
    PROXY_ENABLE = "PROXY_ENABLE"
    PROXY_DISABLE = "PROXY_DISABLE"
    PROXY_TEST = "PROXY_TEST"
    PROXY_DELETE = "PROXY_DELETE"
    PROXY_IMPORT = "PROXY_IMPORT"
    PERSONA_ENABLE = "PERSONA_ENABLE"
    PERSONA_DISABLE = "PERSONA_DISABLE"
    PERSONA_DELETE = "PERSONA_DELETE"
    KEYWORD_SET_ENABLE = "KEYWORD_SET_ENABLE"
    KEYWORD_SET_DISABLE = "KEYWORD_SET_DISABLE"
    KEYWORD_SET_DELETE = "KEYWORD_SET_DELETE"


class BulkStatus(StrEnum):
    """Where a bulk operation is. One whose items failed is COMPLETED all the same: each item says how it ended."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class BulkItemStatus(StrEnum):
    """Where one item is. SKIPPED is one that was not begun when its operation was cancelled."""

    PENDING = "PENDING"
    OK = "OK"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
