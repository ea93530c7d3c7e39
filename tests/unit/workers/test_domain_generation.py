"""Generating: a worker that goes home stops between two batches, and whoever comes next goes on there."""

from core.clock import SystemClock
from core.settings import Settings
from services.generating import Generating
from services.turns import Standing
from services.work import Work
from tests.fakes.house import House
from tests.fakes.shop import demo_generation, open_shop
from vocabulary.campaigns import PhaseKind, PhaseStatus
from vocabulary.work import ShardKind
from workers.domain_generation import DomainGeneration
from workers.held import Held


async def test_a_worker_that_is_asked_to_stop_begins_no_batch(house: House) -> None:
    async with open_shop(house, SystemClock(), Settings()) as shop:
        ident = await shop.started(demo_generation(10))
        work, handler = (
            Work(shop.database, shop.settings),
            DomainGeneration(Generating(shop.database, shop.settings)),
        )
        (claim,) = await work.claim("a", [ShardKind.DOMAIN_GENERATION], 1)
        held = Held(claim)
        held.stop()
        assert await handler.handle(held) is Standing.GOING_ON
        assert await shop.domains(ident) == []
        await work.release([claim])
        (claim,) = await work.claim("b", [ShardKind.DOMAIN_GENERATION], 1)
        assert await handler.handle(Held(claim)) is Standing.DONE
        assert [row.offset for row in await shop.domains(ident)] == list(range(10))
        phase = await shop.phase(ident, PhaseKind.DOMAIN_GENERATION)
        assert phase.status is PhaseStatus.COMPLETED


async def test_the_shard_of_a_campaign_that_is_gone_is_lost(house: House) -> None:
    async with open_shop(house, SystemClock(), Settings()) as shop:
        ident = await shop.started(demo_generation(10))
        (claim,) = await Work(shop.database, shop.settings).claim("a", [ShardKind.DOMAIN_GENERATION], 1)
        await shop.control.cancel(house.alice, ident)
        await shop.campaigns.delete(house.alice, ident)
        handler = DomainGeneration(Generating(shop.database, shop.settings))
        assert await handler.handle(Held(claim)) is Standing.LOST
