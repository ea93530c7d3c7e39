"""Generated names: batches that move the position, and nothing twice."""

from uuid import UUID

import pytest

from db.models import DomainRow
from db.repositories.shards import Claim
from events.campaign_events import CampaignProgress
from services.generating import Generating, NameBatch
from services.turns import Standing
from services.work import Work
from tests.fakes.house import House
from tests.fakes.shop import Shop
from vocabulary.campaigns import Counts, GenerationConfig, PatternType, PhaseKind, PhaseStatus
from vocabulary.work import ShardKind

# "-" makes labels that begin or end with a hyphen, so five of the nine offsets have no legal name.
SPACE = GenerationConfig(PatternType.BOTH, "a-b", "x", (".com",), prefix_length=1, suffix_length=1)


@pytest.fixture
def generating(shop: Shop) -> Generating:
    return Generating(shop.database, shop.settings)


@pytest.fixture
async def campaign(shop: Shop) -> UUID:
    return await shop.started(SPACE)


@pytest.fixture
async def claim(shop: Shop, campaign: UUID) -> Claim:
    (claim,) = await Work(shop.database, shop.settings).claim("a", [ShardKind.DOMAIN_GENERATION], 1)
    return claim


async def batch(generating: Generating, claim: Claim, size: int) -> NameBatch:
    stretch = await generating.stretch(claim)
    assert stretch is not None
    offsets = range(stretch.position, min(stretch.position + size, stretch.upper))
    names = stretch.space.names_in(offsets.start, offsets.stop)
    return NameBatch(offsets, [(offset, name) for offset, name in names if name is not None])


async def counts(shop: Shop, campaign: UUID) -> Counts:
    row = await shop.phase(campaign, PhaseKind.DOMAIN_GENERATION)
    return Counts(row.total, row.processed, row.succeeded, row.failed)


async def test_offsets_are_counted_and_legal_names_are_kept(
    shop: Shop, generating: Generating, campaign: UUID, claim: Claim
) -> None:
    assert await generating.write(claim, await batch(generating, claim, 5)) is Standing.GOING_ON
    assert await counts(shop, campaign) == Counts(total=9, processed=5, succeeded=1, failed=4)
    assert await generating.write(claim, await batch(generating, claim, 5)) is Standing.DONE
    assert await counts(shop, campaign) == Counts(total=9, processed=9, succeeded=4, failed=5)
    assert [(row.offset, row.name) for row in await shop.domains(campaign)] == [
        (4, "axa.com"), (5, "axb.com"), (7, "bxa.com"), (8, "bxb.com"),
    ]  # fmt: skip
    dns = await shop.phase(campaign, PhaseKind.DNS_VALIDATION)
    assert (dns.status, dns.total) == (PhaseStatus.IN_PROGRESS, 4)


async def test_a_batch_that_begins_elsewhere_is_refused(
    shop: Shop, generating: Generating, campaign: UUID, claim: Claim
) -> None:
    first = await batch(generating, claim, 5)
    await generating.write(claim, first)
    with pytest.raises(RuntimeError, match="does not begin at 5"):
        await generating.write(claim, first)
    assert await counts(shop, campaign) == Counts(total=9, processed=5, succeeded=1, failed=4)


async def test_whoever_takes_over_begins_behind_the_last_batch(
    house: House, shop: Shop, generating: Generating, campaign: UUID, claim: Claim
) -> None:
    await generating.write(claim, await batch(generating, claim, 5))
    late = await batch(generating, claim, 3)
    house.clock.advance(shop.settings.lease_seconds)
    (taken,) = await Work(shop.database, shop.settings).claim("b", [ShardKind.DOMAIN_GENERATION], 1)
    assert await generating.write(claim, late) is Standing.LOST
    stretch = await generating.stretch(taken)
    assert stretch is not None
    assert (stretch.position, stretch.upper) == (5, 9)
    assert await generating.write(taken, await batch(generating, taken, 99)) is Standing.DONE
    assert await house.count(DomainRow) == 4


async def test_a_pause_stops_after_the_batch(
    shop: Shop, generating: Generating, campaign: UUID, claim: Claim
) -> None:
    last = await batch(generating, claim, 99)
    await shop.control.pause(shop.house.alice, campaign)
    assert await generating.write(claim, last) is Standing.STOPPED
    told = (await shop.events(CampaignProgress))[-1]
    assert told.counts == Counts(total=9, processed=9, succeeded=4, failed=5)
    assert await counts(shop, campaign) == Counts(total=9, processed=9, succeeded=4, failed=5)
    assert (await shop.phase(campaign, PhaseKind.DOMAIN_GENERATION)).status is PhaseStatus.PAUSED
    await shop.control.resume(shop.house.alice, campaign)
    assert await generating.write(claim, await batch(generating, claim, 99)) is Standing.DONE


async def test_a_cancelled_campaign_gets_no_more_names(
    house: House, shop: Shop, generating: Generating, campaign: UUID, claim: Claim
) -> None:
    names = await batch(generating, claim, 99)
    await shop.control.cancel(shop.house.alice, campaign)
    assert await generating.write(claim, names) is Standing.STOPPED
    assert await house.count(DomainRow) == 0
    await shop.campaigns.delete(shop.house.alice, campaign)
    assert await generating.stretch(claim) is None
