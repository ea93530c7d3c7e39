"""Many workers at once on PostgreSQL: no deadlock, and every figure as the tables have it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import pytest

from core.errors import Conflict
from core.settings import Settings
from db.models import IdempotencyRow, PhaseRow
from services.controlling import Control
from tests.fakes.crew import Crew
from tests.fakes.house import House
from tests.fakes.recount import assert_consistent
from tests.fakes.shop import Shop
from tests.unit.services.test_handing_over import begun, mixed, space
from vocabulary.campaigns import CampaignMode, CampaignStatus, PhaseKind


@pytest.fixture
def house(big_house: House) -> House:
    return big_house


async def until_over(shop: Shop, crew: Crew, idents: Sequence[UUID]) -> None:
    """Work as one of several, until every campaign is complete; start what waits."""
    left = [*idents]
    while left:
        if not await crew.step(fate=mixed):
            for ident in left:
                if (await shop.row(ident)).status is CampaignStatus.WAITING:
                    await shop.control.start(shop.house.alice, ident)
        done = {ident for ident in left if (await shop.row(ident)).status is CampaignStatus.COMPLETED}
        left = [ident for ident in left if ident not in done]


async def test_all_phases_of_two_campaigns_at_once(house: House, shop: Shop) -> None:
    """Both have spaces in common, in another order; some of what comes is a repetition."""
    one = await begun(shop, batch=2, config=space("abcd", 24, ".com", ".net"))
    two = await begun(shop, batch=3, config=space("abcd", 0, ".net", ".org", ".com"))
    settings = Settings(phase_backlog_shards=4)
    crews = [Crew(shop.database, settings, batch=size) for size in (2, 3, 5, 7)]
    await asyncio.gather(*(until_over(shop, crew, [one, two]) for crew in crews))
    async with shop.database.engines.reading() as session:
        await assert_consistent(session, one)
        await assert_consistent(session, two)
    names = [row.name for ident in (one, two) for row in await shop.domains(ident)]
    assert len(names) == len(set(names)) == 3 * 16


async def test_campaigns_that_start_at_once_in_spaces_in_common_wait_for_each_other(
    house: House, shop: Shop
) -> None:
    configs = [space("abcd", 9, ".com", ".net"), space("abcd", 9, ".net", ".com")] * 2
    await asyncio.gather(*(begun(shop, config=config) for config in configs))
    crew = Crew(shop.database, Settings(), batch=9)
    await crew.run(PhaseKind.DOMAIN_GENERATION)
    assert sum(phase.succeeded for phase in await generations(shop)) == 32


async def generations(shop: Shop) -> list[PhaseRow]:
    """The first phase of each campaign."""
    idents = {shard.campaign_id for shard in await shop.shards() if shard.campaign_id is not None}
    return [await shop.phase(ident, PhaseKind.DOMAIN_GENERATION) for ident in sorted(idents)]


async def test_verbs_amid_the_work_leave_every_figure_right(house: House, shop: Shop) -> None:
    ident = await begun(shop, batch=2, config=space("abcd"))
    crews = [Crew(shop.database, Settings(phase_backlog_shards=3)) for _ in range(3)]

    async def command() -> None:
        for turn in range(6):
            for verb in (shop.control.pause, shop.control.resume):
                with suppress(Conflict):
                    await verb(house.alice, ident)
            mode = CampaignMode.STEP_BY_STEP if turn % 2 else CampaignMode.FULL_SEQUENCE
            await shop.campaigns.set_mode(house.alice, ident, mode)
        await shop.campaigns.set_mode(house.alice, ident, CampaignMode.FULL_SEQUENCE)

    await asyncio.gather(command(), *(crew.step(fate=mixed) for crew in crews for _ in range(4)))
    await asyncio.gather(*(until_over(shop, crew, [ident]) for crew in crews))
    async with shop.database.engines.reading() as session:
        await assert_consistent(session, ident)


async def test_the_same_request_at_once_is_done_once(house: House, shop: Shop) -> None:
    ident = await begun(shop)
    key = Control(idempotency_key="once")
    written = await asyncio.gather(*(shop.control.pause(house.alice, ident, key) for _ in range(5)))
    assert len({one.position for one in written}) == 1
    assert await house.count(IdempotencyRow) == 1
