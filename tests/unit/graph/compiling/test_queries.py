"""Queries give the same bytes and the same errors with compiled selections as without."""

from typing import Any

import msgspec
import pytest
from graphql import ExecutionResult, execute, parse
from graphql.execution import Executor
from hypothesis import HealthCheck, Phase, given, settings
from strawberry.execution import optimized_is_awaitable

from core.limits import STANDARD
from events.campaign_events import CampaignCreated
from graph.compiling.variants import KEPT
from graph.context import Context
from graph.core_execution import CORE_SCHEMA, compiled, run
from graph.errors import Refused
from graph.plans import plan_of
from tests.fakes.documents import Document, queries
from tests.fakes.gallery import Gallery
from tests.fakes.scored import score
from tests.unit.graph.asking import Desk

LISTED = """query ($with: Boolean!, $first: Int!) { campaigns(first: $first) {
  nodes { id name ...More @include(if: $with) } edges { cursor node { name version name } }
} }
fragment More on Campaign { status counts { total } createdAt }"""


async def filled(gallery: Gallery) -> None:
    alice = gallery.house.alice
    ident = await gallery.campaign(alice)
    await gallery.tell(CampaignCreated(campaign_id=ident, name="made"), alice, alice)
    await score(gallery.house.database, ident, 1)


def written(result: ExecutionResult) -> bytes:
    return msgspec.json.encode([result.data, [error.formatted for error in result.errors or []]])


async def as_it_is(desk: Desk, caller: Any, document: Document) -> bytes:
    """The oracle: graphql-core without us."""
    context = Context(caller, desk.services, desk.engines)
    is_awaitable: Any = optimized_is_awaitable
    try:
        found = execute(
            CORE_SCHEMA,
            parse(document.text),
            context_value=context,
            variable_values=document.variables,
            is_awaitable=is_awaitable,
        )
        return written(found if isinstance(found, ExecutionResult) else await found)
    finally:
        await context.close()


async def ours(desk: Desk, caller: Any, plan: Any, variables: dict[str, Any]) -> bytes:
    context = Context(caller, desk.services, desk.engines)
    try:
        return written(await run(plan, variables, context))
    finally:
        await context.close()


def planned(text: str) -> Any:
    document = parse(text)
    first: Any = document.definitions[0]
    return plan_of(document, first, None)


@pytest.fixture
async def full(gallery: Gallery, desk: Desk) -> Desk:
    """A desk on a database with something in it."""
    await filled(gallery)
    return desk


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    # What is found is told as it is: to shrink it would take as long as all else.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
)
@given(document=queries())
async def test_random_queries(gallery: Gallery, full: Desk, document: Document) -> None:
    caller = gallery.house.alice
    expected = await as_it_is(full, caller, document)
    assert await ours(full, caller, planned(document.text), document.variables) == expected


async def test_a_plan_serves_all_variables(gallery: Gallery, full: Desk) -> None:
    """The same compiled functions, but for what directives ask for."""
    plan, caller = planned(LISTED), gallery.house.alice
    for given_ in ({"with": True, "first": 2}, {"with": False, "first": 1}, {"with": True, "first": 1}):
        expected = await as_it_is(full, caller, Document(LISTED, given_, is_plain=False))
        assert await ours(full, caller, plan, given_) == expected
    assert repr(plan.variants) == "<Variants by with, 2 kept>"


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The fields that graphql-core resolves."""
    resolved: list[str] = []
    execute_field = Executor.execute_field

    def noted(self: Any, parent: Any, source: Any, details: Any, *more: Any) -> Any:
        resolved.append(f"{parent.name}.{details[0].node.name.value}")
        return execute_field(self, parent, source, details, *more)

    monkeypatch.setattr(Executor, "execute_field", noted)
    return resolved


WHOLE: list[tuple[str, dict[str, Any]]] = [
    ("{ campaigns { nodes { id name status percent createdAt } pageInfo { hasNextPage } } }", {}),
    (
        "{ campaigns(first: 1) { totalCount cursor nodes { id } edges { cursor node { version } } } cursor }",
        {},
    ),
    ("{ __typename a: campaigns { nodes { id } } b: campaigns { nodes { name } } me { role } }", {}),
    (
        "query ($id: ID!) { campaign(id: $id) { __typename name counts { total } owner { name } } }",
        {"id": "x"},
    ),
    ("query ($n: Int = 3) { campaigns(first: $n, filter: {statuses: [DRAFT]}) { nodes { id } } }", {}),
    ("{ proxies { nodes { id address health } } keywordSets { nodes { name } } }", {}),
]
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("{ campaigns(first: 0) { nodes { id } } }", {}),
    ("{ me { role } campaigns(first: 101) { nodes { id } } }", {}),
    ("query ($after: String) { campaigns(after: $after) { nodes { id } } }", {"after": "nowhere"}),
]


@pytest.mark.parametrize(("text", "variables"), WHOLE)
async def test_a_whole_query_is_answered_without_graphql_core(
    gallery: Gallery, full: Desk, resolved: list[str], text: str, variables: dict[str, Any]
) -> None:
    caller = gallery.house.alice
    if "id" in variables:
        found = await full.ask(caller, "{ campaigns { nodes { id } } }")
        variables = {"id": found["campaigns"]["nodes"][0]["id"]}
    expected = await as_it_is(full, caller, Document(text, variables, is_plain=False))
    plan = planned(text)
    resolved.clear()
    for _ in range(2):
        assert await ours(full, caller, plan, variables) == expected
    assert resolved == []


@pytest.mark.parametrize(("text", "variables"), REFUSED)
async def test_what_is_amiss_with_a_whole_query_is_told_by_graphql_core(
    gallery: Gallery, full: Desk, resolved: list[str], text: str, variables: dict[str, Any]
) -> None:
    caller = gallery.house.alice
    expected = await as_it_is(full, caller, Document(text, variables, is_plain=False))
    resolved.clear()
    assert await ours(full, caller, planned(text), variables) == expected
    assert "Query.campaigns" in resolved


async def test_rows_are_spent_anew_when_a_whole_query_is_begun_again(gallery: Gallery, full: Desk) -> None:
    """Otherwise what was counted before would count twice, and the refusal would be another one."""
    text = "{ a: campaigns(first: 100) { nodes { id } } b: campaigns(first: 101) { nodes { id } } }"
    caller = gallery.house.alice
    context = Context(caller, full.services, full.engines)
    result = await run(planned(text), {}, context)
    assert result.errors is not None
    assert [error.message for error in result.errors] == ["`first` is from 1 to 100 here, not 101."]
    context.spend(STANDARD.max_rows - 100)
    with pytest.raises(Refused):
        context.spend(1)
    await context.close()


async def test_a_plan_keeps_only_so_many_variants() -> None:
    names = ["a", "b", "c", "d"]
    head = ", ".join(f"${name}: Boolean!" for name in names)
    plan = planned(f"query ({head}) {{ {' '.join(f'{n}: cursor @skip(if: ${n})' for n in names)} }}")
    context: Any = None
    for number in range(2 * KEPT):
        compiled(plan, {name: bool(number >> bit & 1) for bit, name in enumerate(names)}, context)
    assert repr(plan.variants) == f"<Variants by a, b, c, d, {KEPT} kept>"
