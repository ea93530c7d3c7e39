"""The policy table holds: each who asks is answered as the row says, and who is refused has changed nothing."""

import json
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from auth.principal import Principal
from tests.fakes.house import House
from tests.unit.graph.neighbours import (
    IDS,
    Neighbours,
    World,
    asked,
    belongings,
    nothing,
    open_neighbours,
)
from tests.unit.graph.places import request_to, required, roots
from tests.unit.graph.policy_table import TABLE, About, Row
from vocabulary.access import Role

FIELDS = {(operation, name): field for operation, name, field in roots()}
GONE_AFTERWARDS = ("delete", "revoke", "cancel")


class Asker(StrEnum):
    """Who asks. The things are alice's: she shows two of them, with a token of a viewer and one of an operator."""

    WRONG_OWNER = "wrong owner"
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def of(self, house: House, about: About) -> Principal:
        # Who has nothing at all, and makes nothing, is told of nothing unless it is somebody else's.
        nobody = msgspec.structs.replace(house.viewer, role=Role.OPERATOR)
        return {
            Asker.WRONG_OWNER: nobody if about is About.ONES_OWN else house.bob,
            Asker.VIEWER: msgspec.structs.replace(house.alice, role=Role.VIEWER),
            Asker.OPERATOR: house.alice,
            Asker.ADMIN: house.admin,
        }[self]


class Answer(StrEnum):
    """What an answer comes to."""

    GIVEN = "given"
    FORBIDDEN = "forbidden"
    NOTHING = "nothing"


def expected(row: Row, asker: Asker, role: Role) -> Answer:
    if role.rank < row.role.rank:
        return Answer.FORBIDDEN
    if asker is Asker.WRONG_OWNER and row.about is not About.NOBODYS:
        return Answer.NOTHING
    return Answer.GIVEN


def found(told: Any, field: str) -> Answer:
    """What it comes to, of all forms that "nothing" and "forbidden" have in the schema."""
    if "errors" in told:
        [code] = [error["extensions"]["code"] for error in told["errors"]]
        return {"FORBIDDEN": Answer.FORBIDDEN, "NOT_FOUND": Answer.NOTHING}[code]
    match told["data"][field]:
        case {"code": "FORBIDDEN"}:
            return Answer.FORBIDDEN
        case None | [None] | {"code": "NOT_FOUND"} | {"totalCount": "0"}:
            return Answer.NOTHING
        case {"operation": {"total": total, "failed": failed}} if total == failed:
            return Answer.NOTHING
        case {"__typename": str(name), **others} if others and not any(others.values()):
            assert name.endswith(("Snapshot", "Payload"))
            return Answer.NOTHING
        case _:
            return Answer.GIVEN


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def neighbours(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Neighbours]:
    async with open_neighbours(tmp_path_factory.mktemp("policy")) as neighbours:
        yield neighbours


def test_every_root_field_has_its_row() -> None:
    assert TABLE.keys() == FIELDS.keys()


@pytest.mark.parametrize("key", TABLE, ids=" ".join)
def test_a_row_names_things_if_its_field_does(key: tuple[str, str]) -> None:
    named = "the id" in str(required(*key, FIELDS[key], lambda _: "the id"))
    assert named is (TABLE[key].about in {About.NAMED, About.MANY})


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("key", TABLE, ids=" ".join)
@pytest.mark.parametrize("asker", Asker)
async def test_each_is_answered_as_the_row_says(
    neighbours: Neighbours, key: tuple[str, str], asker: Asker
) -> None:
    operation, name = key
    stage, row = neighbours.stage, TABLE[key]
    caller = asker.of(stage.house, row.about)
    answer = expected(row, asker, caller.role)
    things = neighbours.alice
    if answer is Answer.GIVEN and name.startswith(GONE_AFTERWARDS):
        things = await neighbours.fresh(stage.house.alice)
    if answer is Answer.GIVEN and name == "cleanUnhealthyProxies":
        await neighbours.put_unhealthy_proxy(caller)
    given = required(*key, FIELDS[key], things.of)
    before, owned = neighbours.digest(), await belongings(stage, stage.house.alice)
    told = await asked(stage, caller, operation, request_to(*key, FIELDS[key], given), given)
    assert found(told, name) is answer, told
    if operation != "mutation" or answer is Answer.FORBIDDEN:
        assert neighbours.digest() == before
    if answer is Answer.NOTHING:
        await _says_what_it_says_of_nothing(neighbours, key, caller, things, told)
        assert await belongings(stage, stage.house.alice) == owned
        assert row.about is not About.NAMED or neighbours.digest() == before


async def _says_what_it_says_of_nothing(
    neighbours: Neighbours, key: tuple[str, str], caller: Principal, things: World, told: Any
) -> None:
    """The same bytes but for the ids that were asked for."""
    given = required(*key, FIELDS[key], nothing)
    other = await asked(neighbours.stage, caller, key[0], request_to(*key, FIELDS[key], given), given)
    foreign, unknown = json.dumps(told), json.dumps(other)
    for place in IDS:
        if (place.operation, place.field) == key:
            foreign = foreign.replace(things.of(place), "ID")
            unknown = unknown.replace(nothing(place), "ID")
    assert foreign == unknown
    assert not any(ident in foreign for ident in things.ids.values())
