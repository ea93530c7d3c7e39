"""Start, pause, resume and cancel: exact events in order, idempotence, and the transitions that are refused."""

from uuid import UUID

import pytest
from sqlalchemy import update

from core.errors import Conflict
from db.models import CampaignRow, PhaseRow
from db.repositories import campaigns as rows
from events.campaign_events import (
    CampaignProgress,
    CampaignStatusChanged,
    PhaseCancelled,
    PhasePaused,
    PhaseResumed,
    PhaseStarted,
)
from services.campaigns import Campaigns
from services.personas import Personas
from services.written import Written
from tests import factories
from tests.fakes.house import House
from vocabulary.campaigns import CampaignStatus, Counts, PhaseKind, PhaseStatus

GENERATION = PhaseKind.DOMAIN_GENERATION
FRESH = Counts(total=9)


@pytest.fixture
def campaigns(house: House) -> Campaigns:
    return Campaigns(house.database)


@pytest.fixture
async def made(house: House, campaigns: Campaigns) -> UUID:
    """A draft of alice's; three events are in the log."""
    personas = Personas(house.database)
    dns = await personas.create(house.alice, factories.dns_persona())
    http = await personas.create(house.alice, factories.http_persona())
    return (await campaigns.create(house.alice, factories.campaign(dns.value, http.value))).value


def changed(ident: UUID, previous: CampaignStatus, current: CampaignStatus) -> CampaignStatusChanged:
    return CampaignStatusChanged(campaign_id=ident, name="hunt", previous=previous, current=current)


async def statuses(house: House, ident: UUID) -> tuple[CampaignStatus, list[PhaseStatus]]:
    async with house.database.engines.reading() as session:
        campaign = await session.get_one(CampaignRow, ident)
        phases = [await session.get_one(PhaseRow, (ident, kind)) for kind in PhaseKind]
    return campaign.status, [phase.status for phase in phases]


async def test_start_runs_the_first_phase(house: House, campaigns: Campaigns, made: UUID) -> None:
    house.clock.advance(1)
    written = await campaigns.start(house.alice, made)
    assert await house.events(3) == [
        changed(made, CampaignStatus.DRAFT, CampaignStatus.RUNNING),
        PhaseStarted(campaign_id=made, phase=GENERATION, counts=FRESH),
    ]
    assert written == Written(made, 5)
    assert await statuses(house, made) == (
        CampaignStatus.RUNNING,
        [PhaseStatus.IN_PROGRESS, PhaseStatus.NOT_STARTED, PhaseStatus.NOT_STARTED],
    )
    async with house.database.engines.reading() as session:
        assert (await session.get_one(CampaignRow, made)).started_at == house.now
    assert house.bell.settled[-1][3] is True


async def test_pause_stops_the_phase_and_then_the_campaign(
    house: House, campaigns: Campaigns, made: UUID
) -> None:
    await campaigns.start(house.alice, made)
    written = await campaigns.pause(house.alice, made)
    assert await house.events(5) == [
        CampaignProgress(campaign_id=made, phase=GENERATION, counts=FRESH),
        PhasePaused(campaign_id=made, phase=GENERATION, counts=FRESH),
        changed(made, CampaignStatus.RUNNING, CampaignStatus.PAUSED),
    ]
    assert written.position == 8
    assert (await statuses(house, made))[1][0] is PhaseStatus.PAUSED


async def test_resume_goes_on_where_it_was(house: House, campaigns: Campaigns, made: UUID) -> None:
    await campaigns.start(house.alice, made)
    paused = await campaigns.pause(house.alice, made)
    await campaigns.resume(house.alice, made)
    assert await house.events(paused.position) == [
        changed(made, CampaignStatus.PAUSED, CampaignStatus.RUNNING),
        PhaseResumed(campaign_id=made, phase=GENERATION, counts=FRESH),
    ]
    assert (await statuses(house, made))[1][0] is PhaseStatus.IN_PROGRESS
    assert house.bell.settled[-1][3] is True


