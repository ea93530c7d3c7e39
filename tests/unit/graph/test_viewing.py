"""Who is in one group with whom: whoever sees the same, which the schema says of what they have selected."""

from typing import Any

import pytest
from graphql import GraphQLObjectType, OperationDefinitionNode, get_operation_ast, parse

from graph.compiling.reading import definition_of, getter
from graph.context import Context
from graph.core_execution import CORE_SCHEMA, compiled, executed
from graph.fields import SAME_FOR_ALL
from graph.loaders import Loaders
from graph.plans import Plans
from graph.scalars import Cursor
from graph.types.campaign import Campaign
from graph.types.campaign_event import CampaignSnapshot
from graph.viewing import reads_viewer
from tests.fakes.stage import Stage
from tests.unit.graph.test_bulk import Office
from tests.unit.graph.test_streams import Scene
from vocabulary.operations import Rejected, Request

PLAIN = """... on StreamEvent { cursor __typename } ... on CampaignUpdated { name }
  ... on CampaignSnapshot { campaign { name phases { kind counts { total } } summary: kpis { __typename } } }
  ... on StreamReset { reason snapshot { ... on CampaignSnapshot { campaign { cursor lineage { configHash } } } } }"""
VIEWED = "... on CampaignSnapshot { campaign { name owner { name } } }"


def campaign(selected: str, field: str = "campaignEvents") -> str:
    return f"subscription ($id: ID!, $after: Cursor) {{ {field}(campaignId: $id, after: $after) {{ {selected} }} }}"


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        (PLAIN, False),
        (VIEWED, True),
        ("... on StreamReset { snapshot { ... on CampaignSnapshot { campaign { owner { name } } } } }", True),
        ("... on CampaignSnapshot { campaign { domains { totalCount } } }", True),
        ("... on CampaignSnapshot { campaign { dns { personas { name } } } }", True),
        ("... on CampaignSnapshot { campaign { lineage { earlierCampaigns { name } } } }", True),
        (
            "... on StreamReset { snapshot { ... on ResourceSnapshot { personas { name owner { name } } } } }",
            True,
        ),
        # A field of an interface is looked at in all types that have it.
        ("... on CampaignSnapshot { campaign { ... on Node { id } } }", False),
    ],
)
def test_it_is_decided_from_the_schema(selected: str, expected: bool) -> None:
    document = parse(campaign(selected))
    operation = get_operation_ast(document)
    assert isinstance(operation, OperationDefinitionNode)
    assert reads_viewer(CORE_SCHEMA, document, operation) is expected


def test_what_stands_in_a_fragment_counts() -> None:
    document = parse(campaign("...F") + " fragment F on CampaignEvent { " + VIEWED + " }")
    operation = get_operation_ast(document)
    assert isinstance(operation, OperationDefinitionNode)
    assert reads_viewer(CORE_SCHEMA, document, operation)


@pytest.mark.parametrize("field", ["campaignEvents", "domainEvents"])
async def test_an_owner_and_an_admin_are_one_group_where_both_see_the_same(stage: Stage, field: str) -> None:
    scene, house = await Scene.of(stage, stage.house.alice), stage.house
    selected = "__typename ... on DomainSnapshot { campaign { name } } ... on CampaignDeleted { name }"
    query = campaign(PLAIN if field == "campaignEvents" else selected, field)
    watchers = [await stage.watch(caller, query, id=scene.id) for caller in (house.admin, house.alice)]
    assert len(stage.groups) == 1
    assert await watchers[0].next() == await watchers[1].next()
    await scene.rename("again")
    await scene.delete()
    expected = ["CampaignUpdated", "CampaignDeleted"] if field == "campaignEvents" else ["CampaignDeleted"]
    for watcher in watchers:
        assert [(await watcher.next())["__typename"] for _ in expected] == expected
        assert watcher.complete


async def test_a_stranger_gets_into_no_group(stage: Stage) -> None:
    scene, house = await Scene.of(stage, stage.house.alice), stage.house
    kept = [
        await stage.subscribe(caller, campaign(PLAIN), id=scene.id) for caller in (house.admin, house.alice)
    ]
    assert kept[0].key == kept[1].key
    for after in (None, await stage.cursor_of(1)):
        with pytest.raises(Rejected):
            await stage.subscribe(house.bob, campaign(PLAIN), id=scene.id, after=after)


