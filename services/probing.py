"""Testing proxies: what a worker needs for it, and what its result changes."""

from uuid import UUID

from auth.sealing import Sealer
from core.settings import Settings
from db.models import ProxyRow, ShardRow
from db.repositories import pools, proxies, proxy_use, shards
from db.repositories.proxies import state_of
from db.repositories.proxy_use import Use
from db.repositories.shards import Claim
from db.scope import EVERYTHING
from db.unit_of_work import Database, UnitOfWork
from events.outbox import record
from events.proxy_events import ProxyHealthChanged, ProxyTestFinished
from services.bulk_tests import settle_tests
from services.effective import effective
from services.proxy_health import next_test, note_test
from vocabulary.access import WORKER
from vocabulary.proxies import ProxyEndpoint, ProxyTestResult


def endpoint_of(row: ProxyRow, sealer: Sealer) -> ProxyEndpoint:
    """How to go through a proxy, its password in clear.

    Raises:
        SealBroken: the password was sealed with a key that is not at hand.
    """
    password = None if row.password_sealed is None else sealer.open(row.password_sealed)
    return ProxyEndpoint(row.protocol, row.host, row.port, row.username, password)


class Probing:
    """The verbs of a worker that tests proxies."""

    def __init__(self, database: Database, sealer: Sealer, settings: Settings) -> None:
        self._database = database
        self._sealer = sealer
        self._settings = settings

    async def endpoint(self, claim: Claim) -> ProxyEndpoint | None:
        """The proxy to be tested; None if it is gone.

        Raises:
            SealBroken: its password does not open.
        """
        ident = _proxy_id(claim)
        async with self._database.engines.reading() as session:
            row = (await proxies.get_many(session, [ident], EVERYTHING)).get(ident)
            return None if row is None else endpoint_of(row, self._sealer)

    async def settings(self) -> Settings:
        """The settings as they are now."""
        async with self._database.engines.reading() as session:
            return await effective(session, self._settings)

    async def finish(self, claim: Claim, result: ProxyTestResult) -> bool:
        """Write what a test found; False if the claim does not hold any more, and nothing was written."""
        async with self._database.write() as unit:
            shard = await shards.locked(unit.session, claim)
            row = await proxies.lock(unit.session, _proxy_id(claim), EVERYTHING) if shard else None
            if shard is None or row is None:
                return False
            await apply_test(unit, row, shard, result, self._settings)
            return True


async def apply_test(
    unit: UnitOfWork, row: ProxyRow, shard: ShardRow, result: ProxyTestResult, settings: Settings
) -> None:
    """Set a proxy's health and its next probe by what a test found, and tell of it; both rows are locked."""
    settings = await effective(unit.session, settings)
    previous = row.health
    note_test(row, result, settings.proxy_strikes, unit.now)
    latency = result.duration_ms if result.success else None
    await proxy_use.count(unit.session, row.id, unit.now, [Use(succeeded=result.success, latency_ms=latency)])
    shard.attempts = 0
    interval = (await pools.check_intervals(unit.session, [row.id])).get(row.id)
    at = next_test(row, interval, settings, unit.now)
    if at is None:
        shards.make_done(shard)
    else:
        shards.make_ready(shard, at)
        unit.work = True
    state = state_of(row)
    record(unit, ProxyTestFinished(proxy=state, result=result), actor=WORKER, owner_id=row.owner_id)
    if row.health is not previous:
        changed = ProxyHealthChanged(proxy=state, previous=previous)
        record(unit, changed, actor=WORKER, owner_id=row.owner_id)
    await settle_tests(unit, row.id, result)


def _proxy_id(claim: Claim) -> UUID:
    if claim.proxy_id is None:
        raise ValueError(f"{claim} probes no proxy.")
    return claim.proxy_id
