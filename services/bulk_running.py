"""How a worker gets on with a bulk operation: it begins items, and writes how the last ones ended, in one step.

An item is marked as under way before its verb is begun, so an operation that is cancelled knows what to wait for,
and a worker that takes the shard after another died knows what to do again (`services/bulk_verbs.py` says why that
is safe). An item of a test stays under way until its proxy was tested (`services/bulk_tests.py`): meanwhile the
shard waits, and nobody holds it.

The role of whoever asked is looked at in every step. One who was deactivated, or may do less than when they asked,
asks for nothing any more: what is open has failed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from auth.principal import Principal
from db.models import BulkItemRow, BulkOperationRow, PrincipalRow, ProxyRow, ShardRow
from db.repositories import bulk, proxies, shards
from db.repositories.shards import Claim
from db.scope import EVERYTHING
from db.unit_of_work import Database, UnitOfWork
from services import bulk_life
from services.bulk import NOT_FOUND
from services.bulk_life import ItemOutcome
from services.bulk_verbs import IMPORTED_AT_ONCE, BegunItem
from services.turns import Standing
from vocabulary.access import WORKER
from vocabulary.bulk import BULK_ENDS, BulkItemStatus, BulkKind, BulkStatus
from vocabulary.proxies import ProxyHealth

LOOK_AGAIN = timedelta(seconds=30)
"""When a proxy that waits for its test is looked at, for it may have been deleted or disabled meanwhile."""

DISABLED = "INVALID_TRANSITION"
FORBIDDEN = "FORBIDDEN"


@dataclass(frozen=True)
class Step:
    """How the operation stands; while it is GOING_ON, the items that are to be done now, and in whose name."""

    standing: Standing
    kind: BulkKind | None = None
    caller: Principal | None = None
    items: Sequence[BegunItem] = ()


class BulkRunning:
    """The verbs of a worker on a bulk operation. All raise Unavailable if the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def step(
        self, claim: Claim, outcomes: Sequence[ItemOutcome] = (), *, anew: bool = False, stop: bool = False
    ) -> Step:
        """Write how items ended, and begin the next.

        Args:
            claim: the shard of the operation.
            outcomes: of the items that the last step began.
            anew: whether items that are under way are this worker's to do again, for nobody else does.
            stop: whether to begin none.
        """
        async with self._database.write() as unit:
            operation = await bulk.lock(unit.session, _bulk_id(claim), EVERYTHING)
            shard = await shards.locked(unit.session, claim)
            if operation is None or shard is None:
                return Step(Standing.LOST)
            if outcomes:
                ordinals = [outcome.ordinal for outcome in outcomes]
                items = await bulk.numbered(unit.session, operation.id, ordinals)
                bulk_life.settle(unit, operation, items, outcomes)
            return await _go_on(unit, operation, shard, anew=anew, stop=stop)


async def _go_on(
    unit: UnitOfWork, operation: BulkOperationRow, shard: ShardRow, *, anew: bool, stop: bool
) -> Step:
    if operation.status in BULK_ENDS:
        shards.make_done(shard)
        return Step(Standing.DONE)
    asker = await bulk.asker(unit.session, operation.owner_id)
    reason = _objection(operation, asker)
    if reason is not None:
        await bulk_life.fail(unit, operation, FORBIDDEN, reason, WORKER)
        shards.make_done(shard)
        return Step(Standing.DONE)
    if stop:
        bulk_life.tell_if_due(unit, operation, WORKER)
        return Step(Standing.STOPPED)
    _take_up(unit, operation)
    items = await _next_items(unit, operation, anew=anew)
    if not items:
        return await _rest(unit, operation, shard)
    bulk_life.tell_if_due(unit, operation, WORKER)
    caller = Principal(id=asker.id, name=asker.name, role=operation.role)
    begun = [BegunItem(item.ordinal, item.target_id, item.input_sealed) for item in items]
    return Step(Standing.GOING_ON, operation.kind, caller, begun)


def _objection(operation: BulkOperationRow, asker: PrincipalRow) -> str | None:
    """Why the operation may not go on in the name of whoever asked for it."""
    if asker.deactivated_at is not None:
        return "Whoever asked for this was deactivated."
    if asker.role.rank < operation.role.rank:
        return f"Whoever asked for this has the role {operation.role} no more."
    return None


def _take_up(unit: UnitOfWork, operation: BulkOperationRow) -> None:
    if operation.status is BulkStatus.QUEUED:
        operation.status = BulkStatus.RUNNING
        operation.started_at = unit.now
        bulk_life.tell_progress(unit, operation, WORKER)


async def _next_items(unit: UnitOfWork, operation: BulkOperationRow, *, anew: bool) -> Sequence[BulkItemRow]:
    """The items to be done now, marked as under way: those that a dead worker left, else the next ones."""
    left = await _left_behind(unit, operation) if anew else ()
    if left:
        return left
    limit = IMPORTED_AT_ONCE if operation.kind is BulkKind.PROXY_IMPORT else 1
    items = await bulk.items(unit.session, operation.id, BulkItemStatus.PENDING, limit)
    for item in items:
        item.status = BulkItemStatus.RUNNING
    return items


async def _left_behind(unit: UnitOfWork, operation: BulkOperationRow) -> Sequence[BulkItemRow]:
    items = await bulk.items(unit.session, operation.id, BulkItemStatus.RUNNING)
    if operation.kind is not BulkKind.PROXY_TEST:
        return items
    ids = [item.target_id for item in items if item.target_id is not None]
    there = await proxies.get_many(unit.session, ids, EVERYTHING)
    judged = [(item, _untestable(item, there)) for item in items]
    bulk_life.settle(unit, operation, items, [found for _, found in judged if found is not None])
    return [item for item, found in judged if found is None and not _is_under_test(item, there)]


def _untestable(item: BulkItemRow, there: dict[UUID, ProxyRow]) -> ItemOutcome | None:
    row = None if item.target_id is None else there.get(item.target_id)
    if row is None:
        message = "The proxy was deleted before it was tested."
        return ItemOutcome(item.ordinal, succeeded=False, code=NOT_FOUND, message=message)
    if not row.enabled:
        message = "The proxy is disabled, and is not tested."
        return ItemOutcome(item.ordinal, succeeded=False, code=DISABLED, message=message)
    return None


def _is_under_test(item: BulkItemRow, there: dict[UUID, ProxyRow]) -> bool:
    return item.target_id is not None and there[item.target_id].health is ProxyHealth.TESTING


async def _rest(unit: UnitOfWork, operation: BulkOperationRow, shard: ShardRow) -> Step:
    """Nothing is to be begun: the operation ends, or waits for tests that are under way."""
    if await bulk_life.end_if_over(unit, operation, WORKER):
        shards.make_done(shard)
    else:
        bulk_life.tell_if_due(unit, operation, WORKER)
        shards.make_ready(shard, unit.now + LOOK_AGAIN)
        unit.work = True
    return Step(Standing.DONE)


def _bulk_id(claim: Claim) -> UUID:
    if claim.bulk_id is None:
        raise ValueError(f"{claim} is no bulk operation.")
    return claim.bulk_id
