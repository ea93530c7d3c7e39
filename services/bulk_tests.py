"""What the end of a proxy's test means for the bulk operations that wait for it.

It is written in the transaction of the test, so nobody holds a shard or a slot while a test is under way. The proxy
and its shard are locked before the operation here; no other transaction holds an operation and asks for a proxy.
"""

from uuid import UUID

from db.repositories import bulk
from db.scope import EVERYTHING
from db.unit_of_work import UnitOfWork
from services import bulk_life
from services.bulk_life import ItemOutcome
from vocabulary.access import WORKER
from vocabulary.proxies import ProxyTestResult

TEST_FAILED = "TEST_FAILED"


async def settle_tests(unit: UnitOfWork, proxy_id: UUID, result: ProxyTestResult) -> None:
    """Settle the items that wait for this test; an operation that waits for no other ends."""
    for bulk_id, ordinal in await bulk.waiting_for_test(unit.session, proxy_id):
        operation = await bulk.lock(unit.session, bulk_id, EVERYTHING)
        if operation is None:
            continue
        items = await bulk.numbered(unit.session, bulk_id, [ordinal])
        bulk_life.settle(unit, operation, items, [_outcome(ordinal, result)])
        if not await bulk_life.end_if_over(unit, operation, WORKER):
            bulk_life.tell_if_due(unit, operation, WORKER)


def _outcome(ordinal: int, result: ProxyTestResult) -> ItemOutcome:
    if result.success:
        return ItemOutcome(ordinal, succeeded=True)
    return ItemOutcome(ordinal, succeeded=False, code=TEST_FAILED, message=result.error)
