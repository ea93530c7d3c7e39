"""Verbs on personas: exact events, exact refusals, and nothing written when refused."""

import msgspec
import pytest

from core.errors import Conflict, Forbidden, NotFound, ValidationFailed, Violation
from core.ids import new_id
from db.models import PersonaRow, PhasePersonaRow
from db.repositories import personas as rows
from db.scope import EVERYTHING
from db.unit_of_work import Outcome
from events.resource_events import PersonaCreated, PersonaDeleted, PersonaUpdated
from services.campaign_control import CampaignControl
from services.campaigns import Campaigns
from services.personas import PersonaDraft, PersonaPatch, Personas
from services.written import Written
from tests import factories
from tests.fakes.house import House
from vocabulary.personas import DnsPersonaConfig, PersonaType


async def test_create_stores_the_persona_and_records_it(house: House) -> None:
    draft = msgspec.structs.replace(factories.dns_persona(), name="  careful ", description="slow")
    written = await Personas(house.database).create(house.alice, draft)
    assert await house.events() == [
        PersonaCreated(persona_id=written.value, name="careful", persona_type=PersonaType.DNS)
    ]
    assert written.position == 1
    async with house.database.engines.reading() as session:
        row = (await rows.get_many(session, [written.value], EVERYTHING))[written.value]
    assert (row.owner_id, row.name, row.description) == (house.alice.id, "careful", "slow")
    assert (row.enabled, row.config, row.created_at) == (True, draft.config, house.now)


async def test_the_event_belongs_to_the_owner_and_names_the_actor(house: House) -> None:
    written = await Personas(house.database).create(house.alice, factories.dns_persona())
    await Personas(house.database).update(house.admin, written.value, PersonaPatch(enabled=False))
    assert await house.owners_and_actors() == [(house.alice.id, "alice"), (house.alice.id, "admin")]


async def test_all_broken_rules_are_told_at_once_and_nothing_is_written(house: House) -> None:
    config = DnsPersonaConfig(resolvers=("nonsense",), query_timeout_seconds=0, attempts=11)
    with pytest.raises(ValidationFailed) as refused:
        await Personas(house.database).create(
            house.alice, PersonaDraft(name=" ", config=config, description="x" * 2001)
        )
    assert [violation.path for violation in refused.value.violations] == [
        ("name",),
        ("description",),
        ("config", "resolvers", "0"),
        ("config", "queryTimeoutSeconds"),
        ("config", "attempts"),
    ]
    assert refused.value.violations[0] == Violation(("name",), "must have 1 to 255 characters", "1..255")
    assert await house.count(PersonaRow) == 0
    assert await house.head() == 0
    assert house.bell.announced == []


async def test_a_name_is_taken_per_owner_and_type(house: House) -> None:
    personas = Personas(house.database)
    await personas.create(house.alice, factories.dns_persona("same"))
    await personas.create(house.alice, factories.http_persona("same"))
    await personas.create(house.bob, factories.dns_persona("same"))
    with pytest.raises(Conflict) as refused:
        await personas.create(house.alice, factories.dns_persona(" same "))
    assert (refused.value.detail.code, refused.value.detail.path) == ("ALREADY_EXISTS", ("name",))
    assert await house.count(PersonaRow) == 3
    assert house.bell.settled[-1][1] is Outcome.ROLLED_BACK


async def test_update_names_what_really_changed(house: House) -> None:
    personas = Personas(house.database)
    made = await personas.create(house.alice, factories.dns_persona())
    other = DnsPersonaConfig(resolvers=("192.0.2.2:53",))
    house.clock.advance(5)
    patch = PersonaPatch(name="hasty", config=other, description=None, enabled=True)
    written = await personas.update(house.alice, made.value, patch)
    assert await house.events(made.position) == [
        PersonaUpdated(
            persona_id=made.value,
            name="hasty",
            persona_type=PersonaType.DNS,
            changed=("name", "config"),
            version=2,
        )
    ]
    assert written == Written(made.value, 2)
    async with house.database.engines.reading() as session:
        row = (await rows.get_many(session, [made.value], EVERYTHING))[made.value]
    assert (row.name, row.config, row.updated_at) == ("hasty", other, house.now)


async def test_a_change_meant_for_another_version_is_refused(house: House) -> None:
    personas = Personas(house.database)
    made = await personas.create(house.alice, factories.dns_persona())
    await personas.update(house.alice, made.value, PersonaPatch(enabled=False), expected_version=1)
    with pytest.raises(Conflict) as refused:
        await personas.update(house.alice, made.value, PersonaPatch(enabled=True), expected_version=1)
    assert (refused.value.detail.code, refused.value.detail.current_state) == ("VERSION_MISMATCH", "2")
    await personas.update(house.alice, made.value, PersonaPatch(enabled=False), expected_version=2)
    async with house.database.engines.reading() as session:
        row = (await rows.get_many(session, [made.value], EVERYTHING))[made.value]
    assert (row.enabled, row.version) == (False, 2)


