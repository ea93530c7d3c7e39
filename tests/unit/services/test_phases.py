"""How phases begin and end: reserved ranges, empty phases, and what a verb may not do."""

from uuid import UUID

from db.models import GenerationRangeRow, GenerationSpaceRow
from events.campaign_events import (
    CampaignProgress,
    CampaignStatusChanged,
    PhaseAutoStarted,
    PhaseCompleted,
    PhaseEventType,
    PhaseFailed,
    PhasePaused,
    PhaseResumed,
    PhaseStarted,
)
from events.doorbell import Ring
from services import failing
from services.course import Course
from tests import factories
from tests.fakes.crew import Crew
from tests.fakes.house import House
from tests.fakes.shop import Shop
from vocabulary.access import WORKER
from vocabulary.campaigns import (
    CampaignStatus,
    Counts,
    GenerationConfig,
    PatternType,
    PhaseKind,
    PhaseStart,
    PhaseStatus,
)

GENERATION = PhaseKind.DOMAIN_GENERATION


async def reserved(shop: Shop, campaign_id: UUID) -> tuple[int, int, int]:
    async with shop.database.engines.reading() as session:
        row = await session.get_one(GenerationRangeRow, (campaign_id, 0))
        return row.lower, row.upper, row.position


async def test_campaigns_of_one_space_take_turns_in_it(shop: Shop) -> None:
    """Whatever the characters' order and case, a space is one, and no offset of it is given out twice."""
    first = await shop.started(factories.generation(count=5))
    second = await shop.started(
        GenerationConfig(PatternType.SUFFIX, "CbA", "X", (".com",), suffix_length=2, count=3)
    )
    third = await shop.started(factories.generation(count=5))
    fourth = await shop.started(factories.generation(count=5))
    assert await reserved(shop, first) == (0, 5, 0)
    assert await reserved(shop, second) == (5, 8, 5)
    assert await reserved(shop, third) == (8, 9, 8)
    assert await reserved(shop, fourth) == (9, 9, 9)
    assert (await shop.phase(third, GENERATION)).total == 1


async def test_count_zero_is_all_that_is_left(shop: Shop) -> None:
    await shop.started(factories.generation(count=2))
    assert await reserved(shop, await shop.started(factories.generation())) == (2, 9, 2)


async def test_another_space_begins_at_its_own_start(shop: Shop) -> None:
    await shop.started(factories.generation())
    assert await reserved(shop, await shop.started(factories.generation(tld=".net"))) == (0, 9, 0)


async def test_deleting_a_campaign_gives_no_offset_back(shop: Shop) -> None:
    ident = await shop.started(factories.generation(count=5))
    await shop.control.cancel(shop.house.alice, ident)
    await shop.campaigns.delete(shop.house.alice, ident)
    assert await reserved(shop, await shop.started(factories.generation(count=1))) == (5, 6, 5)
    assert await shop.house.count(GenerationSpaceRow) == 1


async def test_a_campaign_with_nothing_to_do_completes_in_the_verb(house: House, shop: Shop) -> None:
    await shop.started(factories.generation())
    before = await house.head()
    ident = await shop.started(factories.generation())
    assert (await shop.row(ident)).status is CampaignStatus.COMPLETED
    events = [e for e in await house.events(before) if isinstance(e, PhaseEventType | CampaignStatusChanged)]
    assert [type(event) for event in events] == [
        CampaignStatusChanged,
        *[PhaseStarted, CampaignProgress, PhaseCompleted],
        *[PhaseAutoStarted, CampaignProgress, PhaseCompleted] * 5,
        CampaignStatusChanged,
    ]
    assert {event.counts for event in events if isinstance(event, PhaseEventType)} == {Counts()}
    progress = [event for event in events if isinstance(event, CampaignProgress)]
    assert {(event.rate_per_minute, event.eta_at) for event in progress} == {(None, None)}
    assert ident not in {shard.campaign_id for shard in await shop.shards()}


async def test_a_failed_phase_tells_its_code_and_ends_the_campaign(house: House, shop: Shop) -> None:
    ident = await shop.started(factories.generation())
    before = await house.head()
    await fail(shop, ident, GENERATION)
    counts = Counts(total=9)
    name = (await shop.row(ident)).name
    assert await house.events(before) == [
        CampaignProgress(campaign_id=ident, phase=GENERATION, counts=counts),
        PhaseFailed(campaign_id=ident, phase=GENERATION, counts=counts, code="NO_LUCK", message="it rained"),
        CampaignStatusChanged(
            campaign_id=ident, name=name, previous=CampaignStatus.RUNNING, current=CampaignStatus.FAILED
        ),
    ]
    row = await shop.phase(ident, GENERATION)
    assert (row.status, row.error_code, row.error_message) == (PhaseStatus.FAILED, "NO_LUCK", "it rained")
    assert row.completed_at == (await shop.row(ident)).completed_at == house.now


async def fail(shop: Shop, ident: UUID, kind: PhaseKind) -> None:
    async with shop.database.write() as unit:
        course = await Course.take(unit, ident, WORKER)
        assert course is not None
        failing.fail(course, course.phases[kind], "NO_LUCK", "it rained")


async def test_a_failure_pauses_the_phases_beside_it_and_a_retry_resumes_them(
    house: House, shop: Shop
) -> None:
    crew = Crew(shop.database, shop.settings)
    ident = await shop.started(factories.generation(), batch_size=2)
    await crew.step(GENERATION)
    before = await house.head()
    await fail(shop, ident, PhaseKind.DNS_VALIDATION)
    assert [type(event) for event in await house.events(before)] == [
        *[CampaignProgress, PhaseFailed, CampaignProgress, PhasePaused, CampaignStatusChanged]
    ]
    row = await shop.row(ident)
    assert (row.status, row.control_phase) == (CampaignStatus.FAILED, GENERATION)
    assert not await crew.step()
    before = await house.head()
    await shop.control.retry_phase(house.alice, ident, PhaseKind.DNS_VALIDATION)
    _, started, resumed = await house.events(before)
    assert isinstance(started, PhaseStarted)
    assert isinstance(resumed, PhaseResumed)
    assert (started.phase, started.cause) == (PhaseKind.DNS_VALIDATION, PhaseStart.RETRY)
    await crew.run()
    assert (await shop.row(ident)).status is CampaignStatus.COMPLETED


async def test_a_retry_gives_fresh_attempts_at_once(house: House, shop: Shop) -> None:
    crew = Crew(shop.database, shop.settings)
    ident = await shop.started(factories.generation())
    for _ in range(shop.settings.shard_attempts):
        left = await crew.take(GENERATION)
        assert left is not None
        await crew.work.failed(left.claim, "no luck")
        house.clock.advance(1000)
    phase = await shop.phase(ident, GENERATION)
    assert (phase.status, phase.error_code) == (PhaseStatus.FAILED, "SHARD_FAILED")
    await shop.control.retry_phase(house.alice, ident, GENERATION)
    phase = await shop.phase(ident, GENERATION)
    assert (phase.status, phase.error_code, phase.completed_at) == (PhaseStatus.IN_PROGRESS, None, None)
    assert (await shop.row(ident)).completed_at is None
    (shard,) = await shop.shards()
    assert (shard.attempts, shard.last_error) == (0, None)
    assert await crew.step(GENERATION)


async def test_beginning_wakes_the_workers(shop: Shop) -> None:
    rings: list[Ring] = []
    shop.bell.listeners.append(rings.append)
    await shop.started(factories.generation())
    assert rings[-1].work is True
