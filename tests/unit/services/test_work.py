"""Leases, on both databases: who may claim what, until when, and what a lapsed claim may still do."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from core.settings import Settings
from db.repositories.shards import Claim
from db.repositories.verdicts import DnsResult
from events.campaign_events import CampaignStatusChanged, PhaseFailed
from services.results import Batch, Results
from services.turns import Standing
from services.work import SHARD_FAILED, Work
from tests.fakes.house import House, open_house
from tests.fakes.shop import Shop, open_shop
from tests.servers.postgres import PostgresServer
from vocabulary.campaigns import CampaignStatus, Counts, PhaseKind, PhaseStatus
from vocabulary.checks import CheckStatus, DnsVerdict
from vocabulary.work import ShardKind, ShardStatus

DNS = [ShardKind.DNS_VALIDATION]
LEASE, RETRY, ATTEMPTS = 30.0, 8.0, 3
SETTINGS = Settings(lease_seconds=LEASE, shard_retry_seconds=RETRY, shard_attempts=ATTEMPTS)


@pytest.fixture(params=["sqlite", "asyncpg", "psycopg"])
def driver(request: pytest.FixtureRequest) -> tuple[str, PostgresServer | None]:
    """The driver, and the server if it needs one, which is started only then."""
    needs = request.param != "sqlite"
    return request.param, request.getfixturevalue("postgres_server") if needs else None


@pytest.fixture
async def house(driver: tuple[str, PostgresServer | None], tmp_path: Path) -> AsyncIterator[House]:
    name, server = driver
    if server is None:
        async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}") as house:
            yield house
        return
    database = await server.create_database()
    async with open_house(database.sqlalchemy_url(name)) as house:
        yield house
    await server.drop_database(database)


@pytest.fixture
async def shop(house: House) -> AsyncIterator[Shop]:
    async with open_shop(house, house.clock, SETTINGS) as shop:
        yield shop


@pytest.fixture
def work(shop: Shop) -> Work:
    """The verbs, with no chance in them: half of the spread is none."""
    return Work(shop.database, shop.settings, spread=lambda: 0.5)


@pytest.fixture
async def campaign(shop: Shop) -> UUID:
    """Ten names in DNS shards of four, four and two."""
    return await shop.generated()


def ok(offset: int) -> DnsResult:
    return DnsResult(offset, DnsVerdict(CheckStatus.OK, addresses=("192.0.2.7",)), UUID(int=1))


async def test_a_phase_is_cut_into_shards_by_its_batch_size(shop: Shop, campaign: UUID) -> None:
    shards = [shard for shard in await shop.shards() if shard.kind is ShardKind.DNS_VALIDATION]
    assert sorted((shard.lower, shard.upper) for shard in shards) == [(0, 4), (4, 8), (8, 10)]
    assert (await shop.phase(campaign, PhaseKind.DNS_VALIDATION)).open_shards == 3


async def test_two_holders_never_get_the_same_shard(shop: Shop, work: Work) -> None:
    await shop.generated(batch_size=1)
    claimed = await asyncio.gather(*(work.claim(f"holder {n}", DNS, 2) for n in range(8)))
    ids = [claim.id for claims in claimed for claim in claims]
    # Ten shards and sixteen wishes: those that were passed over while others held them may be left.
    ids += [claim.id for claim in await work.claim("last", DNS, 16)]
    assert len(ids) == 10
    assert len(set(ids)) == 10


async def test_a_claim_takes_the_longest_waiting_up_to_the_limit(work: Work, campaign: UUID) -> None:
    assert [claim.within for claim in await work.claim("a", DNS, 2)] == [range(4), range(4, 8)]
    assert [claim.within for claim in await work.claim("a", DNS, 2)] == [range(8, 10)]
    assert await work.claim("a", DNS, 2) == []


async def test_only_the_kinds_that_are_wanted_are_claimed(work: Work, campaign: UUID) -> None:
    assert await work.claim("a", [ShardKind.PROXY_PROBE], 5) == []
    assert await work.next_due([ShardKind.PROXY_PROBE]) is None


async def test_a_lapsed_lease_is_another_holders_with_a_higher_fence(
    house: House, work: Work, campaign: UUID
) -> None:
    (first,) = await work.claim("a", DNS, 1)
    house.clock.advance(LEASE - 0.001)
    assert first.id not in {claim.id for claim in await work.claim("b", DNS, 9)}
    house.clock.advance(0.001)
    (second,) = await work.claim("c", DNS, 1)
    assert (second.id, second.fence) == (first.id, first.fence + 1)


async def test_the_lapsed_claim_can_write_nothing(
    house: House, shop: Shop, work: Work, campaign: UUID
) -> None:
    (old,) = await work.claim("a", DNS, 1)
    house.clock.advance(LEASE)
    await work.claim("b", DNS, 9)
    results = Results(shop.database, shop.settings)
    before = await house.head()
    assert (await results.flush(old, Batch([ok(0)]))).standing is Standing.LOST
    await work.failed(old, "late")
    await work.release([old])
    await work.cannot_go_on(old, "LATE", "late")
    assert await house.head() == before
    assert {domain.dns_status for domain in await shop.domains(campaign)} == {CheckStatus.PENDING}
    assert {s.holder for s in await shop.shards() if s.kind is ShardKind.DNS_VALIDATION} == {"b"}


async def test_the_same_holder_with_an_old_fence_can_write_nothing(
    house: House, shop: Shop, work: Work, campaign: UUID
) -> None:
    (old,) = await work.claim("a", DNS, 1)
    house.clock.advance(LEASE)
    (new,) = [claim for claim in await work.claim("a", DNS, 9) if claim.id == old.id]
    results = Results(shop.database, shop.settings)
    assert (await results.flush(old, Batch([ok(0)]))).standing is Standing.LOST
    assert (await results.flush(new, Batch([ok(0)]))).standing is Standing.GOING_ON


async def test_renewing_keeps_a_lease(house: House, work: Work, campaign: UUID) -> None:
    claims = await work.claim("a", DNS, 9)
    ids = {claim.id for claim in claims}
    for _ in range(5):
        house.clock.advance(LEASE * 0.9)
        assert await work.renew("a", ids) == ids
    assert await work.claim("b", DNS, 9) == []


async def test_renewing_tells_which_leases_are_lost(house: House, work: Work, campaign: UUID) -> None:
    mine = await work.claim("a", DNS, 9)
    house.clock.advance(LEASE)
    (taken,) = await work.claim("b", DNS, 1)
    assert await work.renew("a", {claim.id for claim in mine}) == {claim.id for claim in mine} - {taken.id}


async def test_a_holder_does_not_claim_what_it_works_on(house: House, work: Work, campaign: UUID) -> None:
    """A lease that lapsed while the database was away is still being worked on by its holder."""
    held = {claim.id for claim in await work.claim("a", DNS, 9)}
    house.clock.advance(LEASE)
    assert await work.claim("a", DNS, 9, held) == []
    assert await work.next_due(DNS, held) is None


async def test_a_holder_gets_back_what_it_does_not_know_it_has(
    house: House, work: Work, campaign: UUID
) -> None:
    """The answer to a claim may be lost with the connection, after the commit."""
    claims = await work.claim("a", DNS, 9)
    house.clock.advance(LEASE)
    assert len(await work.claim("a", DNS, 9)) == len(claims)


async def test_next_due_is_the_end_of_a_lease_or_of_a_wait(house: House, work: Work, campaign: UUID) -> None:
    start = house.now
    assert await work.next_due(DNS) == start - timedelta(microseconds=3)
    (one, two, _) = await work.claim("a", DNS, 9)
    assert await work.next_due(DNS) == start + timedelta(seconds=LEASE)
    await work.failed(one, "broken")
    assert await work.next_due(DNS) == start + timedelta(seconds=RETRY)
    await work.release([two])
    assert await work.next_due(DNS) == start - timedelta(microseconds=2)


async def test_a_released_shard_is_open_at_once_with_its_attempts(
    shop: Shop, work: Work, campaign: UUID
) -> None:
    (claim,) = await work.claim("a", DNS, 1)
    shop.bell.rung.clear()
    await work.release([claim])
    assert shop.bell.rung.is_set()
    (again,) = [each for each in await work.claim("b", DNS, 9) if each.id == claim.id]
    assert again.fence == claim.fence + 1
    assert {shard.attempts for shard in await shop.shards()} == {0}


async def test_the_shards_of_a_paused_campaign_are_not_open(shop: Shop, work: Work, campaign: UUID) -> None:
    await shop.control.pause(shop.house.alice, campaign)
    assert await work.claim("a", DNS, 9) == []
    assert await work.next_due(DNS) is None
    await shop.control.resume(shop.house.alice, campaign)
    assert len(await work.claim("a", DNS, 9)) == 3


async def fail_again(house: House, work: Work, claim: Claim) -> Claim:
    """Fail a shard and claim it when its wait is over."""
    await work.failed(claim, "ValueError: broken")
    due = await work.next_due(DNS)
    assert due is not None
    house.clock.advance((due - house.now).total_seconds())
    (again,) = await work.claim("a", DNS, 1)
    return again


async def test_each_failure_doubles_the_wait_and_the_last_fails_the_phase(
    house: House, shop: Shop, work: Work
) -> None:
    campaign = await shop.generated(batch_size=10)
    before, start = await house.head(), house.now
    (claim,) = await work.claim("a", DNS, 1)
    claim = await fail_again(house, work, claim)
    assert house.now - start == timedelta(seconds=RETRY)
    claim = await fail_again(house, work, claim)
    assert house.now - start == timedelta(seconds=RETRY * 3)
    await work.failed(claim, "ValueError: broken")

    phase = await shop.phase(campaign, PhaseKind.DNS_VALIDATION)
    assert (phase.status, phase.error_code) == (PhaseStatus.FAILED, SHARD_FAILED)
    assert (await shop.row(campaign)).status is CampaignStatus.FAILED
    message = "a part of the work failed 3 times, at last with: ValueError: broken"
    assert (await house.events(before))[-2:] == [
        PhaseFailed(
            campaign_id=campaign,
            phase=PhaseKind.DNS_VALIDATION,
            counts=Counts(total=10),
            code=SHARD_FAILED,
            message=message,
        ),
        CampaignStatusChanged(
            campaign_id=campaign,
            name=(await shop.row(campaign)).name,
            previous=CampaignStatus.RUNNING,
            current=CampaignStatus.FAILED,
        ),
    ]
    assert await work.next_due(DNS) is None


async def test_no_wait_is_longer_than_ten_minutes(house: House, shop: Shop) -> None:
    settings = shop.changed(shard_attempts=20, shard_retry_seconds=100)
    work = Work(shop.database, settings, spread=lambda: 0.5)
    await shop.generated(batch_size=10)
    (claim,) = await work.claim("a", DNS, 1)
    waits = []
    for _ in range(5):
        start = house.now
        claim = await fail_again(house, work, claim)
        waits.append((house.now - start).total_seconds())
    assert waits == [100, 200, 400, 600, 600]


@pytest.mark.parametrize(("spread", "factor"), [(0.0, 0.8), (1.0, 1.2)])
async def test_the_wait_is_spread_by_a_fifth(
    house: House, shop: Shop, campaign: UUID, spread: float, factor: float
) -> None:
    work = Work(shop.database, shop.settings, spread=lambda: spread)
    (claim, *_) = await work.claim("a", DNS, 9)
    await work.failed(claim, "broken")
    due = await work.next_due(DNS)
    assert due == house.now + timedelta(seconds=RETRY * factor)


async def test_a_paused_phase_does_not_fail(shop: Shop, work: Work, campaign: UUID) -> None:
    """A failure that comes while it is paused is counted; it fails when it goes on and fails again."""
    (claim, *_) = await work.claim("a", DNS, 9)
    await shop.control.pause(shop.house.alice, campaign)
    await work.cannot_go_on(claim, "NO_USABLE_PROXY", "none")
    assert (await shop.phase(campaign, PhaseKind.DNS_VALIDATION)).status is PhaseStatus.PAUSED
    (row,) = [shard for shard in await shop.shards() if shard.id == claim.id]
    assert (row.status, row.holder) == (ShardStatus.READY, None)


async def test_what_was_so_before_a_pause_fails_no_phase_after_it(
    house: House, shop: Shop, work: Work, campaign: UUID
) -> None:
    """The one persona was enabled meanwhile, say: whoever claims the shard now can go on."""
    (claim, *_) = await work.claim("a", DNS, 9)
    await shop.control.pause(shop.house.alice, campaign)
    house.clock.advance(0.001)
    await shop.control.resume(shop.house.alice, campaign)
    await work.cannot_go_on(claim, "NO_USABLE_PERSONA", "none")
    assert (await shop.phase(campaign, PhaseKind.DNS_VALIDATION)).status is PhaseStatus.IN_PROGRESS
    assert claim.id in {again.id for again in await work.claim("b", DNS, 9)}


async def test_a_claim_of_a_deleted_campaign_is_lost(shop: Shop, work: Work, campaign: UUID) -> None:
    (claim, *_) = await work.claim("a", DNS, 9)
    await shop.control.cancel(shop.house.alice, campaign)
    await shop.campaigns.delete(shop.house.alice, campaign)
    results = Results(shop.database, shop.settings)
    assert (await results.flush(claim, Batch([ok(0)]))).standing is Standing.LOST
    assert await work.renew("a", {claim.id}) == set()
    assert await shop.shards() == []
