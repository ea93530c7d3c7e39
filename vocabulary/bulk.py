"""Bulk operations: one verb on many things, accepted at once and worked off in the background."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


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
    """Where a bulk operation is. One whose items failed is COMPLETED all the same: each item says how it ended.

    CANCELLING begins no more items and waits for those under way. FAILED could not go on, for a reason of its own.
    """

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    CANCELLING = "CANCELLING"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class BulkItemStatus(StrEnum):
    """Where one item is. RUNNING was begun; SKIPPED was not when its operation was cancelled."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    OK = "OK"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


BULK_ENDS = frozenset({BulkStatus.COMPLETED, BulkStatus.CANCELLED, BulkStatus.FAILED})


class BulkState(msgspec.Struct, frozen=True):
    """What clients may see of a bulk operation, but for its items; the counts are of them.

    `error` says why one that FAILED could not go on.
    """

    id: UUID
    owner_id: UUID
    kind: BulkKind
    status: BulkStatus
    total: int
    succeeded: int
    failed: int
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None

    @property
    def done(self) -> int:
        """How many items have ended by themselves, well or not."""
        return self.succeeded + self.failed