async def test_each_has_a_group_where_a_field_reads_the_viewer(stage: Stage) -> None:
    scene, house = await Scene.of(stage, stage.house.alice), stage.house
    kept = [
        await stage.subscribe(caller, campaign(VIEWED), id=scene.id) for caller in (house.admin, house.alice)
    ]
    assert kept[0].key != kept[1].key


@pytest.mark.parametrize(
    "query",
    [
        "subscription { activity { __typename } }",
        "subscription { proxyEvents { __typename } }",
        "subscription { campaignList { __typename } }",
        "subscription { resourceEvents(kinds: [PERSONA]) { __typename } }",
    ],
)
async def test_each_has_a_group_where_the_stream_is_of_all_that_one_may_see(stage: Stage, query: str) -> None:
    house = stage.house
    kept = [await stage.subscribe(caller, query) for caller in (house.admin, house.alice, house.bob)]
    assert len({each.key for each in kept}) == 3


async def test_a_bulk_operation_is_one_group_too(stage: Stage) -> None:
    office = Office(stage)
    ids = await office.proxies(2)
    changed = await office.change("bulkDeleteProxies", ids=ids)
    query = "subscription ($id: ID!) { bulkOperation(id: $id) { __typename } }"
    ident = changed["operation"]["id"]
    kept = [
        await stage.subscribe(caller, query, id=ident) for caller in (stage.house.admin, stage.house.alice)
    ]
    assert kept[0].key == kept[1].key
    with pytest.raises(Rejected):
        await stage.subscribe(stage.house.bob, query, id=ident)


async def test_what_is_gone_is_followed_as_each_may_see_it(stage: Stage) -> None:
    """There is nobody's any more to see it as."""
    scene, house = await Scene.of(stage, stage.house.alice), stage.house
    await scene.delete()
    after = await stage.cursor_of(1)
    kept = [
        await stage.subscribe(caller, campaign(PLAIN), id=scene.id, after=after)
        for caller in (house.admin, house.alice)
    ]
    assert kept[0].key != kept[1].key


class _Blind:
    """A scope, or a caller, that nothing may ask about."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(
            f"A field that is declared to be the same for all asks for `{name}` of the viewer."
        )


def same_for_all(type_name: str) -> list[str]:
    """The fields of a type that are declared so, with something to select of each."""
    type_ = CORE_SCHEMA.get_type(type_name)
    assert isinstance(type_, GraphQLObjectType)
    found = []
    for name, field in type_.fields.items():
        definition = definition_of(field)
        if definition is not None and definition.metadata.get(SAME_FOR_ALL):
            assert getter(field) is None
            leaf = not hasattr(getattr(field.type, "of_type", field.type), "fields")
            is_list = "[" in str(field.type)
            found.append(name if leaf and not is_list else f"{name} {{ __typename }}")
    return found


async def test_what_is_declared_the_same_for_all_asks_nothing_of_the_viewer(stage: Stage) -> None:
    scene = await Scene.of(stage, stage.house.alice)
    fields = same_for_all("Campaign")
    assert len(fields) >= 18
    query = campaign(f"... on CampaignSnapshot {{ campaign {{ {' '.join(fields)} }} }}")
    plan = Plans(CORE_SCHEMA).of(Request(query))
    context = Context(stage.house.alice, stage.services, stage.engines)
    try:
        row = await context.loaders.campaign.load(scene.key)
        assert row is not None
        executor = compiled(plan, {"id": scene.id}, context)
        blind: Any = _Blind()
        context.caller = blind
        context.loaders = Loaders(context.reading, blind, stage.services.insights, context.budget)
        payload = CampaignSnapshot(cursor=Cursor("c"), campaign=Campaign.from_row(row))
        result = await executed(executor, payload, context)
    finally:
        await context.close()
    assert result.errors is None


def test_only_campaigns_have_such_fields_by_now() -> None:
    """Whoever declares one elsewhere adds it to the test above."""
    types = [
        name
        for name, type_ in CORE_SCHEMA.type_map.items()
        if isinstance(type_, GraphQLObjectType) and not name.startswith("__") and same_for_all(name)
    ]
    assert types == ["Campaign"]
