"""Every mutation with an `idempotencyKey` is done once for a key; of each other one it is said why it has none."""

from functools import partial

from graphql import GraphQLInputObjectType, get_named_type

from bench.retries.kinds import KINDS, MADE, MANY, Json, Kind, document
from db.models import IdempotencyRow
from graph.schema import schema
from tests.fakes.gallery import Gallery
from tests.fakes.house import House
from tests.unit.graph.asking import Desk

SETS = (
    "It says how a thing shall be: done again it changes nothing, and with `expectedVersion` it is refused."
)
GONE = "What is gone cannot go again: it is NOT_FOUND, and nothing else has gone."
TURNS = "It says how somebody shall stand: whoever does already stays so, and nothing is recorded."
WITHOUT_KEY = {
    "updateCampaign": SETS,
    "configurePhase": SETS,
    "assignScoringProfile": SETS,
    "updateScoringProfile": SETS,
    "updateProxy": SETS,
    "setProxyEnabled": SETS,
    "updateProxyPool": SETS,
    "setProxyPoolMember": SETS,
    "addProxiesToPool": "A proxy that is a member already stays as it is.",
    "removeProxiesFromPool": "A proxy that is no member stays where it is.",
    "updatePersona": SETS,
    "updateSettings": SETS,
    "deleteCampaign": GONE,
    "deleteScoringProfile": GONE,
    "deleteProxy": GONE,
    "deleteProxyPool": GONE,
    "deletePersona": GONE,
    "deleteKeywordSet": GONE,
    "deleteBulkOperation": GONE,
    "cleanUnhealthyProxies": "What is gone is not found again, and what is left is healthy or in use.",
    "testProxy": "A test that is under way stays the one; a later one is another test.",
    "testPersona": "Nothing is changed or kept.",
    "setPrincipalRole": TURNS,
    "deactivatePrincipal": TURNS,
    "reactivatePrincipal": TURNS,
    "renewToken": TURNS,
    "revokeToken": TURNS,
    "cancelBulkOperation": TURNS,
    "createToken": "Its secret is told once and kept nowhere, so nobody can be answered as before; revoke the other.",
}


async def send(house: House, desk: Desk, field: str, given: Json) -> Json:
    member = next(one.member for one in KINDS if one.field == field)
    answer: Json = (await desk.ask(house.admin, document(field, member), input=given))[field]
    return answer


async def prepared(house: House, desk: Desk, kind: Kind, number: int) -> str:
    """The id of what is there before a request of this kind."""
    asking = partial(send, house, desk)
    return "" if kind.prepare is None else await kind.prepare(asking, f"prepared {number}", number)


def takes_key(field: str) -> bool:
    mutations = schema._schema.mutation_type
    assert mutations is not None
    given = get_named_type(mutations.fields[field].args["input"].type)
    assert isinstance(given, GraphQLInputObjectType)
    return "idempotencyKey" in given.fields


def test_of_each_mutation_without_a_key_it_is_said_why() -> None:
    mutations = schema._schema.mutation_type
    assert mutations is not None
    assert {field for field in mutations.fields if not takes_key(field)} == WITHOUT_KEY.keys()


def test_requests_of_all_kinds_are_sent_again() -> None:
    mutations = schema._schema.mutation_type
    assert mutations is not None
    assert {kind.field for kind in KINDS} == {field for field in mutations.fields if takes_key(field)}


async def test_the_same_request_is_answered_the_same_and_not_done_again(gallery: Gallery, desk: Desk) -> None:
    house = gallery.house
    for number, kind in enumerate(KINDS):
        given = kind.given(await prepared(house, desk, kind, number), f"made {number}", 100 + number)
        given["idempotencyKey"] = f"key {number}"
        before = await house.head()
        first = await send(house, desk, kind.field, given)
        after = await house.head()
        assert (after > before) is ("cursor" in first), first
        assert await send(house, desk, kind.field, given) == first
        assert await house.head() == after, kind
    assert await house.count(IdempotencyRow) == len(KINDS)


async def test_another_request_is_none_of_this_key(gallery: Gallery, desk: Desk) -> None:
    house = gallery.house
    for number, kind in enumerate([*MADE, *MANY]):
        key = {"idempotencyKey": f"key {number}"}
        idents = [await prepared(house, desk, kind, 2 * number + which) for which in range(2)]
        first = await send(
            house, desk, kind.field, kind.given(idents[0], f"made {number}", 100 + number) | key
        )
        assert "cursor" in first, first
        before = await house.head()
        other = kind.given(idents[1], f"other {number}", 200 + number) | key
        refused = await send(house, desk, kind.field, other)
        assert (refused.get("code"), kind.field) == ("IDEMPOTENCY_KEY_REUSED", kind.field)
        assert refused["path"] == ["idempotencyKey"]
        assert await house.head() == before
