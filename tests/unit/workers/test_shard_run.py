"""One shard's domains, with a check of the test's own and the real table behind it."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest

from db.repositories.domains import Candidate
from db.repositories.shards import Claim
from db.repositories.verdicts import DnsResult
from events.domain_events import DomainsChanged
from services.jobs import Jobs
from services.proxy_accounts import ProxyOutcome
from services.results import Batch, Flushed, Results
from services.turns import Standing
from services.work import Work
from tests.fakes.shop import Shop, demo_generation
from tests.integration.waiting import until
from vocabulary.campaigns import PhaseKind
from vocabulary.checks import CheckStatus, DnsVerdict
from vocabulary.work import ShardKind
from workers import shard_run
from workers.held import Held
from workers.shard_run import ShardRun


class Gated:
    """Checks that end when they are let through."""

    def __init__(self, width: int = 3, broken: int | None = None) -> None:
        self.width = width
        self.begun: list[int] = []
        self.flushed: list[Flushed] = []
        self.gate = asyncio.Semaphore(0)
        self._broken = broken

    async def check(self, candidate: Candidate) -> DnsResult:
        self.begun.append(candidate.offset)
        await self.gate.acquire()
        if candidate.offset == self._broken:
            raise ValueError("broken")
        return DnsResult(candidate.offset, DnsVerdict(CheckStatus.OK, addresses=("192.0.2.7",)), UUID(int=1))

    def let_through(self, number: int) -> None:
        for _ in range(number):
            self.gate.release()

    def take_outcomes(self) -> Sequence[ProxyOutcome]:
        return ()

    def learn(self, flushed: Flushed) -> None:
        self.flushed.append(flushed)


class Pass:
    """One pass over the ten domains of a campaign's only shard, running in the background."""

    def __init__(self, shop: Shop, campaign: UUID, held: Held, checks: Gated) -> None:
        self.shop, self.campaign, self.held, self.checks = shop, campaign, held, checks
        self.task: asyncio.Task[Standing] | None = None

    async def begin(self, flush_seconds: float = 0.01) -> None:
        job = await Jobs(self.shop.database, self.shop.sealer).dns(self.held.claim)
        assert job is not None
        run = ShardRun(self.held, self.checks, Results(self.shop.database, self.shop.settings), flush_seconds)
        self.task = asyncio.get_running_loop().create_task(run.run(job.left))

    async def end(self) -> Standing:
        assert self.task is not None
        async with asyncio.timeout(5):
            return await self.task

    async def done(self) -> int:
        row = await self.shop.phase(self.campaign, PhaseKind.DNS_VALIDATION)
        return row.processed

    async def until_done(self, number: int) -> None:
        async def reached() -> bool:
            return await self.done() == number

        await self.shop.until(reached, 5)


async def claim_of(shop: Shop) -> Claim:
    (claim,) = await Work(shop.database, shop.settings).claim("a", [ShardKind.DNS_VALIDATION], 1)
    return claim


async def prepare(shop: Shop, checks: Gated, names: int = 10) -> Pass:
    campaign = await shop.generated(demo_generation(names), batch_size=500)
    return Pass(shop, campaign, Held(await claim_of(shop)), checks)


async def test_as_many_are_under_way_as_is_worth_it(shop: Shop) -> None:
    checks = Gated(width=4)
    run = await prepare(shop, checks)
    await run.begin()
    await until(lambda: len(checks.begun) == 4)
    checks.let_through(2)
    await run.until_done(2)
    assert checks.begun == [0, 1, 2, 3, 4, 5]
    checks.let_through(99)
    assert await run.end() is Standing.DONE
    assert await run.done() == 10


async def test_results_are_written_when_the_first_has_waited_long_enough(shop: Shop) -> None:
    checks = Gated()
    run = await prepare(shop, checks)
    await run.begin(flush_seconds=0.05)
    checks.let_through(2)
    await run.until_done(2)
    assert len(checks.flushed) == 1
    checks.let_through(99)
    await run.end()


async def test_a_hundred_results_do_not_wait(shop: Shop) -> None:
    checks = Gated(width=100)
    run = await prepare(shop, checks, names=250)
    await run.begin(flush_seconds=10)
    checks.let_through(100)
    await run.until_done(100)
    checks.let_through(999)
    assert await run.end() is Standing.DONE


class Ready(Gated):
    """Checks that are over at once, so that all are found before the first write."""

    def __init__(self) -> None:
        super().__init__(width=1)

    async def check(self, candidate: Candidate) -> DnsResult:
        verdict = DnsVerdict(CheckStatus.OK, addresses=("192.0.2.7",))
        return DnsResult(candidate.offset, verdict, UUID(int=1))


async def test_no_write_holds_more_than_a_hundred(shop: Shop) -> None:
    run = await prepare(shop, Ready(), names=250)
    await run.begin()
    assert await run.end() is Standing.DONE
    told = await shop.events(DomainsChanged)
    assert [(len(event.changed), event.omitted) for event in told] == [(100, 0), (100, 0), (50, 0)]


async def test_a_pause_stops_between_domains_and_keeps_those_under_way(shop: Shop) -> None:
    checks = Gated(width=3)
    run = await prepare(shop, checks)
    await run.begin()
    await until(lambda: len(checks.begun) == 3)
    await shop.control.pause(shop.house.alice, run.campaign)
    checks.let_through(1)
    await run.until_done(1)
    await until(lambda: checks.flushed[-1].standing is Standing.STOPPED)
    checks.let_through(99)
    assert await run.end() is Standing.STOPPED
    # The fourth began before anybody could know; after that none did, and all that began are counted.
    assert checks.begun == [0, 1, 2, 3]
    assert await run.done() == 4


