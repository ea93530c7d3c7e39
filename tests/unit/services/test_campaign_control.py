"""Every verb on a campaign and on its phases: exact events in order, idempotence, and what is refused and why."""

from uuid import UUID

import msgspec
import pytest
from sqlalchemy import update

from core.errors import Conflict, ConflictDetail, ValidationFailed
from core.settings import Settings
from db.models import CampaignRow, PhaseRow
from events.campaign_events import (
    CampaignProgress,
    CampaignStatusChanged,
    CampaignUpdated,
    ModeChanged,
    PhaseCancelled,
    PhaseConfigured,
    PhaseCounts,
    PhasePaused,
    PhaseResumed,
    PhaseSkipped,
    PhaseStarted,
)
from services import configuring
from services.campaign_control import CampaignControl
from services.campaigns import CampaignPatch, Campaigns
from services.personas import PersonaPatch, Personas
from services.written import Written
from tests import factories
from tests.fakes.crew import Crew
from tests.fakes.house import House
from tests.fakes.recount import assert_consistent
from vocabulary.campaigns import (
    CampaignMode,
    CampaignStatus,
    Counts,
    DnsConfig,
    PhaseKind,
    PhaseStatus,
)

GENERATION, DNS, HTTP, EXTRACTION, ANALYSIS, ENRICHMENT = PhaseKind
FRESH = Counts(total=9)
LATER = [PhaseStatus.CONFIGURED] * 5


@pytest.fixture
def campaigns(house: House) -> Campaigns:
    return Campaigns(house.database)


@pytest.fixture
def control(house: House) -> CampaignControl:
    return CampaignControl(house.database)


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


async def test_start_runs_the_first_phase(house: House, control: CampaignControl, made: UUID) -> None:
    house.clock.advance(1)
    written = await control.start(house.alice, made)
    assert await house.events(3) == [
        changed(made, CampaignStatus.DRAFT, CampaignStatus.RUNNING),
        PhaseStarted(campaign_id=made, phase=GENERATION, counts=FRESH),
    ]
    assert written == Written(made, 5)
    assert await statuses(house, made) == (
        CampaignStatus.RUNNING,
        [PhaseStatus.IN_PROGRESS, *LATER],
    )
    async with house.database.engines.reading() as session:
        assert (await session.get_one(CampaignRow, made)).started_at == house.now
    assert house.bell.settled[-1][3] is True


async def test_pause_stops_the_phase_and_then_the_campaign(
    house: House, control: CampaignControl, made: UUID
) -> None:
    await control.start(house.alice, made)
    written = await control.pause(house.alice, made)
    assert await house.events(5) == [
        CampaignProgress(
            campaign_id=made,
            phase=GENERATION,
            counts=FRESH,
            running=(PhaseCounts(phase=GENERATION, counts=FRESH),),
        ),
        PhasePaused(campaign_id=made, phase=GENERATION, counts=FRESH),
        changed(made, CampaignStatus.RUNNING, CampaignStatus.PAUSED),
    ]
    assert written.position == 8
    assert (await statuses(house, made))[1][0] is PhaseStatus.PAUSED


async def test_resume_goes_on_where_it_was(house: House, control: CampaignControl, made: UUID) -> None:
    await control.start(house.alice, made)
    paused = await control.pause(house.alice, made)
    await control.resume(house.alice, made)
    assert await house.events(paused.position) == [
        changed(made, CampaignStatus.PAUSED, CampaignStatus.RUNNING),
        PhaseResumed(campaign_id=made, phase=GENERATION, counts=FRESH),
    ]
    assert (await statuses(house, made))[1][0] is PhaseStatus.IN_PROGRESS
    assert house.bell.settled[-1][3] is True


@pytest.mark.parametrize("paused", [False, True])
async def test_cancel_ends_the_phase_and_then_the_campaign(
    house: House, control: CampaignControl, made: UUID, paused: bool
) -> None:
    before = await control.start(house.alice, made)
    previous = CampaignStatus.RUNNING
    if paused:
        before = await control.pause(house.alice, made)
        previous = CampaignStatus.PAUSED
    house.clock.advance(2)
    await control.cancel(house.alice, made)
    assert await house.events(before.position) == [
        CampaignProgress(campaign_id=made, phase=GENERATION, counts=FRESH),
        PhaseCancelled(campaign_id=made, phase=GENERATION, counts=FRESH),
        changed(made, previous, CampaignStatus.CANCELLED),
    ]
    assert (await statuses(house, made))[1] == [PhaseStatus.CANCELLED, *LATER]
    async with house.database.engines.reading() as session:
        assert (await session.get_one(CampaignRow, made)).completed_at == house.now


