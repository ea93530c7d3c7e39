"""Wherever a client may write an id, one of somebody else's thing is answered as one of nothing, and changes nothing.

The places are found in the schema, so a new one is a case here by itself.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.unit.graph.neighbours import IDS, Neighbours, answer, belongings, nothing, open_neighbours
from tests.unit.graph.places import Place


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def neighbours(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Neighbours]:
    async with open_neighbours(tmp_path_factory.mktemp("neighbours")) as neighbours:
        yield neighbours


def is_about(told: Any, place: Place) -> bool:
    """Whether an answer says that there is nothing, and not that something else is wrong with the request."""
    if "errors" in told:
        return [error["extensions"]["code"] for error in told["errors"]] == ["NOT_FOUND"]
    match told["data"][place.field]:
        case {"code": "NOT_FOUND" | "VALIDATION_FAILED", "path": path}:
            return place.path[-1] in path
        case {"operation": {"total": total, "failed": failed}}:
            return bool(total == failed)
        case {"totalCount": count}:
            return bool(count == "0")
        case {"__typename": name, **others}:
            # What is not in a pool is not in it afterwards, whatever it is.
            return name == "RemoveProxiesFromPoolPayload" or [] in others.values()
        case found:
            return found in (None, [None])


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("place", IDS, ids=str)
async def test_an_id_of_somebody_else_is_one_of_nothing(neighbours: Neighbours, place: Place) -> None:
    stage, alice, bob = neighbours.stage, neighbours.alice, neighbours.bob
    house = stage.house
    before, head = await belongings(stage, house.alice), await stage.head()
    for caller in (house.bob, house.viewer):
        foreign = await answer(stage, caller, place, bob.of, alice.of(place))
        assert foreign == await answer(stage, caller, place, bob.of, nothing(place))
        assert is_about(foreign, place) or "FORBIDDEN" in json.dumps(foreign)
    assert await belongings(stage, house.alice) == before
    assert house.alice.id not in [owner for owner, _ in await house.owners_and_actors(head)]


def test_the_places_are_all_that_there_are() -> None:
    fields = {one.field for one in IDS}
    assert {"updateProxyPool", "rescoreCampaign", "testPersona", "bulkDeleteProxies"} <= fields
    assert {"subscription", "query", "mutation"} == {one.operation for one in IDS}
