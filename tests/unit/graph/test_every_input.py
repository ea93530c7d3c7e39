"""Whatever a client writes, wherever it may write something: it is taken or refused, and never an internal error.

The places are found in the schema, so a new one is a case here by itself.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, GraphQLNonNull, get_named_type

from tests.fakes.gallery import Gallery
from tests.fakes.house import open_house
from tests.fakes.stage import Stage, open_stage
from tests.unit.graph.neighbours import World
from tests.unit.graph.places import Place, document, places, variables
from vocabulary.operations import Rejected

PLACES = [*places()]
FIELDS = sorted({(place.operation, place.field) for place in PLACES if place.operation != "subscription"})
LONG = "x" * 300_000
TEXTS = ("", " ", "\0", "a\0b", "\ud800", "\u202e", "a..b", "http://a..b/", "https://[::1", "%", "\\", LONG)
WRITTEN: dict[str, tuple[Any, ...]] = {
    "String": TEXTS,
    "ID": (*TEXTS, "Q2FtcGFpZ246", "OjE=", "Q2FtcGFpZ246eA=="),
    "Int": (0, -1, 2**31 - 1, -(2**31)),
    "Float": (0.0, -0.0, -1.0, 5e-324, 1e308, -1e308, float("inf"), float("-inf"), float("nan")),
    "BigInt": ("0", "-1", str(2**63 - 1), str(-(2**63)), 2**63 - 1),
    "Boolean": (True, False),
    "DateTime": ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"),
    "Cursor": ("", "x", "0"),
}


def values(kind: Any) -> Iterator[Any]:
    """What is written where a value of this type is asked for."""
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if inner is kind:
        yield None
    if isinstance(inner, GraphQLList):
        yield []
        for value in values(inner.of_type):
            yield [value]
        if not isinstance(get_named_type(kind), GraphQLInputObjectType):
            yield [next(values_of(get_named_type(kind)))] * 12_000
        return
    yield from values_of(inner)


def values_of(kind: Any) -> Iterator[Any]:
    if isinstance(kind, GraphQLEnumType):
        return iter(kind.values)
    return iter(WRITTEN.get(kind.name, ()))


@dataclass
class Counter:
    """Where things are written."""

    stage: Stage
    world: World


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def counter(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counter]:
    place = tmp_path_factory.mktemp("counter")
    async with (
        open_house(f"sqlite+aiosqlite:///{place / 'house.db'}") as house,
        open_stage(house, place / "key") as stage,
    ):
        yield Counter(stage, await World(house.admin).fill(stage, Gallery(house)))


async def codes(counter: Counter, place: Place, value: Any) -> list[str]:
    """The codes of the errors of a request that has `value` at the place."""
    given = variables(place, counter.world.of, value)
    try:
        told = await counter.stage.execute(counter.stage.house.admin, document(place, given), **given)
    except Rejected as refused:
        told = {"errors": refused.errors}
    return [error["extensions"]["code"] for error in told.get("errors", ())]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("operation", "field"), FIELDS)
async def test_nothing_that_is_written_is_an_internal_error(
    counter: Counter, operation: str, field: str
) -> None:
    wrong = [
        f"{place}: {value!r:.40}"
        for place in PLACES
        if (place.operation, place.field) == (operation, field)
        for value in values(place.type)
        if "INTERNAL" in await codes(counter, place, value)
    ]
    assert wrong == []