@pytest.mark.parametrize("paused", [False, True])
async def test_cancel_ends_the_phase_and_then_the_campaign(
    house: House, campaigns: Campaigns, made: UUID, paused: bool
) -> None:
    before = await campaigns.start(house.alice, made)
    previous = CampaignStatus.RUNNING
    if paused:
        before = await campaigns.pause(house.alice, made)
        previous = CampaignStatus.PAUSED
    house.clock.advance(2)
    await campaigns.cancel(house.alice, made)
    assert await house.events(before.position) == [
        CampaignProgress(campaign_id=made, phase=GENERATION, counts=FRESH),
        PhaseCancelled(campaign_id=made, phase=GENERATION, counts=FRESH),
        changed(made, previous, CampaignStatus.CANCELLED),
    ]
    assert (await statuses(house, made))[1] == [
        PhaseStatus.CANCELLED,
        PhaseStatus.NOT_STARTED,
        PhaseStatus.NOT_STARTED,
    ]
    async with house.database.engines.reading() as session:
        assert (await session.get_one(CampaignRow, made)).completed_at == house.now


async def test_a_draft_is_cancelled_without_any_phase(house: House, campaigns: Campaigns, made: UUID) -> None:
    await campaigns.cancel(house.alice, made)
    assert await house.events(3) == [changed(made, CampaignStatus.DRAFT, CampaignStatus.CANCELLED)]


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("start", ("start",)),
        ("pause", ("start", "pause")),
        ("resume", ("start", "pause", "resume")),
        ("resume", ("start",)),
        ("start", ("start", "pause", "resume")),
        ("cancel", ("start", "cancel")),
    ],
)
async def test_a_verb_whose_state_is_there_succeeds_and_records_nothing(
    house: House, campaigns: Campaigns, made: UUID, verb: str, path: tuple[str, ...]
) -> None:
    steps = [await getattr(campaigns, step)(house.alice, made) for step in path]
    last = steps[-1]
    before = await statuses(house, made)
    assert await getattr(campaigns, verb)(house.alice, made) == last
    assert await house.head() == last.position
    assert await statuses(house, made) == before


ALLOWED = {
    CampaignStatus.DRAFT: {"start", "cancel", "delete"},
    CampaignStatus.RUNNING: {"start", "resume", "pause", "cancel"},
    CampaignStatus.PAUSED: {"pause", "resume", "cancel"},
    CampaignStatus.COMPLETED: {"delete"},
    CampaignStatus.FAILED: {"delete"},
    CampaignStatus.CANCELLED: {"cancel", "delete"},
}


@pytest.mark.parametrize("status", list(CampaignStatus))
@pytest.mark.parametrize("verb", ["start", "pause", "resume", "cancel", "delete"])
async def test_every_other_transition_is_refused_and_changes_nothing(
    house: House, campaigns: Campaigns, made: UUID, status: CampaignStatus, verb: str
) -> None:
    async with house.database.engines.writing() as session:
        await session.execute(update(CampaignRow).values(status=status))
    if verb in ALLOWED[status]:
        await getattr(campaigns, verb)(house.alice, made)
        return
    with pytest.raises(Conflict) as refused:
        await getattr(campaigns, verb)(house.alice, made)
    detail = refused.value.detail
    assert (detail.code, detail.current_state, detail.attempted) == (
        "INVALID_TRANSITION",
        status.value,
        verb.upper(),
    )
    assert await house.head() == 3
    assert (await statuses(house, made))[0] is status


async def test_an_admin_controls_everybodys_campaign_and_is_named(
    house: House, campaigns: Campaigns, made: UUID
) -> None:
    await campaigns.start(house.admin, made)
    assert await house.owners_and_actors(3) == [(house.alice.id, "admin")] * 2


async def test_a_campaign_with_nothing_left_to_generate_completes_at_once(
    house: House, campaigns: Campaigns, made: UUID
) -> None:
    await campaigns.start(house.alice, made)
    await campaigns.cancel(house.alice, made)
    async with house.database.engines.reading() as session:
        dns = (await rows.dns_config(session, made)).persona_ids[0]
        http = (await rows.http_config(session, made)).persona_ids[0]
    again = await campaigns.create(house.alice, factories.campaign(dns, http))
    await campaigns.start(house.alice, again.value)
    assert await statuses(house, again.value) == (CampaignStatus.COMPLETED, [PhaseStatus.COMPLETED] * 3)
    events = await house.events()
    assert events[-1] == CampaignStatusChanged(
        campaign_id=again.value,
        name="hunt",
        previous=CampaignStatus.RUNNING,
        current=CampaignStatus.COMPLETED,
    )
    assert events[-2].summary() == "HTTP keyword validation completed: there was nothing to do"
