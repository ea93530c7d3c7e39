"""The runner with handlers of the test's own, on real leases: when it looks, what it holds, how it lets go."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy import event, update

from auth.sealing import SealBroken
from core.settings import Settings
from db.models import ShardRow
from events.doorbell import DOUBT, Ring
from services.proxies import ProxyPatch
from services.turns import Standing
from services.work import SHARD_FAILED, Work
from tests import factories
from tests.fakes.shop import Shop
from tests.integration.waiting import until
from vocabulary.campaigns import CampaignStatus, PhaseKind, PhaseStatus
from vocabulary.work import ShardKind, ShardStatus
from workers.held import CannotGoOn, Handler, Held
from workers.runner import Runner

DNS = ShardKind.DNS_VALIDATION


class Waiting:
    """Holds every shard until it is asked to stop, or let go; remembers what it was given."""

    def __init__(self, standing: Standing = Standing.STOPPED) -> None:
        self.seen: list[Held] = []
        self.at_once = 0
        self.most_at_once = 0
        self._standing = standing

    async def handle(self, held: Held) -> Standing:
        self.seen.append(held)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await held.stopping.wait()
        finally:
            self.at_once -= 1
        return self._standing


class Failing:
    """Raises what it is told to."""

    def __init__(self, error: Exception) -> None:
        self.calls = 0
        self._error = error

    async def handle(self, held: Held) -> Standing:
        self.calls += 1
        raise self._error


def make(shop: Shop, handlers: Mapping[ShardKind, Handler], **settings: object) -> Runner:
    changed: Settings = shop.changed(**settings)
    runner = Runner(Work(shop.database, changed), handlers, changed, shop.database.clock)
    shop.adopt(runner)
    return runner


async def test_it_claims_as_many_shards_as_it_may(shop: Shop) -> None:
    await shop.generated(batch_size=1)
    handler = Waiting()
    runner = make(shop, {DNS: handler}, worker_shards=3)
    await runner.start()
    await until(lambda: len(handler.seen) == 3)
    for _ in range(50):
        runner.wake()
        await asyncio.sleep(0)
    assert handler.most_at_once == 3
    assert len(runner.held) == 3


async def test_a_freed_slot_is_filled_at_once(shop: Shop) -> None:
    await shop.generated(batch_size=1)
    handler = Waiting(Standing.LOST)
    runner = make(shop, {DNS: handler}, worker_shards=2)
    await runner.start()
    await until(lambda: len(handler.seen) == 2)
    handler.seen[0].stop()
    await until(lambda: len(handler.seen) == 3)
    assert handler.most_at_once == 2


async def test_probes_have_slots_of_their_own(shop: Shop) -> None:
    """Somebody who tests a proxy does not wait until a shard of a campaign is through."""
    await shop.generated(batch_size=1)
    await shop.proxies.create(shop.house.alice, factories.proxy())
    phases, probes = Waiting(), Waiting()
    runner = make(shop, {DNS: phases, ShardKind.PROXY_PROBE: probes}, worker_shards=1)
    await runner.start()
    await until(lambda: len(phases.seen) == 1 and len(probes.seen) == 1)


async def test_an_idle_worker_asks_the_database_nothing(shop: Shop) -> None:
    await shop.generated()
    await shop.control.pause(shop.house.alice, (await shop.shards())[0].campaign_id or UUID(int=0))
    runner = make(shop, {DNS: Waiting()})
    await runner.start()
    await until(lambda: runner.passes == 1)
    await asyncio.sleep(0.05)  # Let the statement that was counted end; nothing is waited for after that.
    statements: list[str] = []
    for engine in (shop.database.engines.reader, shop.database.engines.writer):
        event.listen(engine.sync_engine, "before_cursor_execute", lambda *row: statements.append(str(row[2])))
    for ring in [Ring(position=5, work=False)] * 20:
        runner.hear(ring)
        await asyncio.sleep(0.005)
    assert statements == []
    assert runner.passes == 1


async def test_a_ring_with_work_and_a_doubt_make_it_look(shop: Shop) -> None:
    runner = make(shop, {DNS: Waiting()})
    await runner.start()
    await until(lambda: runner.passes == 1)
    runner.hear(Ring(position=0, work=True))
    await until(lambda: runner.passes == 2)
    runner.hear(DOUBT)
    await until(lambda: runner.passes == 3)


async def test_without_anything_due_it_sleeps_until_the_sweep(shop: Shop) -> None:
    for seconds in (300.0, 900.0):
        assert make(shop, {DNS: Waiting()}, sweep_seconds=seconds)._seconds_until(None) == seconds


async def test_it_takes_over_at_the_moment_at_which_a_lease_ends(shop: Shop) -> None:
    """Nobody rings when a worker dies; whoever is idle knows when the lease ends."""
    await shop.generated(batch_size=10)
    work = Work(shop.database, shop.changed(lease_seconds=0.5))
    (dead,) = await work.claim("dead", [DNS], 1)
    handler = Waiting()
    runner = make(shop, {DNS: handler})
    await runner.start()
    await until(lambda: len(handler.seen) == 1)
    claim = handler.seen[0].claim
    assert (claim.id, claim.fence) == (dead.id, dead.fence + 1)
    # One look when it started, one when the lease ended, and one that found nothing more.
    assert runner.passes <= 3


async def test_leases_are_renewed_while_the_work_goes_on(shop: Shop) -> None:
    await shop.generated(batch_size=10)
    handler = Waiting()
    runner = make(shop, {DNS: handler}, lease_seconds=0.5)
    await runner.start()
    await until(lambda: len(handler.seen) == 1)
    (first,) = [row.lease_until for row in await shop.shards() if row.kind is DNS]

    async def is_renewed_twice() -> bool:
        (row,) = [row for row in await shop.shards() if row.kind is DNS]
        return row.lease_until is not None and (row.lease_until - first).total_seconds() > 0.3  # type: ignore[operator]

    await shop.until(is_renewed_twice)
    assert len(handler.seen) == 1


async def test_a_lost_lease_ends_the_work(shop: Shop) -> None:
    await shop.generated(batch_size=10)
    handler = Waiting()
    runner = make(shop, {DNS: handler}, lease_seconds=0.5)
    await runner.start()
    await until(lambda: len(handler.seen) == 1)
    async with shop.database.engines.writing() as session:
        # The thief's lease is long: a short one would lapse on a slow machine, and the shard be claimed back.
        theft = {
            "holder": "thief",
            "fence": ShardRow.fence + 1,
            "lease_until": shop.database.clock.now() + timedelta(hours=1),
        }
        await session.execute(update(ShardRow).where(ShardRow.kind == DNS).values(**theft))
    await until(lambda: not runner.held)
    assert handler.seen[0].is_lost
    (row,) = [row for row in await shop.shards() if row.kind is DNS]
    assert (row.holder, row.status) == ("thief", ShardStatus.LEASED)


async def test_closing_gives_every_shard_back_for_others(shop: Shop) -> None:
    await shop.generated()
    handler = Waiting()
    runner = make(shop, {DNS: handler})
    await runner.start()
    await until(lambda: len(handler.seen) == 3)
    rings: list[Ring] = []
    shop.bell.listeners.append(rings.append)
    await runner.close()
    rows = [row for row in await shop.shards() if row.kind is DNS]
    assert {(row.status, row.holder, row.attempts) for row in rows} == {(ShardStatus.READY, None, 0)}
    assert [ring.work for ring in rings] == [True] * 3


async def test_closing_twice_and_before_the_start_is_fine(shop: Shop) -> None:
    runner = make(shop, {DNS: Waiting()})
    await runner.close()
    await runner.close()


async def test_a_shard_that_fails_is_tried_again_and_then_fails_its_phase(shop: Shop) -> None:
    ident = await shop.generated(batch_size=10)
    handler = Failing(ValueError("broken"))
    runner = make(shop, {DNS: handler}, shard_attempts=3, shard_retry_seconds=0.01)
    await runner.start()
    await shop.finished(ident)
    phase = await shop.phase(ident, PhaseKind.DNS_VALIDATION)
    assert (handler.calls, phase.error_code) == (3, SHARD_FAILED)
    assert phase.error_message == (
        "a part of the work failed 3 times, at last with:"
        " an internal error, ValueError, of which the worker's log has more"
    )


async def test_an_error_that_was_written_to_be_read_is_told(shop: Shop) -> None:
    ident = await shop.generated(batch_size=10)
    runner = make(shop, {DNS: Failing(SealBroken())}, shard_attempts=1)
    await runner.start()
    await shop.finished(ident)
    phase = await shop.phase(ident, PhaseKind.DNS_VALIDATION)
    assert (phase.error_message or "").endswith("at last with: " + str(SealBroken()))


async def test_a_time_out_of_the_work_itself_is_a_failed_attempt(shop: Shop) -> None:
    """Only the database's own is an outage, which is waited out without end."""
    ident = await shop.generated(batch_size=10)
    runner = make(shop, {DNS: Failing(TimeoutError())}, shard_attempts=1)
    await runner.start()
    assert await shop.finished(ident, 5) is CampaignStatus.FAILED


