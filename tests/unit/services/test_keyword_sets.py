"""Verbs on keyword sets: exact events, exact refusals, and nothing written when refused."""

import msgspec
import pytest

from core.errors import Conflict, Forbidden, NotFound, ValidationFailed
from core.ids import new_id
from db.models import KeywordRuleRow, KeywordSetRow
from db.repositories import keyword_sets as rows
from events.resource_events import KeywordSetCreated, KeywordSetDeleted, KeywordSetUpdated
from services.campaigns import CampaignPatch, Campaigns
from services.keyword_sets import KeywordSetDraft, KeywordSetPatch, KeywordSets
from services.personas import Personas
from services.rule_edits import RuleEdit, RuleEdits
from services.written import Written
from tests import factories
from tests.fakes.house import House
from vocabulary.campaigns import HttpConfig
from vocabulary.keywords import KeywordRule, RuleType

RULES = (
    KeywordRule("solar panel", category="energy", context_chars=40),
    KeywordRule("wind(mill|turbine)", RuleType.REGEX, is_case_sensitive=True, is_whole_word=True),
)


async def test_create_stores_the_rules_in_their_order_and_records_it(house: House) -> None:
    written = await KeywordSets(house.database).create(house.alice, KeywordSetDraft("energy", RULES))
    assert await house.events() == [
        KeywordSetCreated(keyword_set_id=written.value, name="energy", rule_count=2)
    ]
    async with house.database.engines.reading() as session:
        assert await rows.rules_of(session, written.value) == RULES
    assert written.position == 1


async def test_all_broken_rules_are_told_at_once_and_nothing_is_written(house: House) -> None:
    rules = (
        KeywordRule("fine"),
        KeywordRule("(", RuleType.REGEX),
        KeywordRule("nul\0"),
        KeywordRule("x", category="c" * 256, context_chars=-1),
        KeywordRule("half \ud800"),
    )
    with pytest.raises(ValidationFailed) as refused:
        await KeywordSets(house.database).create(house.alice, KeywordSetDraft("n\0", rules, "d\0"))
    assert [violation.path for violation in refused.value.violations] == [
        ("name",),
        ("description",),
        ("rules", "1", "pattern"),
        ("rules", "2", "pattern"),
        ("rules", "3", "contextChars"),
        ("rules", "3", "category"),
        ("rules", "4", "pattern"),
    ]
    assert await house.count(KeywordSetRow) == 0
    assert await house.head() == 0


@pytest.mark.parametrize("count", [0, 1001])
async def test_a_set_has_1_to_1000_rules(house: House, count: int) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await KeywordSets(house.database).create(
            house.alice, KeywordSetDraft("many", (KeywordRule("x"),) * count)
        )
    assert [(v.path, v.limit) for v in refused.value.violations] == [(("rules",), "1..1000")]


async def test_a_set_of_1000_rules_is_stored(house: House) -> None:
    rules = tuple(KeywordRule(f"word {index}") for index in range(1000))
    await KeywordSets(house.database).create(house.alice, KeywordSetDraft("many", rules))
    assert await house.count(KeywordRuleRow) == 1000


async def test_an_update_replaces_all_rules_and_names_what_changed(house: House) -> None:
    sets = KeywordSets(house.database)
    made = await sets.create(house.alice, factories.keyword_set())
    written = await sets.update(house.alice, made.value, KeywordSetPatch(rules=RULES[:1], enabled=False))
    assert await house.events(1) == [
        KeywordSetUpdated(
            keyword_set_id=made.value, name="solar", rule_count=1, changed=("enabled", "rules"), version=2
        )
    ]
    assert written == Written(made.value, 2)
    async with house.database.engines.reading() as session:
        assert await rows.rules_of(session, made.value) == RULES[:1]


A, B, C, D = (KeywordRule(letter) for letter in "abcd")


async def rules_after(house: House, edits: RuleEdits) -> tuple[KeywordRule, ...]:
    sets = KeywordSets(house.database)
    made = await sets.create(house.alice, KeywordSetDraft("letters", (A, B, C)))
    await sets.update(house.alice, made.value, KeywordSetPatch(edits=edits))
    async with house.database.engines.reading() as session:
        return await rows.rules_of(session, made.value)


@pytest.mark.parametrize(
    ("edits", "after"),
    [
        (RuleEdits(added=(D, A)), (A, B, C, D, A)),
        (RuleEdits(edited=(RuleEdit(1, D),)), (A, D, C)),
        (RuleEdits(removed=(2, 0)), (B,)),
        (RuleEdits(added=(D,), edited=(RuleEdit(0, C),), removed=(1, 2)), (C, D)),
        (RuleEdits(added=(D,), removed=(0, 1, 2)), (D,)),
    ],
    ids=["add", "edit", "remove", "all", "all out and one in"],
)
async def test_single_rules_are_changed(
    house: House, edits: RuleEdits, after: tuple[KeywordRule, ...]
) -> None:
    assert await rules_after(house, edits) == after
    (_, event) = await house.events()
    assert isinstance(event, KeywordSetUpdated)
    assert (event.changed, event.rule_count, event.version) == (("rules",), len(after), 2)


async def test_every_broken_edit_is_named_and_nothing_is_written(house: House) -> None:
    broken = KeywordRule("(", RuleType.REGEX, context_chars=-1)
    edits = RuleEdits(
        added=(A, broken),
        edited=(RuleEdit(3, A), RuleEdit(0, broken), RuleEdit(0, A)),
        removed=(-1, 0, 1, 1),
    )
    with pytest.raises(ValidationFailed) as refused:
        await rules_after(house, edits)
    assert [(".".join(v.path), v.limit) for v in refused.value.violations] == [
        ("addRules.1.pattern", None),
        ("addRules.1.contextChars", "0..1000"),
        ("editRules.1.rule.pattern", None),
        ("editRules.1.rule.contextChars", "0..1000"),
        ("editRules.0.ordinal", "0..2"),
        ("editRules.2.ordinal", None),
        ("removeRules.0", "0..2"),
        ("removeRules.1", None),
        ("removeRules.3", None),
    ]
    assert await house.head() == 1