async def test_a_draft_is_cancelled_without_any_phase(
    house: House, control: CampaignControl, made: UUID
) -> None:
    await control.cancel(house.alice, made)
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
    house: House, control: CampaignControl, made: UUID, verb: str, path: tuple[str, ...]
) -> None:
    steps = [await getattr(control, step)(house.alice, made) for step in path]
    last = steps[-1]
    before = await statuses(house, made)
    assert await getattr(control, verb)(house.alice, made) == last
    assert await house.head() == last.position
    assert await statuses(house, made) == before


ALLOWED = {
    CampaignStatus.DRAFT: {"start", "cancel", "delete", "archive", "set_mode", "skip_phase"},
    CampaignStatus.RUNNING: {"start", "resume", "pause", "cancel", "set_mode", "skip_phase"},
    CampaignStatus.WAITING: {"start", "cancel", "delete", "set_mode", "skip_phase"},
    CampaignStatus.PAUSED: {"pause", "resume", "cancel", "set_mode", "skip_phase"},
    CampaignStatus.COMPLETED: {"delete", "archive", "set_mode"},
    CampaignStatus.FAILED: {"delete", "archive", "set_mode", "skip_phase"},
    CampaignStatus.CANCELLED: {"cancel", "delete", "archive"},
    CampaignStatus.ARCHIVED: {"archive", "delete"},
}
VERBS = ("start", "pause", "resume", "cancel", "delete", "archive", "set_mode", "skip_phase")
MORE = {"set_mode": (CampaignMode.STEP_BY_STEP,), "skip_phase": (ENRICHMENT,)}
CALLED = {"skip_phase": "SKIP"}


@pytest.mark.parametrize("status", list(CampaignStatus))
@pytest.mark.parametrize("verb", VERBS)
async def test_every_other_transition_is_refused_and_changes_nothing(
    house: House,
    control: CampaignControl,
    campaigns: Campaigns,
    made: UUID,
    status: CampaignStatus,
    verb: str,
) -> None:
    async with house.database.engines.writing() as session:
        await session.execute(update(CampaignRow).values(status=status))
    call = getattr(control if hasattr(control, verb) else campaigns, verb)
    if verb in ALLOWED[status]:
        await call(house.alice, made, *MORE.get(verb, ()))
        return
    with pytest.raises(Conflict) as refused:
        await call(house.alice, made, *MORE.get(verb, ()))
    detail = refused.value.detail
    assert (detail.code, detail.current_state, detail.attempted) == (
        "INVALID_TRANSITION",
        status.value,
        CALLED.get(verb, verb.upper()),
    )
    assert await house.head() == 3
    assert (await statuses(house, made))[0] is status


PHASE_VERBS = {
    "start_phase": {PhaseStatus.CONFIGURED, PhaseStatus.IN_PROGRESS},
    "retry_phase": {PhaseStatus.FAILED},
    "rerun_phase": {PhaseStatus.COMPLETED, PhaseStatus.SKIPPED},
    "skip_phase": {PhaseStatus.NOT_STARTED, PhaseStatus.CONFIGURED, PhaseStatus.SKIPPED},
}
AMID = {
    PhaseStatus.NOT_STARTED: CampaignStatus.WAITING,
    PhaseStatus.CONFIGURED: CampaignStatus.WAITING,
    PhaseStatus.IN_PROGRESS: CampaignStatus.RUNNING,
    PhaseStatus.PAUSED: CampaignStatus.PAUSED,
    PhaseStatus.COMPLETED: CampaignStatus.WAITING,
    PhaseStatus.SKIPPED: CampaignStatus.WAITING,
    PhaseStatus.FAILED: CampaignStatus.FAILED,
    PhaseStatus.CANCELLED: CampaignStatus.CANCELLED,
}