async def test_a_pause_that_nobody_saw_stops_it_too(shop: Shop) -> None:
    """The shard is claimed anew, so what was disabled or changed while the campaign paused is of no use any more."""
    checks = Gated(width=2)
    run = await prepare(shop, checks)
    await run.begin()
    await until(lambda: len(checks.begun) == 2)
    await shop.control.pause(shop.house.alice, run.campaign)
    await shop.control.resume(shop.house.alice, run.campaign)
    checks.let_through(1)
    await until(lambda: bool(checks.flushed))
    checks.let_through(99)
    assert await run.end() is Standing.STOPPED
    assert await run.done() == len(checks.begun) < 10


async def test_a_cancelled_campaign_stops_and_counts_no_more(shop: Shop) -> None:
    checks = Gated(width=2)
    run = await prepare(shop, checks)
    await run.begin()
    await until(lambda: len(checks.begun) == 2)
    await shop.control.cancel(shop.house.alice, run.campaign)
    checks.let_through(99)
    assert await run.end() is Standing.STOPPED
    assert await run.done() == 0


async def test_what_does_not_end_after_a_pause_is_given_up(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_run, "STOP_SECONDS", 0.05)
    checks = Gated(width=3)
    run = await prepare(shop, checks)
    await run.begin()
    await until(lambda: len(checks.begun) == 3)
    await shop.control.pause(shop.house.alice, run.campaign)
    checks.let_through(1)
    assert await run.end() is Standing.STOPPED
    assert await run.done() == 1


async def test_closing_writes_what_is_finished_and_gives_up_the_rest(shop: Shop) -> None:
    checks = Gated(width=3)
    run = await prepare(shop, checks)
    await run.begin(flush_seconds=10)
    await until(lambda: len(checks.begun) == 3)
    checks.let_through(2)
    await until(lambda: len(checks.begun) == 5)
    assert await run.done() == 0
    run.held.stop()
    assert await run.end() is Standing.GOING_ON
    assert await run.done() == 2


async def test_a_check_that_fails_is_raised_after_the_others_are_written(shop: Shop) -> None:
    checks = Gated(width=3, broken=1)
    run = await prepare(shop, checks)
    await run.begin(flush_seconds=10)
    await until(lambda: len(checks.begun) == 3)
    checks.let_through(99)
    with pytest.raises(ValueError, match="broken"):
        await run.end()
    assert await run.done() == len(checks.begun) - 1


async def test_a_lost_lease_is_left_at_once(shop: Shop) -> None:
    checks = Gated(width=3)
    run = await prepare(shop, checks)
    await Work(shop.database, shop.settings).release([run.held.claim])
    await run.begin()
    checks.let_through(1)
    assert await run.end() is Standing.LOST
    assert await run.done() == 0


async def test_a_shard_that_the_runner_has_lost_is_left_without_a_write(shop: Shop) -> None:
    checks = Gated(width=3)
    run = await prepare(shop, checks)
    await run.begin(flush_seconds=10)
    await until(lambda: len(checks.begun) == 3)
    checks.let_through(1)
    await until(lambda: len(checks.begun) == 4)
    run.held.lose()
    assert await run.end() is Standing.LOST
    assert checks.flushed == []


async def test_whoever_takes_over_does_only_what_is_left(shop: Shop) -> None:
    first = await prepare(shop, Gated())
    await first.begin()
    first.checks.let_through(4)
    await first.until_done(4)
    first.held.stop()
    await first.end()
    await Work(shop.database, shop.settings).release([first.held.claim])
    second = Pass(shop, first.campaign, Held(await claim_of(shop)), Gated())
    await second.begin()
    second.checks.let_through(99)
    assert await second.end() is Standing.DONE
    assert second.checks.begun == [4, 5, 6, 7, 8, 9]


async def test_a_shard_with_nothing_left_is_finished(shop: Shop) -> None:
    run = await prepare(shop, Gated())
    results = Results(shop.database, shop.settings)
    await shop.control.pause(shop.house.alice, run.campaign)
    found = [await result_of(offset) for offset in range(10)]
    await results.flush(run.held.claim, Batch(found))
    await shop.control.resume(shop.house.alice, run.campaign)
    await run.begin()
    assert await run.end() is Standing.DONE
    assert run.checks.begun == []


async def result_of(offset: int) -> DnsResult:
    checks = Gated()
    checks.let_through(1)
    return await checks.check(Candidate(offset, "", ()))


async def test_progress_that_was_not_told_follows_by_itself(shop: Shop) -> None:
    """Two writes come in the time of one progress event; nothing else happens, and yet the count is told."""
    checks = Gated(width=10)
    run = await prepare(shop, checks)
    await run.begin(flush_seconds=0.01)
    checks.let_through(1)
    await run.until_done(1)
    checks.let_through(1)
    await run.until_done(2)
    # On a machine that is slow enough the second write is late enough to tell it, and no third is needed.
    await until(lambda: len(checks.flushed) >= 2 and not checks.flushed[-1].owes_progress)
    told = [event for event in await shop.events() if type(event).__name__ == "CampaignProgress"]
    assert told[-1].counts.processed == 2
    checks.let_through(99)
    await run.end()
