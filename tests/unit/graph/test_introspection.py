"""Tools read the schema, in a thread; more than that at once is refused, and much of it beside other fields."""

import threading
from typing import Any

import pytest
from graphql import (
    GraphQLNamedType,
    build_client_schema,
    execute_sync,
    get_introspection_query,
    parse,
    print_schema,
)

from graph import core_execution
from graph.core_execution import CORE_SCHEMA
from graph.plans import Plan, Plans
from graph.schema_size import SchemaSize, fields_in, fragments_of
from tests.fakes.stage import Stage
from vocabulary.operations import Rejected, Request

TOOLS = get_introspection_query()
LARGEST = get_introspection_query(
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
    one_of=True,
)
OTHERS = [
    '{ __type(name: "Campaign") { name fields { name args { name } type { name ofType { name } } } } }',
    "{ __typename __schema { queryType { name } } }",
    "{ ...F } fragment F on Query { __schema { directives { name args { name } } } }",
    "{ __schema { types { kind name possibleTypes { name } } } }",
    "{ __schema { types { fields { type { name fields { name } } } } } }",
]
TOO_MUCH = [
    "{ "
    + " ".join(f"a{number}: __schema {{ types {{ name fields {{ name }} }} }}" for number in range(90))
    + " }",
    "{ __schema { types { fields { " + " ".join(f"a{number}: name" for number in range(400)) + " } } } }",
    "{ __schema { ...F } } fragment F on __Schema { types { "
    + " ".join(f"a{number}: fields {{ ...G }}" for number in range(45))
    + " } } fragment G on __Field { name description args { name } }",
]


def plan(query: str) -> Plan:
    return Plans(CORE_SCHEMA).of(Request(query))


def refusal(query: str) -> str:
    with pytest.raises(Rejected) as refused:
        plan(query)
    (error,) = refused.value.errors
    assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}
    return str(error["message"])


class TestReading:
    async def test_tools_get_the_whole_schema(self, stage: Stage) -> None:
        result = await stage.execute(stage.house.viewer, LARGEST)
        assert print_schema(build_client_schema(result["data"])) == print_schema(CORE_SCHEMA)

    @pytest.mark.parametrize("query", [TOOLS, *OTHERS])
    async def test_whatever_it_is_as_graphql_core_gives_it(self, stage: Stage, query: str) -> None:
        assert plan(query).reads_schema
        assert (await stage.execute(stage.house.viewer, query))["data"] == execute_sync(
            CORE_SCHEMA, parse(query)
        ).data

    async def test_in_a_thread(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        threads = []
        read = core_execution._schema_read

        def watched(plan: Plan, variables: dict[str, Any]) -> Any:
            threads.append(threading.current_thread())
            return read(plan, variables)

        monkeypatch.setattr(core_execution, "_schema_read", watched)
        await stage.execute(stage.house.viewer, OTHERS[0])
        assert len(threads) == 1
        assert threads[0] is not threading.current_thread()

    async def test_with_variables(self, stage: Stage) -> None:
        query = "query ($name: String!) { __type(name: $name) { kind } }"
        result = await stage.execute(stage.house.viewer, query, name="Campaign")
        assert result["data"] == {"__type": {"kind": "OBJECT"}}
        with pytest.raises(Rejected) as refused:
            await stage.execute(stage.house.viewer, query)
        assert refused.value.errors[0]["extensions"]["code"] == "BAD_USER_INPUT"

    @pytest.mark.parametrize(
        "query", ["{ cursor }", "{ __typename }", "{ cursor __schema { queryType { name } } }"]
    )
    def test_other_operations_are_none_of_these(self, query: str) -> None:
        assert not plan(query).reads_schema


class TestBounds:
    @pytest.mark.parametrize("query", TOO_MUCH)
    def test_the_same_again_and_again_is_refused(self, query: str) -> None:
        assert "times as much of the schema" in refusal(query)

    def test_much_beside_other_fields_is_refused(self) -> None:
        assert "beside other fields" in refusal("{ cursor __schema { types { fields { name } } } }")

    def test_a_type_beside_other_fields_is_not(self) -> None:
        assert plan('{ cursor __type(name: "Campaign") { fields { name type { name } } } }').field == "cursor"

    def test_a_fragment_that_spreads_itself_is_told_of_and_counted_once(self) -> None:
        assert "itself" in refusal("{ __schema { ...F } } fragment F on __Schema { queryType { name } ...F }")


def values(data: Any) -> int:
    inside = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return 1 + sum(map(values, inside))


@pytest.mark.parametrize("query", [TOOLS, LARGEST, *OTHERS[2:], *TOO_MUCH])
def test_the_size_is_about_what_there_is(query: str) -> None:
    document = parse(query)
    fragments = fragments_of(document)
    operation: Any = document.definitions[0]
    size = SchemaSize(CORE_SCHEMA)
    counted = sum(size.values(node, fragments) for node in fields_in(operation.selection_set, fragments))
    really = values(execute_sync(CORE_SCHEMA, document).data)
    assert really / 2 < counted < really * 3


def test_of_one_type_it_is_the_most_that_there_can_be() -> None:
    size = SchemaSize(CORE_SCHEMA)
    types: list[GraphQLNamedType] = [*CORE_SCHEMA.type_map.values()]
    for type_ in types:
        document = parse(
            f'{{ __type(name: "{type_.name}") {{ fields {{ name }} possibleTypes {{ name }} }} }}'
        )
        operation: Any = document.definitions[0]
        (node,) = fields_in(operation.selection_set, {})
        assert size.values(node, {}) >= values(execute_sync(CORE_SCHEMA, document).data) / 2