@pytest.mark.parametrize("status", list(PhaseStatus))
@pytest.mark.parametrize("verb", PHASE_VERBS)
async def test_each_verb_on_a_phase_is_for_some_of_its_states(
    house: House, control: CampaignControl, made: UUID, status: PhaseStatus, verb: str
) -> None:
    """DNS validation in every state, with the generation behind it completed."""
    async with house.database.engines.writing() as session:
        await session.execute(update(CampaignRow).values(status=AMID[status], mode=CampaignMode.STEP_BY_STEP))
        over = PhaseRow.kind == GENERATION
        await session.execute(update(PhaseRow).where(over).values(status=PhaseStatus.COMPLETED))
        await session.execute(update(PhaseRow).where(PhaseRow.kind == DNS).values(status=status))
    if status in PHASE_VERBS[verb]:
        await getattr(control, verb)(house.alice, made, DNS)
        return
    with pytest.raises(Conflict) as refused:
        await getattr(control, verb)(house.alice, made, DNS)
    detail = refused.value.detail
    rerun = verb == "rerun_phase" and status is not PhaseStatus.CANCELLED
    assert detail.code == ("RERUN_PRECONDITION_FAILED" if rerun else "INVALID_TRANSITION")
    assert detail.current_state == status
    assert await house.head() == 3


@pytest.mark.parametrize("verb", ["skip_phase", "rerun_phase", "retry_phase"])
@pytest.mark.parametrize("status", list(PhaseStatus))
async def test_the_generation_is_never_skipped_and_never_run_anew(
    house: House, control: CampaignControl, made: UUID, status: PhaseStatus, verb: str
) -> None:
    if (verb, status) == ("retry_phase", PhaseStatus.FAILED) or (verb, status) == (
        "skip_phase",
        PhaseStatus.SKIPPED,
    ):
        return
    async with house.database.engines.writing() as session:
        await session.execute(update(CampaignRow).values(status=CampaignStatus.WAITING))
        await session.execute(update(PhaseRow).where(PhaseRow.kind == GENERATION).values(status=status))
    with pytest.raises(Conflict) as refused:
        await getattr(control, verb)(house.alice, made, GENERATION)
    if verb == "rerun_phase":
        assert "duplicate the campaign" in str(refused.value)
    assert await house.head() == 3


async def test_a_phase_is_started_only_in_its_turn(
    house: House, control: CampaignControl, made: UUID
) -> None:
    for kind in (DNS, ENRICHMENT):
        with pytest.raises(Conflict) as refused:
            await control.start_phase(house.alice, made, kind)
        assert refused.value.detail == ConflictDetail(
            "INVALID_TRANSITION", "CONFIGURED", "START", blocking_phase=GENERATION
        )
    await control.start_phase(house.alice, made, GENERATION)
    assert (await statuses(house, made))[0] is CampaignStatus.RUNNING


async def unconfigured(house: House, campaigns: Campaigns, mode: CampaignMode) -> UUID:
    draft = factories.campaign(UUID(int=0), UUID(int=0))
    draft = msgspec.structs.replace(draft, dns=None, http=None, mode=mode)
    return (await campaigns.create(house.alice, draft)).value


async def test_a_full_sequence_needs_its_configurations_before_it_starts(
    house: House, campaigns: Campaigns, control: CampaignControl
) -> None:
    made = await unconfigured(house, campaigns, CampaignMode.FULL_SEQUENCE)
    for missing in (DNS, HTTP):
        with pytest.raises(Conflict, match="configure it first") as refused:
            await control.start(house.alice, made)
        assert refused.value.detail.blocking_phase == missing
        await control.skip_phase(house.alice, made, missing)
    await control.start(house.alice, made)
    assert (await statuses(house, made))[0] is CampaignStatus.RUNNING


async def test_a_phase_is_configured_when_it_is_its_turn_and_not_before_it_is(
    house: House, campaigns: Campaigns, control: CampaignControl
) -> None:
    made = await unconfigured(house, campaigns, CampaignMode.STEP_BY_STEP)
    crew = Crew(house.database, Settings())
    await control.start(house.alice, made)
    await crew.run()
    assert (await statuses(house, made))[1][:3] == [
        PhaseStatus.COMPLETED,
        PhaseStatus.NOT_STARTED,
        PhaseStatus.NOT_STARTED,
    ]
    with pytest.raises(Conflict, match="configure it first") as refused:
        await control.start(house.alice, made)
    assert refused.value.detail.blocking_phase == DNS
    persona = (await Personas(house.database).create(house.alice, factories.dns_persona())).value
    before = await house.head()
    dns = DnsConfig((persona,))
    await campaigns.update(house.alice, made, CampaignPatch(dns=dns))
    assert await house.events(before) == [
        CampaignUpdated(campaign_id=made, name="hunt", changed=("dns",), version=2, dns=dns),
        PhaseConfigured(campaign_id=made, phase=DNS, counts=Counts()),
    ]
    await control.start(house.alice, made)
    await crew.run()
    assert (await statuses(house, made))[0] is CampaignStatus.WAITING
    async with house.database.engines.reading() as session:
        await assert_consistent(session, made)


