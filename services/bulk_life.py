"""The life of a bulk operation: items are settled, progress is told, and with the last item it ends.

Invariants: callers hold the lock of the operation's row; an item is counted when its status leaves PENDING or RUNNING
for an end, so the counts are those of the items. Right before the event of an end comes a BulkOperationProgress, so
whoever follows only progress has seen the last of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from db.models import BulkItemRow, BulkOperationRow
from db.repositories import bulk
from db.repositories.bulk import audience, state_of
from db.unit_of_work import UnitOfWork
from events.bulk_events import BulkOperationFinished, BulkOperationProgress
from events.outbox import record
from services.progress import PROGRESS_INTERVAL
from vocabulary.access import WORKER, Actor
from vocabulary.bulk import BULK_ENDS, BulkItemStatus, BulkStatus

SHARD_FAILED = "SHARD_FAILED"
OPEN = (BulkItemStatus.PENDING, BulkItemStatus.RUNNING)


@dataclass(frozen=True)
class ItemOutcome:
    """How one item ended: well if `code` is None or `succeeded`; the message is for people and holds no secret."""

    ordinal: int
    succeeded: bool
    code: str | None = None
    message: str | None = None


def settle(
    unit: UnitOfWork,
    operation: BulkOperationRow,
    items: Iterable[BulkItemRow],
    outcomes: Iterable[ItemOutcome],
) -> None:
    """Write how items ended that are still under way; what has been settled by somebody else stays."""
    rows = {item.ordinal: item for item in items if item.status is BulkItemStatus.RUNNING}
    for outcome in outcomes:
        item = rows.pop(outcome.ordinal, None)
        if item is None:
            continue
        item.status = BulkItemStatus.OK if outcome.succeeded else BulkItemStatus.FAILED
        item.code, item.message = outcome.code, outcome.message
        item.finished_at = unit.now
        # The line of an import has served its purpose, and may hold a password.
        item.input_sealed = None
        operation.succeeded += outcome.succeeded
        operation.failed += not outcome.succeeded


async def end_if_over(unit: UnitOfWork, operation: BulkOperationRow, actor: Actor) -> bool:
    """End the operation if no item is open any more; whether it has ended."""
    await unit.session.flush()
    if await bulk.count(unit.session, operation.id, OPEN):
        return False
    cancelled = operation.status is BulkStatus.CANCELLING
    _end(unit, operation, BulkStatus.CANCELLED if cancelled else BulkStatus.COMPLETED, actor)
    return True


async def fail(unit: UnitOfWork, operation: BulkOperationRow, code: str, error: str, actor: Actor) -> None:
    """End an operation that cannot go on: all that is open has failed for this reason."""
    await unit.session.flush()
    operation.failed += await bulk.settle_all(
        unit.session,
        operation.id,
        OPEN,
        status=BulkItemStatus.FAILED,
        code=code,
        message=error,
        finished_at=unit.now,
        input_sealed=None,
    )
    operation.error = error
    _end(unit, operation, BulkStatus.FAILED, actor)


async def give_up(unit: UnitOfWork, operation: BulkOperationRow, error: str) -> None:
    """End an operation whose shard has failed for the last time, unless it has ended."""
    if operation.status not in BULK_ENDS:
        message = f"The work failed again and again, at last with: {error}"
        await fail(unit, operation, SHARD_FAILED, message, WORKER)


def tell_if_due(unit: UnitOfWork, operation: BulkOperationRow, actor: Actor) -> None:
    """Record how far the operation is, unless that was done a moment ago."""
    if operation.progress_at is None or unit.now - operation.progress_at >= PROGRESS_INTERVAL:
        tell_progress(unit, operation, actor)


def tell_progress(unit: UnitOfWork, operation: BulkOperationRow, actor: Actor) -> None:
    """Record how far the operation is."""
    operation.progress_at = unit.now
    event = BulkOperationProgress(operation=state_of(operation))
    record(unit, event, actor=actor, owner_id=audience(operation))


def _end(unit: UnitOfWork, operation: BulkOperationRow, status: BulkStatus, actor: Actor) -> None:
    tell_progress(unit, operation, actor)
    operation.status = status
    operation.finished_at = unit.now
    event = BulkOperationFinished(operation=state_of(operation))
    record(unit, event, actor=actor, owner_id=audience(operation))