async def test_a_duplicate_is_configured_alike_and_has_its_own_name_and_owner(house: House) -> None:
    personas = Personas(house.database)
    made = await personas.create(house.alice, factories.dns_persona())
    copied = await personas.duplicate(house.admin, made.value, " copy ")
    async with house.database.engines.reading() as session:
        found = await rows.get_many(session, [made.value, copied.value], EVERYTHING)
    source, copy = found[made.value], found[copied.value]
    assert (copy.name, copy.owner_id, copy.version) == ("copy", house.admin.id, 1)
    assert (copy.config, copy.description, copy.enabled) == (
        source.config,
        source.description,
        source.enabled,
    )
    assert await house.events(made.position) == [
        PersonaCreated(persona_id=copied.value, name="copy", persona_type=PersonaType.DNS)
    ]
    with pytest.raises(Conflict):
        await personas.duplicate(house.admin, made.value, "copy")
    with pytest.raises(ValidationFailed):
        await personas.duplicate(house.alice, made.value, " ")
    with pytest.raises(NotFound):
        await personas.duplicate(house.bob, made.value, "copy")


async def test_an_update_that_changes_nothing_is_no_event(house: House) -> None:
    personas = Personas(house.database)
    made = await personas.create(house.alice, factories.dns_persona())
    await personas.create(house.alice, factories.dns_persona("another"))
    draft = factories.dns_persona()
    patch = PersonaPatch(name="careful ", config=draft.config, description=None, enabled=True)
    assert await personas.update(house.alice, made.value, patch) == Written(made.value, 2)
    assert await house.head() == 2


async def test_the_type_of_a_persona_does_not_change(house: House) -> None:
    personas = Personas(house.database)
    made = await personas.create(house.alice, factories.dns_persona())
    with pytest.raises(ValidationFailed) as refused:
        await personas.update(house.alice, made.value, PersonaPatch(config=factories.http_persona().config))
    message = "must be of type DNS, for the type of a persona does not change"
    assert refused.value.violations == (Violation(("config",), message, "DNS"),)


async def test_renaming_to_a_taken_name_is_a_conflict(house: House) -> None:
    personas = Personas(house.database)
    await personas.create(house.alice, factories.dns_persona("one"))
    made = await personas.create(house.alice, factories.dns_persona("two"))
    with pytest.raises(Conflict) as refused:
        await personas.update(house.alice, made.value, PersonaPatch(name="one"))
    assert refused.value.detail.code == "ALREADY_EXISTS"
    assert await house.head() == 2


async def test_delete_removes_the_persona_and_records_it(house: House) -> None:
    personas = Personas(house.database)
    made = await personas.create(house.alice, factories.dns_persona())
    assert await personas.delete(house.alice, made.value) == Written(made.value, 2)
    assert await house.events(1) == [
        PersonaDeleted(persona_id=made.value, name="careful", persona_type=PersonaType.DNS)
    ]
    assert await house.count(PersonaRow) == 0


async def test_a_persona_of_a_draft_cannot_be_deleted_and_of_an_ended_campaign_can(house: House) -> None:
    personas, campaigns = Personas(house.database), Campaigns(house.database)
    dns = await personas.create(house.alice, factories.dns_persona())
    http = await personas.create(house.alice, factories.http_persona())
    made = await campaigns.create(house.alice, factories.campaign(dns.value, http.value))
    with pytest.raises(Conflict, match="in use by the campaign “hunt”") as refused:
        await personas.delete(house.alice, dns.value)
    assert refused.value.detail.code == "IN_USE"
    assert await house.count(PersonaRow) == 2
    await CampaignControl(house.database).cancel(house.alice, made.value)
    await personas.delete(house.alice, dns.value)
    assert await house.count(PersonaRow) == 1
    assert await house.count(PhasePersonaRow) == 1


async def test_the_name_of_somebody_elses_campaign_is_not_told(house: House) -> None:
    """An admin may use what is Alice's; that it is in use she learns, and no more."""
    personas, campaigns = Personas(house.database), Campaigns(house.database)
    dns = await personas.create(house.alice, factories.dns_persona())
    http = await personas.create(house.alice, factories.http_persona())
    await campaigns.create(house.admin, factories.campaign(dns.value, http.value))
    for caller, told in ((house.alice, "a campaign of somebody else"), (house.admin, "the campaign “hunt”")):
        with pytest.raises(Conflict, match=f"^The persona is in use by {told}.$"):
            await personas.delete(caller, dns.value)


async def test_somebody_elses_persona_is_not_found(house: House) -> None:
    personas = Personas(house.database)
    made = await personas.create(house.alice, factories.dns_persona())
    for ident in (made.value, new_id()):
        with pytest.raises(NotFound) as refused:
            await personas.update(house.bob, ident, PersonaPatch(name="mine"))
        assert (refused.value.noun, refused.value.ident) == ("persona", str(ident))
        with pytest.raises(NotFound):
            await personas.delete(house.bob, ident)
    assert await house.head() == 1


async def test_a_viewer_changes_nothing(house: House) -> None:
    personas = Personas(house.database)
    with pytest.raises(Forbidden):
        await personas.create(house.viewer, factories.dns_persona())
    with pytest.raises(Forbidden):
        await personas.update(house.viewer, new_id(), PersonaPatch(name="x"))
    with pytest.raises(Forbidden):
        await personas.delete(house.viewer, new_id())
    assert house.bell.announced == []
