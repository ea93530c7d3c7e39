"""What happens to bulk operations. Each event carries the state afterwards, so that a reader needs no second look."""

from typing import ClassVar
from uuid import UUID

from events.event import EntityType, EventType
from vocabulary.bulk import BulkKind, BulkState, BulkStatus

BULK_WORDS = {
    BulkKind.CAMPAIGN_START: "Starting campaigns",
    BulkKind.CAMPAIGN_PAUSE: "Pausing campaigns",
    BulkKind.CAMPAIGN_RESUME: "Resuming campaigns",
    BulkKind.CAMPAIGN_CANCEL: "Cancelling campaigns",
    BulkKind.CAMPAIGN_ARCHIVE: "Archiving campaigns",
    BulkKind.CAMPAIGN_DELETE: "Deleting campaigns",
    BulkKind.PROXY_ENABLE: "Enabling proxies",
    BulkKind.PROXY_DISABLE: "Disabling proxies",
    BulkKind.PROXY_TEST: "Testing proxies",
    BulkKind.PROXY_DELETE: "Deleting proxies",
    BulkKind.PROXY_IMPORT: "Importing proxies",
    BulkKind.PERSONA_ENABLE: "Enabling personas",
    BulkKind.PERSONA_DISABLE: "Disabling personas",
    BulkKind.PERSONA_DELETE: "Deleting personas",
    BulkKind.KEYWORD_SET_ENABLE: "Enabling keyword sets",
    BulkKind.KEYWORD_SET_DISABLE: "Disabling keyword sets",
    BulkKind.KEYWORD_SET_DELETE: "Deleting keyword sets",
}


class BulkEventType(EventType, frozen=True, kw_only=True):
    """An event of one bulk operation, with its state afterwards."""

    ENTITY: ClassVar[EntityType] = EntityType.BULK_OPERATION

    operation: BulkState

    @property
    def entity_id(self) -> UUID:
        """The bulk operation."""
        return self.operation.id

    def told(self) -> str:
        """How far it is, in words."""
        state = self.operation
        return f"{state.done} of {state.total} done, {state.failed} of them failed"


class BulkOperationStarted(BulkEventType, frozen=True, kw_only=True, tag=True):
    """A bulk operation was accepted; a worker will take it up."""

    def summary(self) -> str:
        """One sentence."""
        return f"{BULK_WORDS[self.operation.kind]} in bulk was started: {self.operation.total} in all"


class BulkOperationProgress(BulkEventType, frozen=True, kw_only=True, tag=True):
    """A bulk operation has got further, was taken up by a worker, or is being cancelled."""

    FEED: ClassVar[bool] = False

    def summary(self) -> str:
        """One sentence."""
        return f"{BULK_WORDS[self.operation.kind]} in bulk: {self.told()}"


class BulkOperationFinished(BulkEventType, frozen=True, kw_only=True, tag=True):
    """A bulk operation has ended; `operation` says how."""

    def summary(self) -> str:
        """One sentence."""
        why = f" ({self.operation.error})" if self.operation.status is BulkStatus.FAILED else ""
        status = self.operation.status.lower()
        return f"{BULK_WORDS[self.operation.kind]} in bulk is {status}{why}: {self.told()}"


class BulkOperationDeleted(BulkEventType, frozen=True, kw_only=True, tag=True):
    """A finished bulk operation and its items were deleted; `operation` is what it was."""

    def summary(self) -> str:
        """One sentence."""
        return f"The record of {BULK_WORDS[self.operation.kind].lower()} in bulk was deleted"
