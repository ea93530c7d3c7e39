"""What campaigns find out about proxies, written with the results of the domains that went through them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.settings import Settings
from db.models import ProxyRow, ShardRow
from db.repositories import proxy_use
from db.repositories.proxies import state_of
from db.repositories.proxy_use import Use
from db.unit_of_work import UnitOfWork
from events.outbox import record
from events.proxy_events import ProxyHealthChanged, ProxyStatsChanged
from services.effective import effective
from services.proxy_health import next_probe, note_strike, note_success
from vocabulary.access import WORKER


@dataclass(frozen=True)
class ProxyOutcome:
    """How one use of a proxy went; `error` None is well, and nothing is said of the target."""

    proxy_id: UUID
    error: str | None = None


class Accounting:
    """Counts the uses of proxies. One that strikes out is announced, and its next probe arranged."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def settle(self, unit: UnitOfWork, outcomes: Sequence[ProxyOutcome]) -> None:
        """Count uses, in order; the lock of the campaign comes before this."""
        if not outcomes:
            return
        by_proxy: dict[UUID, list[ProxyOutcome]] = defaultdict(list)
        for outcome in outcomes:
            by_proxy[outcome.proxy_id].append(outcome)
        settings = await effective(unit.session, self._settings)
        for row, probe in await proxy_use.lock_with_probes(unit.session, by_proxy):
            await _settle(unit, row, probe, by_proxy[row.id], settings)


async def _settle(
    unit: UnitOfWork,
    row: ProxyRow,
    probe: ShardRow | None,
    outcomes: Sequence[ProxyOutcome],
    settings: Settings,
) -> None:
    previous = row.health
    struck_out = False
    for outcome in outcomes:
        if outcome.error is None:
            note_success(row)
        else:
            struck_out |= note_strike(row, outcome.error, settings.proxy_strikes)
    uses = [Use(succeeded=outcome.error is None) for outcome in outcomes]
    await proxy_use.count(unit.session, row.id, unit.now, uses)
    record(unit, ProxyStatsChanged(proxy=state_of(row)), actor=WORKER, owner_id=row.owner_id)
    if struck_out:
        if row.enabled:
            # One that was disabled while these domains were under way has no shard any more, and gets none.
            at = next_probe(row, settings, unit.now)
            await proxy_use.probe_at(unit.session, row.id, probe, at)
            unit.work = True
        event = ProxyHealthChanged(proxy=state_of(row), previous=previous)
        record(unit, event, actor=WORKER, owner_id=row.owner_id)
