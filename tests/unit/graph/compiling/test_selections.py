"""Compiled selections give the bytes of graphql-core, or have no opinion.

The oracle is graphql-core's executor as it is. Documents and events are random; some events carry values that their
types do not allow, as a defect would.
"""

import asyncio
from enum import Enum
from typing import Any

import msgspec
import pytest
from graphql import ExecutionResult, parse
from graphql.execution import Executor
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.compiling.execution import CompilingExecutor
from graph.compiling.selections import Selections
from graph.core_execution import CORE_SCHEMA
from tests.fakes.documents import Document, subscriptions
from tests.fakes.happenings import STREAMS, Streamed, envelopes, told

CORE: type[Executor[Any]] = Executor
# For each of six streams; thousands have found nothing more.
EXAMPLES = 20
WILD: list[Any] = [
    None,
    "x",
    "",
    3,
    -1,
    2**31,
    2**70,
    1.5,
    float("nan"),
    float("inf"),
    True,
    [],
    [None],
    (),
    {},
    object(),
    ValueError("x"),
]


def built(kind: type[Executor[Any]], document: Document) -> Any:
    found = kind.build(CORE_SCHEMA, parse(document.text), raw_variable_values=document.variables)
    assert isinstance(found, kind), found
    if isinstance(found, CompilingExecutor):
        found.selections = Selections(found)
    return found


def outcome(executor: Any, payload: object) -> bytes:
    """What is told of one event, errors and all, or that it cannot be written."""
    event = executor.build_per_event_executor(payload)

    async def executed() -> ExecutionResult:
        result = event.execute_operation(False)
        return result if isinstance(result, ExecutionResult) else await result

    result = asyncio.run(executed())
    errors = [error.formatted for error in result.errors or []]
    try:
        return msgspec.json.encode([result.data, errors])
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        return repr(error).encode()


def compiled(document: Document, payload: object) -> bytes:
    """What the compiled function makes of one event."""
    selections = Selections(built(CORE, document))
    ((key, details),) = selections.root().items()
    root = CORE_SCHEMA.subscription_type
    assert root is not None
    complete = selections.value(root.fields[details[0].node.name.value].type, details)
    assert complete is not None
    return msgspec.json.encode([{key: complete(payload)}, []])


def has_fields(value: object) -> bool:
    """Whether it is an object of the schema that is this test's own; the members of an enum are everybody's."""
    is_of_schema = hasattr(type(value), "__strawberry_definition__") and not isinstance(value, Enum)
    return is_of_schema and bool(vars(value))


def spoilt(draw: Any, payload: Any) -> None:
    """Put some value where another one belongs."""
    names = sorted(vars(payload))
    name = draw(st.sampled_from(names))
    inner = getattr(payload, name)
    if has_fields(inner) and draw(st.booleans()):
        spoilt(draw, inner)
    elif isinstance(inner, list) and inner and has_fields(inner[0]) and draw(st.booleans()):
        spoilt(draw, inner[0])
    else:
        setattr(payload, name, draw(st.sampled_from(WILD)))


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.field)
class TestTheSameAsGraphqlCore:
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(data=st.data())
    def test_plain_selections_are_compiled_and_give_the_same_bytes(
        self, stream: Streamed, data: st.DataObject
    ) -> None:
        document = data.draw(subscriptions(stream.field, stream.union, plain_only=True))
        payload = told(stream, data.draw(envelopes(stream.types)))
        assert document.is_plain
        assert compiled(document, payload) == outcome(built(CORE, document), payload)

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(data=st.data())
    def test_what_does_not_fit_is_left_to_graphql_core(self, stream: Streamed, data: st.DataObject) -> None:
        document = data.draw(subscriptions(stream.field, stream.union, plain_only=True))
        payload = told(stream, data.draw(envelopes(stream.types)))
        spoilt(data.draw, payload)
        expected = outcome(built(CORE, document), payload)
        assert outcome(built(CompilingExecutor, document), payload) == expected
        try:
            found = compiled(document, payload)
        except Exception:  # noqa: BLE001  Any means that it has no opinion.
            return
        assert found == expected

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(data=st.data())
    def test_whatever_else_is_selected_comes_from_graphql_core(
        self, stream: Streamed, data: st.DataObject
    ) -> None:
        document = data.draw(subscriptions(stream.field, stream.union, plain_only=False))
        payload = told(stream, data.draw(envelopes(stream.types)))
        executor = built(CompilingExecutor, document)
        expected = outcome(built(CORE, document), payload)
        assert outcome(executor, payload) == expected
        assert outcome(executor, payload) == expected
