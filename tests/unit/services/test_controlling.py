"""What all control verbs have in common: the expected state, and requests that are done once."""

from uuid import UUID

import pytest
from sqlalchemy import update

from core.errors import Conflict, NotFound, ValidationFailed
from core.ids import new_id
from db.models import CampaignRow, IdempotencyRow
from db.repositories import campaigns as rows
from db.repositories.idempotency import PURGED_AT_ONCE
from services.campaign_control import CampaignControl
from services.campaigns import Campaigns
from services.controlling import Control
from services.personas import PersonaPatch, Personas
from tests import factories
from tests.fakes.house import House
from vocabulary.campaigns import CampaignMode, CampaignStatus, PhaseKind

KEYED = Control(idempotency_key="k")
DAY = 24 * 3600


@pytest.fixture
def control(house: House) -> CampaignControl:
    return CampaignControl(house.database)


@pytest.fixture
async def made(house: House) -> UUID:
    """A draft of alice's; three events are in the log."""
    personas = Personas(house.database)
    dns = await personas.create(house.alice, factories.dns_persona())
    http = await personas.create(house.alice, factories.http_persona())
    draft = factories.campaign(dns.value, http.value)
    return (await Campaigns(house.database).create(house.alice, draft)).value


async def status(house: House, ident: UUID) -> CampaignStatus:
    async with house.database.engines.reading() as session:
        return (await session.get_one(CampaignRow, ident)).status


async def test_another_state_than_the_expected_one_refuses_every_verb(
    house: House, control: CampaignControl, made: UUID
) -> None:
    other = Control(expected_state=CampaignStatus.RUNNING)
    with pytest.raises(Conflict) as refused:
        await control.start(house.alice, made, other)
    detail = refused.value.detail
    assert (detail.code, detail.current_state) == ("EXPECTED_STATE_MISMATCH", "DRAFT")
    await control.start(house.alice, made, Control(expected_state=CampaignStatus.DRAFT))
    # The state is looked at before the target is: pausing what is paused is no success then.
    await control.pause(house.alice, made, other)
    with pytest.raises(Conflict):
        await control.pause(house.alice, made, other)


async def test_the_same_request_is_answered_and_not_done_again(
    house: House, control: CampaignControl, made: UUID
) -> None:
    await control.start(house.alice, made)
    written = await control.pause(house.alice, made, KEYED)
    resumed = await control.resume(house.alice, made)
    assert await control.pause(house.alice, made, KEYED) == written
    assert await status(house, made) is CampaignStatus.RUNNING
    assert await house.head() == resumed.position


async def test_an_answer_without_any_event_has_the_end_of_the_log(
    house: House, control: CampaignControl, made: UUID
) -> None:
    started = await control.start(house.alice, made)
    again = await control.start(house.alice, made, KEYED)
    assert again == started
    await control.pause(house.alice, made)
    assert await control.start(house.alice, made, KEYED) == started


@pytest.mark.parametrize("what", ["verb", "campaign", "state", "phase"])
async def test_a_key_is_for_one_request(
    house: House, control: CampaignControl, made: UUID, what: str
) -> None:
    await control.skip_phase(house.alice, made, PhaseKind.ENRICHMENT, KEYED)
    expected = Control(CampaignStatus.DRAFT, "k")
    others = {
        "verb": lambda: control.start(house.alice, made, KEYED),
        "campaign": lambda: control.skip_phase(house.alice, new_id(), PhaseKind.ENRICHMENT, KEYED),
        "state": lambda: control.skip_phase(house.alice, made, PhaseKind.ENRICHMENT, expected),
        "phase": lambda: control.skip_phase(house.alice, made, PhaseKind.ANALYSIS, KEYED),
    }
    with pytest.raises(Conflict) as refused:
        await others[what]()
    assert refused.value.detail.code == "IDEMPOTENCY_KEY_REUSED"
    # And the first answer stands.
    await control.skip_phase(house.alice, made, PhaseKind.ENRICHMENT, KEYED)