async def look(runner: Runner) -> None:
    """Wake a runner and wait until it has begun to look for work."""
    passes = runner.passes
    runner.wake()
    await until(lambda: runner.passes > passes)


async def test_a_shard_is_in_hand_once_though_it_was_taken_from_us_and_is_open(shop: Shop) -> None:
    """Else the end of the old work would strike the new claim off the list, and its lease would not be kept."""
    written = await shop.proxies.create(shop.house.alice, factories.proxy())
    handler = Waiting(Standing.LOST)
    runner = make(shop, {ShardKind.PROXY_PROBE: handler})
    await runner.start()
    await until(lambda: len(handler.seen) == 1)
    await shop.proxies.update(shop.house.alice, written.value.id, ProxyPatch(port=4444))
    for _ in range(3):
        await look(runner)
    assert handler.most_at_once == 1
    handler.seen[0].stop()
    await until(lambda: len(handler.seen) == 2)
    assert [claim.fence for claim in runner.held] == [handler.seen[1].claim.fence] == [2]


async def test_what_cannot_go_on_is_not_tried_again(shop: Shop) -> None:
    ident = await shop.generated(batch_size=10)
    handler = Failing(CannotGoOn("NO_LUCK", "it rained"))
    runner = make(shop, {DNS: handler})
    await runner.start()
    await shop.finished(ident)
    phase = await shop.phase(ident, PhaseKind.DNS_VALIDATION)
    assert (phase.status, phase.error_code, phase.error_message) == (
        PhaseStatus.FAILED,
        "NO_LUCK",
        "it rained",
    )
    assert handler.calls == 1


