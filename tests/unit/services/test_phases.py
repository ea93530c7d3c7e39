"""How phases begin and end: reserved ranges, empty phases, and what a verb may not do."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from core.errors import Conflict
from core.settings import Settings
from db.models import CampaignRow, GenerationRangeRow, GenerationSpaceRow, PhaseRow
from events.campaign_events import (
    CampaignProgress,
    CampaignStatusChanged,
    PhaseCompleted,
    PhaseEventType,
    PhaseFailed,
    PhaseStarted,
)
from events.doorbell import Ring
from services import phases
from tests import factories
from tests.fakes.house import House
from tests.fakes.shop import Shop, open_shop
from vocabulary.access import WORKER
from vocabulary.campaigns import CampaignStatus, Counts, GenerationConfig, PatternType, PhaseKind, PhaseStatus

GENERATION = PhaseKind.DOMAIN_GENERATION


@pytest.fixture
async def shop(house: House) -> AsyncIterator[Shop]:
    async with open_shop(house, house.clock, Settings()) as shop:
        yield shop


async def reserved(shop: Shop, campaign_id: UUID) -> tuple[int, int, int]:
    async with shop.database.engines.reading() as session:
        row = await session.get_one(GenerationRangeRow, campaign_id)
        return row.lower, row.upper, row.position


async def test_campaigns_of_one_space_take_turns_in_it(shop: Shop) -> None:
    """Whatever the characters' order and case, a space is one, and no offset of it is given out twice."""
    first = await shop.started(factories.generation(count=5))
    second = await shop.started(
        GenerationConfig(PatternType.SUFFIX, "CbA", "X", ".com", suffix_length=2, count=3)
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
    await shop.campaigns.cancel(shop.house.alice, ident)
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
        *[PhaseStarted, CampaignProgress, PhaseCompleted] * 3,
        CampaignStatusChanged,
    ]
    assert {event.counts for event in events if isinstance(event, PhaseEventType)} == {Counts()}
    progress = [event for event in events if isinstance(event, CampaignProgress)]
    assert {(event.rate_per_minute, event.eta_at) for event in progress} == {(None, None)}
    assert ident not in {shard.campaign_id for shard in await shop.shards()}


async def test_a_failed_phase_tells_its_code_and_ends_the_campaign(house: House, shop: Shop) -> None:
    ident = await shop.started(factories.generation())
    before = await house.head()
    async with shop.database.write() as unit:
        campaign = await unit.session.get_one(CampaignRow, ident)
        phase = await phases.current(unit, campaign)
        assert phase is not None
        await phases.fail(unit, campaign, phase, "NO_LUCK", "it rained", WORKER)
    counts = Counts(total=9)
    assert await house.events(before) == [
        CampaignProgress(campaign_id=ident, phase=GENERATION, counts=counts),
        PhaseFailed(campaign_id=ident, phase=GENERATION, counts=counts, code="NO_LUCK", message="it rained"),
        CampaignStatusChanged(
            campaign_id=ident,
            name=campaign.name,
            previous=CampaignStatus.RUNNING,
            current=CampaignStatus.FAILED,
        ),
    ]
    row = await shop.phase(ident, GENERATION)
    assert (row.status, row.error_code, row.error_message) == (PhaseStatus.FAILED, "NO_LUCK", "it rained")
    assert row.completed_at == (await shop.row(ident)).completed_at == house.now


async def set_status(shop: Shop, ident: UUID, status: PhaseStatus) -> None:
    async with shop.database.write() as unit:
        campaign = await unit.session.get_one(CampaignRow, ident)
        phase = await unit.session.get_one(PhaseRow, (ident, GENERATION))
        await phases.set_status(unit, campaign, phase, status, WORKER)


async def begin(shop: Shop, ident: UUID) -> None:
    async with shop.database.write() as unit:
        campaign = await unit.session.get_one(CampaignRow, ident)
        await phases.begin(unit, campaign, GENERATION, WORKER)


@pytest.mark.parametrize("status", [PhaseStatus.IN_PROGRESS, PhaseStatus.PAUSED, PhaseStatus.CANCELLED])
async def test_an_ended_phase_stays_as_it_is(shop: Shop, status: PhaseStatus) -> None:
    ident = await shop.started(factories.generation())
    await shop.campaigns.cancel(shop.house.alice, ident)
    with pytest.raises(Conflict) as caught:
        await set_status(shop, ident, status)
    assert caught.value.detail.code == "INVALID_TRANSITION"
    assert caught.value.detail.current_state == "CANCELLED"


async def test_a_phase_begins_once(shop: Shop) -> None:
    ident = await shop.started(factories.generation())
    with pytest.raises(Conflict):
        await begin(shop, ident)


async def test_no_verb_sets_a_phase_to_completed(shop: Shop) -> None:
    ident = await shop.started(factories.generation())
    with pytest.raises(ValueError, match="COMPLETED"):
        await set_status(shop, ident, PhaseStatus.COMPLETED)


async def test_beginning_wakes_the_workers(shop: Shop) -> None:
    rings: list[Ring] = []
    shop.bell.listeners.append(rings.append)
    await shop.started(factories.generation())
    assert rings[-1].work is True