async def test_a_refusal_is_remembered_as_it_was(house: House, control: CampaignControl, made: UUID) -> None:
    with pytest.raises(Conflict) as first:
        await control.start_phase(house.alice, made, PhaseKind.DNS_VALIDATION, KEYED)
    async with house.database.engines.writing() as session:
        await session.execute(update(CampaignRow).values(status=CampaignStatus.CANCELLED))
    with pytest.raises(Conflict) as again:
        await control.start_phase(house.alice, made, PhaseKind.DNS_VALIDATION, KEYED)
    assert (str(again.value), again.value.detail) == (str(first.value), first.value.detail)
    assert first.value.detail.blocking_phase == PhaseKind.DOMAIN_GENERATION


async def test_violations_and_unknown_campaigns_are_remembered(
    house: House, control: CampaignControl, made: UUID
) -> None:
    stranger = new_id()
    for _ in range(2):
        with pytest.raises(NotFound) as unknown:
            await control.start(house.alice, stranger, Control(idempotency_key="a"))
        assert (unknown.value.noun, unknown.value.ident) == ("campaign", str(stranger))
    async with house.database.engines.reading() as session:
        dns = (await rows.dns_config(session, made)).persona_ids[0]
    messages = []
    for enabled in (False, True):
        await Personas(house.database).update(house.alice, dns, PersonaPatch(enabled=enabled))
        with pytest.raises(ValidationFailed) as broken:
            await control.start(house.alice, made, Control(idempotency_key="b"))
        messages.append(broken.value.violations)
    assert messages[0] == messages[1]


async def test_keys_of_others_are_others(house: House, control: CampaignControl, made: UUID) -> None:
    await control.start(house.alice, made, KEYED)
    await control.pause(house.admin, made, KEYED)
    assert await status(house, made) is CampaignStatus.PAUSED


async def test_a_key_is_forgotten_after_a_day(house: House, control: CampaignControl, made: UUID) -> None:
    await control.start(house.alice, made, KEYED)
    house.clock.advance(DAY - 1)
    with pytest.raises(Conflict):
        await control.pause(house.alice, made, KEYED)
    house.clock.advance(1)
    await control.pause(house.alice, made, KEYED)
    assert await status(house, made) is CampaignStatus.PAUSED
    assert await house.count(IdempotencyRow) == 1


async def test_what_is_forgotten_is_deleted_by_whoever_comes_next(
    house: House, control: CampaignControl, made: UUID
) -> None:
    async with house.database.engines.writing() as session:
        session.add_all(
            IdempotencyRow(
                principal_id=house.bob.id,
                key=f"k{number}",
                fingerprint="f",
                answer="{}",
                created_at=house.now,
            )
            for number in range(PURGED_AT_ONCE + 5)
        )
    house.clock.advance(DAY)
    await control.start(house.alice, made, KEYED)
    assert await house.count(IdempotencyRow) == 5 + 1


@pytest.mark.parametrize("key", ["", "x" * 65])
async def test_a_key_has_1_to_64_characters(
    house: House, control: CampaignControl, made: UUID, key: str
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await control.start(house.alice, made, Control(idempotency_key=key))
    assert [(one.path, one.limit) for one in refused.value.violations] == [(("idempotencyKey",), "1..64")]
    await control.start(house.alice, made, Control(idempotency_key="x" * 64))


async def test_modes_and_archives_take_keys_too(house: House, made: UUID) -> None:
    campaigns = Campaigns(house.database)
    first = await campaigns.set_mode(house.alice, made, CampaignMode.STEP_BY_STEP, KEYED)
    await campaigns.set_mode(house.alice, made, CampaignMode.FULL_SEQUENCE)
    assert await campaigns.set_mode(house.alice, made, CampaignMode.STEP_BY_STEP, KEYED) == first
    with pytest.raises(Conflict):
        await campaigns.archive(house.alice, made, KEYED)
    await campaigns.archive(house.alice, made, Control(CampaignStatus.DRAFT, "other"))