async def test_a_stopped_shard_is_given_back_and_a_lost_one_is_left(shop: Shop) -> None:
    await shop.generated(batch_size=10)
    handler = Waiting(Standing.LOST)
    runner = make(shop, {DNS: handler})
    await runner.start()
    await until(lambda: len(handler.seen) == 1)
    handler.seen[0].stop()
    await until(lambda: not runner.held)
    (row,) = [row for row in await shop.shards() if row.kind is DNS]
    assert row.status is ShardStatus.LEASED
    assert row.holder == runner.holder


async def test_two_runners_share_the_shards_and_none_twice(shop: Shop) -> None:
    await shop.generated(batch_size=1)
    handlers = [Waiting(), Waiting()]
    for handler in handlers:
        await make(shop, {DNS: handler}, worker_shards=5).start()
    await until(lambda: sum(len(handler.seen) for handler in handlers) == 10)
    assert len({held.claim.id for handler in handlers for held in handler.seen}) == 10


async def test_holders_have_names_of_their_own(shop: Shop) -> None:
    assert make(shop, {DNS: Waiting()}).holder != make(shop, {DNS: Waiting()}).holder


async def test_closing_in_the_middle_of_a_claim_leaves_nothing_leased(shop: Shop) -> None:
    for turns in range(0, 40, 4):
        await shop.generated(batch_size=5)
        runner = make(shop, {DNS: Waiting()})
        await runner.start()
        for _ in range(turns):
            await asyncio.sleep(0)
        await runner.close()
    assert {row.status for row in await shop.shards() if row.kind is DNS} == {ShardStatus.READY}