async def test_references_are_looked_at_when_the_phase_starts(
    house: House, control: CampaignControl, campaigns: Campaigns, made: UUID
) -> None:
    await campaigns.set_mode(house.alice, made, CampaignMode.STEP_BY_STEP)
    async with house.database.engines.reading() as session:
        draft = await configuring.stored(session, await session.get_one(CampaignRow, made))
    assert draft.dns is not None
    persona = draft.dns.persona_ids[0]
    await Personas(house.database).update(house.alice, persona, PersonaPatch(enabled=False))
    await control.start(house.alice, made)
    await Crew(house.database, Settings()).run()
    with pytest.raises(ValidationFailed, match="this persona is disabled"):
        await control.start(house.alice, made)


async def test_a_skip_is_told_once(house: House, control: CampaignControl, made: UUID) -> None:
    await control.skip_phase(house.alice, made, HTTP)
    written = await control.skip_phase(house.alice, made, HTTP)
    assert await house.events(3) == [
        CampaignProgress(campaign_id=made, phase=HTTP, counts=Counts()),
        PhaseSkipped(campaign_id=made, phase=HTTP, counts=Counts()),
    ]
    assert written.position == 5


async def test_the_last_open_phase_skipped_completes_the_campaign(
    house: House, control: CampaignControl, campaigns: Campaigns, made: UUID
) -> None:
    await campaigns.set_mode(house.alice, made, CampaignMode.STEP_BY_STEP)
    await control.start(house.alice, made)
    await Crew(house.database, Settings()).run()
    for kind in list(PhaseKind)[1:]:
        assert (await statuses(house, made))[0] is CampaignStatus.WAITING
        await control.skip_phase(house.alice, made, kind)
    assert (await statuses(house, made))[0] is CampaignStatus.COMPLETED


async def test_a_mode_is_told_with_its_version_and_only_if_it_is_another(
    house: House, campaigns: Campaigns, made: UUID
) -> None:
    await campaigns.set_mode(house.alice, made, CampaignMode.STEP_BY_STEP)
    await campaigns.set_mode(house.alice, made, CampaignMode.STEP_BY_STEP)
    assert await house.events(3) == [
        ModeChanged(
            campaign_id=made,
            name="hunt",
            previous=CampaignMode.FULL_SEQUENCE,
            current=CampaignMode.STEP_BY_STEP,
            version=2,
        )
    ]


async def test_an_update_for_another_version_is_refused(
    house: House, campaigns: Campaigns, made: UUID
) -> None:
    await campaigns.update(house.alice, made, CampaignPatch(name="chase"), expected_version=1)
    with pytest.raises(Conflict) as refused:
        await campaigns.update(house.alice, made, CampaignPatch(name="hunt"), expected_version=1)
    assert (refused.value.detail.code, refused.value.detail.current_state) == ("VERSION_MISMATCH", "2")
    assert await house.head() == 4


async def test_what_is_archived_is_only_looked_at_copied_and_deleted(
    house: House, campaigns: Campaigns, control: CampaignControl, made: UUID
) -> None:
    house.clock.advance(1)
    await campaigns.archive(house.alice, made)
    assert await house.events(3) == [changed(made, CampaignStatus.DRAFT, CampaignStatus.ARCHIVED)]
    async with house.database.engines.reading() as session:
        assert (await session.get_one(CampaignRow, made)).archived_at == house.now
    with pytest.raises(Conflict):
        await campaigns.update(house.alice, made, CampaignPatch(name="chase"))
    with pytest.raises(Conflict):
        await control.start_phase(house.alice, made, GENERATION)
    await campaigns.duplicate(house.alice, made)
    await campaigns.delete(house.alice, made)


async def test_an_admin_controls_everybodys_campaign_and_is_named(
    house: House, control: CampaignControl, made: UUID
) -> None:
    await control.start(house.admin, made)
    assert await house.owners_and_actors(3) == [(house.alice.id, "admin")] * 2
