"""Principals and tokens as clients see them."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from core.ids import new_id
from graph import node_ids
from services.access import TokenDraft
from services.principals import Principals
from tests.fakes.gallery import Gallery
from tests.unit.graph.asking import Desk
from vocabulary.access import Role

ME = "{ me { role principal { name role deactivatedAt } token { name expiresAt } } }"
PRINCIPALS = """query ($filter: PrincipalFilter, $first: Int! = 20, $after: String) {
  principals(filter: $filter, first: $first, after: $after) { totalCount nodes { name } pageInfo { endCursor } } }"""
TOKENS = """query ($filter: TokenFilter) {
  tokens(filter: $filter) { totalCount nodes { name role principal { name } revokedAt } } }"""


def change(name: str, selection: str) -> str:
    kind = name[0].upper() + name[1:]
    return f"""mutation ($input: {kind}Input!) {{ result: {name}(input: $input) {{
      __typename ... on {kind}Payload {{ {selection} cursor }} ... on UserError {{ code path }} }} }}"""


async def changed(desk: Desk, caller: Any, name: str, selection: str, /, **given: object) -> Any:
    return (await desk.ask(caller, change(name, selection), input=given))["result"]


async def test_one_sees_who_one_is_and_by_which_token(gallery: Gallery, desk: Desk) -> None:
    made = (
        await desk.services.access.create_token(gallery.house.alice, TokenDraft("phone", Role.VIEWER))
    ).value
    caller = await Principals(gallery.house.database).authenticate(made.secret)
    assert (await desk.ask(caller, ME))["me"] == {
        "role": "VIEWER",
        "principal": {"name": "alice", "role": "OPERATOR", "deactivatedAt": None},
        "token": {"name": "phone", "expiresAt": None},
    }
    assert (await desk.ask(gallery.house.alice, ME))["me"]["token"] is None


async def test_admins_list_principals_by_role_name_and_activity(gallery: Gallery, desk: Desk) -> None:
    house = gallery.house
    await desk.services.access.deactivate(house.admin, house.bob.id)
    cases: list[tuple[dict[str, object] | None, list[str]]] = [
        (None, ["admin", "alice", "bob", "viewer"]),
        ({"role": ["OPERATOR"]}, ["alice", "bob"]),
        ({"active": True}, ["admin", "alice", "viewer"]),
        ({"active": False}, ["bob"]),
        ({"search": "AL"}, ["alice"]),
    ]
    for wanted, names in cases:
        page = (await desk.ask(house.admin, PRINCIPALS, filter=wanted))["principals"]
        assert [one["name"] for one in page["nodes"]] == names
        assert page["totalCount"] == str(len(names))
    first = (await desk.ask(house.admin, PRINCIPALS, first=3))["principals"]
    rest = await desk.ask(house.admin, PRINCIPALS, first=3, after=first["pageInfo"]["endCursor"])
    assert [one["name"] for one in rest["principals"]["nodes"]] == ["viewer"]
    assert await desk.refused(house.alice, PRINCIPALS) == [("FORBIDDEN", "This needs the role ADMIN.")]


async def test_tokens_are_ones_own_and_for_admins_those_of_all(gallery: Gallery, desk: Desk) -> None:
    house, access = gallery.house, desk.services.access
    soon = house.now + timedelta(seconds=5)
    await access.create_token(house.alice, TokenDraft("lasting", Role.OPERATOR))
    await access.create_token(house.alice, TokenDraft("short", Role.VIEWER, expires_at=soon))
    lost = (await access.create_token(house.bob, TokenDraft("lost", Role.VIEWER))).value
    await access.revoke_token(house.bob, lost.id)
    house.clock.advance(5)
    alice: dict[str, object] = {"principalId": node_ids.encode("Principal", house.alice.id)}
    cases: list[tuple[Any, dict[str, object] | None, set[str]]] = [
        (house.alice, None, {"lasting", "short"}),
        (house.bob, None, {"lost"}),
        (house.bob, alice, set()),
        (house.admin, None, {"lasting", "short", "lost"}),
        (house.admin, alice, {"lasting", "short"}),
        (house.admin, {"active": True}, {"lasting"}),
        (house.admin, {"active": False}, {"short", "lost"}),
    ]
    for caller, wanted, names in cases:
        page = (await desk.ask(caller, TOKENS, filter=wanted))["tokens"]
        assert {one["name"] for one in page["nodes"]} == names
        assert page["totalCount"] == str(len(names))


async def test_when_a_token_was_used_is_told_to_its_owner_and_to_admins(gallery: Gallery, desk: Desk) -> None:
    house = gallery.house
    principals = desk.services.principals
    _, used = await principals.create_token("alice", "used", Role.VIEWER)
    await principals.create_token("alice", "new", Role.VIEWER)
    await principals.note_uses({used.id: house.now})
    expected = [("new", None), ("used", "2026-01-01T00:00:00Z")]
    query = "{ tokens { nodes { name lastUsedAt } } }"
    for caller, seen in ((house.alice, expected), (house.admin, expected), (house.bob, [])):
        nodes = (await desk.both(caller, query))["tokens"]["nodes"]
        assert sorted((one["name"], one["lastUsedAt"]) for one in nodes) == seen


async def test_the_life_of_a_principal_and_a_token(gallery: Gallery, desk: Desk) -> None:
    house = gallery.house
    made = await changed(
        desk, house.admin, "createPrincipal", "principal { id name role }", name="carol", role="VIEWER"
    )
    ident = made["principal"]["id"]
    raised = await changed(
        desk, house.admin, "setPrincipalRole", "principal { role }", id=ident, role="OPERATOR"
    )
    assert raised["principal"] == {"role": "OPERATOR"}
    token = await changed(
        desk, house.admin, "createToken", "secret token { id name role principal { name } }",
        name="phone", role="OPERATOR", principalId=ident,
    )  # fmt: skip
    carol = await Principals(house.database).authenticate(token["secret"])
    assert (carol.name, carol.role) == ("carol", Role.OPERATOR)
    node = "query ($id: ID!) { node(id: $id) { __typename ... on Token { name } } }"
    assert (await desk.ask(carol, node, id=token["token"]["id"]))["node"] == {
        "__typename": "Token",
        "name": "phone",
    }
    assert (await desk.ask(house.bob, node, id=token["token"]["id"]))["node"] is None
    ended = await changed(desk, carol, "revokeToken", "token { revokedAt }", id=token["token"]["id"])
    assert ended["token"]["revokedAt"] is not None
    gone = await changed(desk, house.admin, "deactivatePrincipal", "principal { deactivatedAt }", id=ident)
    assert gone["principal"]["deactivatedAt"] is not None
    back = await changed(desk, house.admin, "reactivatePrincipal", "principal { deactivatedAt }", id=ident)
    assert back["principal"] == {"deactivatedAt": None}
    assert token["secret"] not in str(await desk.ask(house.admin, TOKENS))


REFUSALS: list[tuple[str, dict[str, object], str, list[str] | None]] = [
    ("createPrincipal", {"name": "x", "role": "VIEWER"}, "FORBIDDEN", None),
    ("setPrincipalRole", {"role": "VIEWER"}, "FORBIDDEN", None),
    ("deactivatePrincipal", {}, "FORBIDDEN", None),
    ("reactivatePrincipal", {}, "FORBIDDEN", None),
    ("createToken", {"name": "x", "role": "ADMIN"}, "VALIDATION_FAILED", ["role"]),
]


@pytest.mark.parametrize(("name", "given", "code", "path"), REFUSALS, ids=lambda one: str(one)[:20])
async def test_refusals_are_typed(
    gallery: Gallery, desk: Desk, name: str, given: dict[str, object], code: str, path: list[str] | None
) -> None:
    if name not in ("createPrincipal", "createToken"):
        given = {**given, "id": node_ids.encode("Principal", gallery.house.bob.id)}
    refused = await changed(desk, gallery.house.alice, name, "__typename", **given)
    assert (refused["code"], refused["path"]) == (code, path)


async def test_what_is_not_there_or_is_oneself(gallery: Gallery, desk: Desk) -> None:
    house = gallery.house
    me, nobody = node_ids.encode("Principal", house.admin.id), node_ids.encode("Principal", new_id())
    for name in ("deactivatePrincipal", "reactivatePrincipal"):
        assert (await changed(desk, house.admin, name, "cursor", id=me))["code"] == "ONESELF"
        assert (await changed(desk, house.admin, name, "cursor", id=nobody))["code"] == "NOT_FOUND"
    narrowed = msgspec.structs.replace(house.alice, role=Role.VIEWER)
    theirs = {"principalId": node_ids.encode("Principal", house.bob.id)}
    refused = await changed(desk, narrowed, "createToken", "secret", name="x", role="VIEWER", **theirs)
    assert (refused["code"], refused["path"]) == ("NOT_FOUND", ["principalId"])
    assert (await changed(desk, house.alice, "revokeToken", "cursor", id=me))["code"] == "NOT_FOUND"