@pytest.mark.parametrize(
    ("edits", "path"),
    [(RuleEdits(removed=(0, 1, 2)), "removeRules"), (RuleEdits(added=(A,) * 998), "addRules")],
    ids=["none", "too many"],
)
async def test_a_set_has_1_to_1000_rules_after_its_edits_too(
    house: House, edits: RuleEdits, path: str
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await rules_after(house, edits)
    assert [(v.path, v.limit) for v in refused.value.violations] == [((path,), "1..1000")]


async def test_a_whole_list_and_edits_do_not_go_together(house: House) -> None:
    sets = KeywordSets(house.database)
    made = await sets.create(house.alice, factories.keyword_set())
    patch = KeywordSetPatch(rules=(A,), edits=RuleEdits(added=(B,)))
    with pytest.raises(ValidationFailed) as refused:
        await sets.update(house.alice, made.value, patch)
    assert [v.path for v in refused.value.violations] == [("rules",)]


async def test_a_change_meant_for_another_version_is_refused(house: House) -> None:
    sets = KeywordSets(house.database)
    made = await sets.create(house.alice, factories.keyword_set())
    await sets.update(house.alice, made.value, KeywordSetPatch(enabled=False), expected_version=1)
    with pytest.raises(Conflict) as refused:
        await sets.update(house.alice, made.value, KeywordSetPatch(enabled=True), expected_version=1)
    assert (refused.value.detail.code, refused.value.detail.current_state) == ("VERSION_MISMATCH", "2")
    assert await house.head() == 2


async def test_an_update_that_changes_nothing_is_no_event(house: House) -> None:
    sets = KeywordSets(house.database)
    draft = factories.keyword_set()
    made = await sets.create(house.alice, draft)
    patch = KeywordSetPatch(name=draft.name, rules=draft.rules, description=None, enabled=True)
    assert await sets.update(house.alice, made.value, patch) == Written(made.value, 1)
    assert await house.head() == 1


async def test_a_refused_update_leaves_everything_as_it_was(house: House) -> None:
    sets = KeywordSets(house.database)
    made = await sets.create(house.alice, factories.keyword_set())
    await sets.create(house.alice, factories.keyword_set("taken"))
    with pytest.raises(ValidationFailed):
        await sets.update(house.alice, made.value, KeywordSetPatch(name="new", rules=()))
    with pytest.raises(Conflict) as refused:
        await sets.update(house.alice, made.value, KeywordSetPatch(name="taken", rules=RULES))
    assert refused.value.detail.code == "ALREADY_EXISTS"
    async with house.database.engines.reading() as session:
        assert await rows.rules_of(session, made.value) == factories.keyword_set().rules
    assert await house.head() == 2


async def test_delete_removes_set_and_rules_and_records_it(house: House) -> None:
    sets = KeywordSets(house.database)
    made = await sets.create(house.alice, factories.keyword_set())
    assert await sets.delete(house.alice, made.value) == Written(made.value, 2)
    assert await house.events(1) == [KeywordSetDeleted(keyword_set_id=made.value, name="solar", rule_count=2)]
    assert await house.count(KeywordRuleRow) == 0


async def test_a_set_in_use_cannot_be_deleted(house: House) -> None:
    sets, personas, campaigns = (
        KeywordSets(house.database),
        Personas(house.database),
        Campaigns(house.database),
    )
    dns = await personas.create(house.alice, factories.dns_persona())
    http = await personas.create(house.alice, factories.http_persona())
    made = await sets.create(house.alice, factories.keyword_set())
    draft = factories.campaign(dns.value, http.value)
    config = msgspec.structs.replace(factories.http_of(draft), keyword_set_ids=(made.value,))
    campaign = await campaigns.create(house.alice, msgspec.structs.replace(draft, http=config))
    with pytest.raises(Conflict) as refused:
        await sets.delete(house.alice, made.value)
    assert refused.value.detail.code == "IN_USE"
    config = HttpConfig(persona_ids=(http.value,), ad_hoc_keywords=("x",))
    await campaigns.update(house.alice, campaign.value, CampaignPatch(http=config))
    await sets.delete(house.alice, made.value)
    assert await house.count(KeywordSetRow) == 0


async def test_somebody_elses_set_is_not_found_and_an_admin_may(house: House) -> None:
    sets = KeywordSets(house.database)
    made = await sets.create(house.alice, factories.keyword_set())
    with pytest.raises(NotFound) as refused:
        await sets.update(house.bob, made.value, KeywordSetPatch(enabled=False))
    assert refused.value.noun == "keyword set"
    with pytest.raises(NotFound):
        await sets.delete(house.bob, made.value)
    await sets.update(house.admin, made.value, KeywordSetPatch(enabled=False))
    assert await house.owners_and_actors(1) == [(house.alice.id, "admin")]


async def test_a_viewer_changes_nothing(house: House) -> None:
    sets = KeywordSets(house.database)
    with pytest.raises(Forbidden):
        await sets.create(house.viewer, factories.keyword_set())
    with pytest.raises(Forbidden):
        await sets.update(house.viewer, new_id(), KeywordSetPatch())
    with pytest.raises(Forbidden):
        await sets.delete(house.viewer, new_id())
    assert house.bell.announced == []
