"""What lists give counts against `maxRows`: with a size of their own or none, wherever they are and however told."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from graphql import OperationDefinitionNode, OperationType, parse, print_ast
from graphql.utilities import separate_operations
from sqlalchemy import update

from core.limits import STANDARD, Limit, Limits
from db.models import HttpConfigRow
from db.queries import keyword_sets
from events.domain_events import DomainsGenerated
from events.envelope import Envelope
from graph import node_ids
from graph.budget import Budget
from graph.context import Context, Services
from graph.core_execution import CORE_SCHEMA, run
from graph.errors import TooMuch
from graph.execution import GraphOperations
from graph.followed import Followed
from graph.long_lists import SHORT
from graph.plans import Plans
from graph.turns import Turns
from sandbox.keywords import KEYWORD_SETS
from services.keyword_sets import KeywordSetDraft
from tests.docs.blocks import ROOT
from tests.fakes.gallery import Gallery
from tests.fakes.scored import score
from tests.fakes.stage import Stage
from tests.unit.graph.test_what_an_operation_takes import Narrow, extensions
from vocabulary.access import WORKER
from vocabulary.checks import KeywordHit, Zone
from vocabulary.domains import GeneratedDomain
from vocabulary.keywords import KeywordRule
from vocabulary.leads import PageWarning
from vocabulary.operations import NOT_NOW, Frame, Request

SETS, RULES = 5, 20
PAGE = SETS + SETS * RULES
DOMAINS, HITS = 5, 4
SCREENS = separate_operations(parse((ROOT / "docs/screens.graphql").read_text()))
QUERIES = sorted(
    name
    for name, document in SCREENS.items()
    for one in document.definitions
    if isinstance(one, OperationDefinitionNode) and one.operation is OperationType.QUERY
)


def over(most: int) -> list[dict[str, object]]:
    """The extensions of the one error of an operation that gives too much."""
    return [{"code": "LIMIT_EXCEEDED", "limit": most, "limitName": "maxRows"}]


async def fill(stage: Stage, rules: int = RULES) -> list[str]:
    """Sets with rules; their ids."""
    patterns = tuple(KeywordRule(f"pattern {number}") for number in range(rules))
    create = stage.services.keyword_sets.create
    made = [
        await create(stage.house.alice, KeywordSetDraft(f"set {number}", patterns)) for number in range(SETS)
    ]
    return [node_ids.encode("KeywordSet", one.value) for one in made]


def told(aliases: int) -> str:
    """A small query of all sets with their rules, several times."""
    fields = f"keywordSets(first: {SETS}) {{ nodes {{ rules {{ pattern category contextChars }} }} }}"
    return "{ " + " ".join(f"k{number}: {fields}" for number in range(aliases)) + " }"


async def found(stage: Stage) -> str:
    """A campaign with domains on whose pages keywords were found; its id."""
    ident = await Gallery(stage.house).campaign(stage.house.alice, domains=DOMAINS)
    hits = tuple(KeywordHit(f"pattern {number}", Zone.BODY, 1) for number in range(HITS))
    for offset in range(DOMAINS):
        await score(stage.database, ident, offset, PageWarning.STUFFING, hits=hits)
    return node_ids.encode("Campaign", ident)


async def test_rules_count_as_often_as_they_are_told(stage: Stage) -> None:
    await fill(stage)
    assert len(told(10)) < 1024
    narrow = Narrow(stage, max_rows=3 * PAGE)
    assert extensions(await narrow.ask(told(3))) == []
    result = await narrow.ask(told(10))
    assert (result["data"], extensions(result)) == (None, over(3 * PAGE))
    assert narrow.passed == {Limit.MAX_ROWS: 1}


async def test_no_more_rules_are_read_than_may_be_told(stage: Stage) -> None:
    idents = [node_ids.as_uuid(node_ids.decode(ident)[1][0]) for ident in await fill(stage)]
    assert extensions(await Narrow(stage, max_rows=SETS * RULES).ask(told(1))) == over(SETS * RULES)
    async with stage.engines.reading() as session:
        some = await keyword_sets.rules(session, idents, RULES + 1)
    assert sorted(map(len, some.values())) == [1, RULES]


@pytest.mark.parametrize(
    ("selected", "is_whole"),
    [
        ("http { hits { pattern } }", True),
        ("http { hits { pattern } } dns { persona { name } }", False),
        ("http { hits { pattern } persona { name } }", False),
    ],
)
async def test_it_is_all_the_same_who_tells_them(stage: Stage, selected: str, is_whole: bool) -> None:
    ident, given = await found(stage), DOMAINS + DOMAINS * HITS
    query = f'{{ campaign(id: "{ident}") {{ domains(first: {DOMAINS}) {{ nodes {{ {selected} }} }} }} }}'
    for most, errors in ((given, []), (given - 1, over(given - 1))):
        context = Context(
            stage.house.alice, replace(stage.services, limits=Limits(max_rows=most)), stage.engines
        )
        plan = Plans(CORE_SCHEMA).of(Request(query))
        result = await run(plan, {}, context)
        assert [error.extensions for error in result.errors or ()] == errors
        assert (plan.variants.whole is not None) is is_whole
        await context.close()


@pytest.mark.parametrize("rows", ["nodes { id }", "edges { cursor }"])
async def test_a_page_counts_as_often_as_it_is_told(stage: Stage, rows: str) -> None:
    await fill(stage)
    narrow = Narrow(stage, max_rows=3 * SETS)
    for times, errors in ((3, []), (4, over(3 * SETS))):
        fields = " ".join(f"a{number}: {rows}" for number in range(times))
        query = f"{{ keywordSets(first: {SETS}) {{ {fields} }} }}"
        assert extensions(await narrow.ask(query)) == errors


async def test_ten_texts_count_as_a_row(stage: Stage) -> None:
    ident = await Gallery(stage.house).campaign(stage.house.alice)
    async with stage.engines.writing() as session:
        words = tuple(f"word {number}" for number in range(100))
        await session.execute(update(HttpConfigRow).values(ad_hoc_keywords=words))
    query = (
        f'{{ campaign(id: "{node_ids.encode("Campaign", ident)}") {{ a: http {{ adHocKeywords }} FIELD }} }}'
    )
    narrow = Narrow(stage, max_rows=19)
    for field, errors in (("name", []), ("b: http { adHocKeywords }", over(19))):
        assert extensions(await narrow.ask(query.replace("FIELD", field))) == errors


async def test_the_payload_of_a_mutation_gives_no_more_and_nothing_follows_it(stage: Stage) -> None:
    first, second, *_ = await fill(stage)
    rules = " ".join(f"r{number}: rules {{ pattern }}" for number in range(3))
    query = f"""mutation ($a: UpdateKeywordSetInput!, $b: UpdateKeywordSetInput!) {{
      a: updateKeywordSet(input: $a) {{ ... on UpdateKeywordSetPayload {{ keywordSet {{ {rules} }} }} }}
      b: updateKeywordSet(input: $b) {{ ... on UpdateKeywordSetPayload {{ keywordSet {{ name }} }} }} }}"""
    narrow = Narrow(stage, max_rows=2 * RULES)
    result = await narrow.ask(query, a={"id": first, "name": "one"}, b={"id": second, "name": "two"})
    assert (result["data"], extensions(result)) == (None, over(2 * RULES))
    shown = await narrow.ask("{ keywordSets(first: 5) { nodes { name } } }")
    names = {each["name"] for each in shown["data"]["keywordSets"]["nodes"]}
    assert ("one" in names, "two" in names) == (True, False)


class Following:
    """A subscription of operations with other limits."""

    def __init__(self, stage: Stage, most: int) -> None:
        services: Services = replace(stage.services, limits=Limits(max_rows=most))
        self._operations = GraphOperations(services, stage.engines, stage.hub)
        self._caller = stage.house.alice

    async def of(self, query: str) -> Followed:
        request = Request(query)
        return await self._operations.subscribe(self._operations.prepare(request), request, self._caller)


def errors_of(frame: Frame | None) -> list[Any]:
    assert frame is not None
    return extensions(msgspec.json.decode(frame.payload))


async def test_a_snapshot_gives_no_more(stage: Stage) -> None:
    await fill(stage)
    query = """subscription { resourceEvents(kinds: [KEYWORD_SET]) {
      ... on ResourceSnapshot { keywordSets { FIELDS } } } }"""
    for fields, most, errors in (
        ("name", SETS, []),
        ("rules { pattern }", PAGE, []),
        ("rules { pattern }", PAGE - 1, over(PAGE - 1)),
        ("a: rules { pattern } b: rules { pattern }", PAGE, over(PAGE)),
    ):
        followed = await Following(stage, most).of(query.replace("FIELDS", fields))
        assert errors_of(await followed.open()) == errors


async def test_an_event_gives_no_more_and_the_next_one_as_much(stage: Stage) -> None:
    key = await Gallery(stage.house).campaign(stage.house.alice)
    names = tuple(GeneratedDomain(offset, f"n{offset}.test") for offset in range(30))
    event = DomainsGenerated(campaign_id=key, generated=names)
    envelope = Envelope(1, event, datetime.now(UTC), WORKER, stage.house.alice.id, "")
    query = f"""subscription {{ domainEvents(campaignId: "{node_ids.encode("Campaign", key)}") {{
      ... on DomainEventBatch {{ a: generated {{ name }} b: generated {{ name }} }} }} }}"""
    enough, narrow = await Following(stage, 60).of(query), await Following(stage, 59).of(query)
    for _ in range(3):
        assert isinstance(enough.render_now(envelope), Frame)
        assert errors_of(await enough.render(envelope)) == []
        assert narrow.render_now(envelope) is NOT_NOW
        assert errors_of(await narrow.render(envelope)) == over(59)


class Taken:
    """Turns, and which were taken of them."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.rows: list[int] = []

    async def take(self, rows: int) -> None:
        self.rows.append(rows)
        await self._turns.take(rows)


async def test_long_lists_take_turns(stage: Stage) -> None:
    await fill(stage, 2 * SHORT)
    context = Context(stage.house.alice, stage.services, stage.engines)
    taken: Any = Taken(context.turns)
    context.turns = taken
    result = await run(Plans(CORE_SCHEMA).of(Request(told(1))), {}, context)
    assert result.errors is None
    assert taken.rows == [SETS] + [2 * SHORT] * SETS
    await context.close()


@pytest.mark.parametrize("name", QUERIES)
async def test_the_screens_of_a_demo_stay_well_within(stage: Stage, name: str) -> None:
    """With as many of everything as a page of a console has."""
    alice, gallery = stage.house.alice, Gallery(stage.house)
    hits = tuple(KeywordHit(f"pattern {number}", Zone.BODY, 1) for number in range(10))
    key = await gallery.campaign(alice, domains=100)
    for offset in range(100):
        await score(stage.database, key, offset, *PageWarning, hits=hits)
    for number in range(20):
        for each in KEYWORD_SETS:
            draft = KeywordSetDraft(f"{each.name} {number}", each.rules)
            await stage.services.keyword_sets.create(alice, draft)
        await gallery.campaign(alice)
    await gallery.put_together([gallery.proxy_row(alice) for _ in range(100)])
    context = Context(alice, stage.services, stage.engines)
    request = Request(print_ast(SCREENS[name]), variables={"id": node_ids.encode("Campaign", key)})
    result = await run(Plans(CORE_SCHEMA).of(request), dict(request.variables), context)
    assert result.errors is None
    assert context.budget.room > STANDARD.max_rows * 3 // 4
    await context.close()


def test_a_budget_tells_what_is_left() -> None:
    budget = Budget(10)
    budget.spend(3)
    budget.give(10)
    assert repr(budget) == "<Budget of 7 rows to ask for, 0 to give>"
    budget.give(0)
    with pytest.raises(TooMuch):
        budget.give(1)
    with pytest.raises(TooMuch):
        budget.check(0)
    budget.renew()
    assert repr(budget) == "<Budget of 10 rows to ask for, 10 to give>"
