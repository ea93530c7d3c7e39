"""Every mutation takes an `idempotencyKey`, and is done once for it."""

import pytest
from graphql import GraphQLInputObjectType, GraphQLUnionType, get_named_type
from msgspec.structs import replace
from sqlalchemy import select

from auth.principal import Principal
from bench.retries.kinds import Json, Kind
from bench.retries.mutations import BY_FIELD, KINDS
from db.models import IdempotencyRow, PhasePersonaRow
from graph import node_ids
from graph.schema import schema
from tests.fakes.gallery import Gallery
from tests.fakes.house import House
from tests.unit.graph.asking import Desk
from tests.unit.graph.policy_table import CHANGES
from tests.unit.graph.policy_table import MUTATIONS as POLICY
from vocabulary.access import Role
from vocabulary.campaigns import PhaseKind

MUTATIONS = schema._schema.mutation_type
assert MUTATIONS is not None
FIELDS = MUTATIONS.fields
# What a request can be refused for because of its key alone: it has no good form, or was used for another one.
OF_KEYS = frozenset({"ValidationError", "ConflictError"})

# What is remembered of these tells of things by itself.
NAMING = frozenset(
    {"testPersona", "cleanUnhealthyProxies", "cancelBulkOperation", "deleteBulkOperation"}
    | {field for field in FIELDS if field.startswith("bulk")}
)

# What each of these does can be done again once it was undone: by which mutation, and what else that is told.
UNDONE: dict[str, tuple[str, Json]] = {
    "setProxyEnabled": ("setProxyEnabled", {"enabled": False}),
    "addProxiesToPool": ("removeProxiesFromPool", {}),
    "removeProxiesFromPool": ("addProxiesToPool", {}),
    "setProxyPoolMember": ("setProxyPoolMember", {"weight": 1}),
    "testProxy": ("setProxyEnabled", {"enabled": False}),
    "updateProxy": ("updateProxy", {"notes": None}),
    "updatePersona": ("updatePersona", {"description": None}),
    "updateSettings": ("updateSettings", {"logEvents": None}),
    "setCampaignMode": ("setCampaignMode", {"mode": "STEP_BY_STEP"}),
    "setPrincipalRole": ("setPrincipalRole", {"role": "VIEWER"}),
    "deactivatePrincipal": ("reactivatePrincipal", {}),
    "reactivatePrincipal": ("deactivatePrincipal", {}),
    "renewToken": ("renewToken", {"expiresAt": "2034-01-01T00:00:00Z"}),
}


class Sending:
    """Sends mutations, as an admin unless told; each kind has things of its own."""

    def __init__(self, house: House, desk: Desk, caller: Principal | None = None) -> None:
        self.caller = caller or house.admin
        self.desk = desk

    async def __call__(self, field: str, given: Json) -> Json:
        answer: Json = (await self.desk.ask(self.caller, BY_FIELD[field].document, input=given))[field]
        return answer

    async def input(self, kind: Kind, number: int) -> Json:
        """The input of a request, whose things were made before."""
        return await kind.prepare(self, f"prepared {number}", number) | kind.given(
            f"made {number}", 1000 + number
        )

    async def inputs(self) -> list[tuple[Kind, Json]]:
        """One of each kind, with a key."""
        return [
            (kind, await self.input(kind, number) | {"idempotencyKey": f"key {number}"})
            for number, kind in enumerate(KINDS)
        ]


def takes(field: str, name: str) -> bool:
    given = get_named_type(FIELDS[field].args["input"].type)
    assert isinstance(given, GraphQLInputObjectType)
    return name in given.fields


def members(field: str) -> set[str]:
    union = get_named_type(FIELDS[field].type)
    assert isinstance(union, GraphQLUnionType)
    return {member.name for member in union.types}


def test_every_mutation_takes_a_key_and_can_tell_what_is_wrong_with_it() -> None:
    assert [field for field in FIELDS if not takes(field, "idempotencyKey")] == []
    assert [field for field in FIELDS if not members(field) >= OF_KEYS] == []


def test_requests_of_all_kinds_are_sent_again() -> None:
    assert sorted(kind.field for kind in KINDS) == sorted(FIELDS)


async def test_the_same_request_is_answered_the_same_and_not_done_again(gallery: Gallery, desk: Desk) -> None:
    house, send = gallery.house, Sending(gallery.house, desk)
    for kind, given in await send.inputs():
        before = await house.head()
        first = await send(kind.field, given)
        after = await house.head()
        assert (after > before) is ("cursor" in first and not kind.quiet), first
        again = await send(kind.field, given)
        assert kind.answered(again) == kind.answered(first)
        assert (again == first) is (kind.again is None)
        assert await house.head() == after, kind
    assert await house.count(IdempotencyRow) == len(KINDS)


@pytest.mark.parametrize("field", UNDONE)
async def test_what_was_undone_since_is_not_done_again(gallery: Gallery, desk: Desk, field: str) -> None:
    send, kind = Sending(gallery.house, desk), BY_FIELD[field]
    there = await kind.prepare(send, "prepared", 1)
    given = there | kind.given("made", 1000) | {"idempotencyKey": "key"}
    undoing, more = UNDONE[field]
    first = await send(field, given)
    undone = await send(undoing, there | more)
    assert "cursor" in first
    assert "cursor" in undone
    assert first["cursor"] != undone["cursor"]
    after = await gallery.house.head()
    assert await send(field, given) == first
    assert await gallery.house.head() == after


async def test_another_request_is_none_of_this_key(gallery: Gallery, desk: Desk) -> None:
    house, send = gallery.house, Sending(gallery.house, desk)
    for number, (kind, given) in enumerate(await send.inputs()):
        await send(kind.field, given)
        other = await send.input(kind, len(KINDS) + number)
        before = await house.head()
        refused = await send(kind.field, other | {"idempotencyKey": given["idempotencyKey"]})
        assert (refused.get("code"), kind.field) == ("IDEMPOTENCY_KEY_REUSED", kind.field)
        assert refused["path"] == ["idempotencyKey"]
        assert await house.head() == before


async def test_nobody_is_told_of_a_conflict_with_their_own_change(gallery: Gallery, desk: Desk) -> None:
    send = Sending(gallery.house, desk)
    versioned = [kind for kind in KINDS if takes(kind.field, "expectedVersion")]
    assert len(versioned) >= 10
    for number, kind in enumerate(versioned):
        given = await send.input(kind, number)
        version = (await send(kind.field, given | {"expectedVersion": 0}))["currentState"]
        given |= {"expectedVersion": int(version), "idempotencyKey": f"key {number}"}
        first = await send(kind.field, given)
        assert "cursor" in first, first
        assert await send(kind.field, given) == first
        refused = await send(kind.field, given | {"idempotencyKey": f"other {number}"})
        assert refused["code"] == "VERSION_MISMATCH"
        # And whoever was refused is refused by this key for good.
        assert await send(kind.field, given | {"idempotencyKey": f"other {number}"}) == refused


async def test_a_key_without_a_form_is_told_by_every_mutation(gallery: Gallery, desk: Desk) -> None:
    house, send = gallery.house, Sending(gallery.house, desk)
    for kind, given in await send.inputs():
        before = await house.head()
        for key in ("", "x" * 65):
            refused = await send(kind.field, given | {"idempotencyKey": key})
            assert (refused.get("code"), refused.get("path")) == ("VALIDATION_FAILED", ["idempotencyKey"]), (
                kind
            )
        assert await house.head() == before


async def test_no_secret_is_kept_with_a_key(gallery: Gallery, desk: Desk) -> None:
    send = Sending(gallery.house, desk)
    secrets = {
        "createProxy": {"username": "u", "password": "a secret of theirs"},
        "updateProxy": {"username": "u", "password": "a secret of theirs"},
        "importProxies": {"text": "u:a%20secret%20of%20theirs@127.0.0.1:80"},
        "bulkImportProxies": {"text": "http://u:a%20secret%20of%20theirs@127.0.0.1:80"},
    }
    for kind, given in await send.inputs():
        await send(kind.field, given | secrets.get(kind.field, {}))
    async with gallery.house.database.engines.reading() as session:
        kept = " ".join(
            f"{row.fingerprint} {row.answer}" for row in await session.scalars(select(IdempotencyRow))
        )
    assert "secret of theirs" not in kept.replace("%20", " ")


async def test_an_answer_is_not_told_again_to_whoever_does_not_see_its_things_any_more(
    gallery: Gallery, desk: Desk
) -> None:
    """An admin changes what is somebody else's, and sends the same again when they are one no more.

    What is remembered with all that it names is not told at all, as if the key had been another request's.
    """
    house = gallery.house
    owner, admin = Sending(house, desk, house.alice), Sending(house, desk)
    lesser = Sending(house, desk, replace(house.admin, role=Role.OPERATOR))
    named = [
        kind
        for kind in KINDS
        if POLICY[kind.field] is CHANGES and not kind.field.startswith(("delete", "duplicate"))
    ]
    refused = 0
    for number, kind in enumerate(named):
        given = await owner.input(kind, number) | {"idempotencyKey": f"key {number}"}
        if "cursor" in await admin(kind.field, given):
            again = await lesser(kind.field, given)
            code = "IDEMPOTENCY_KEY_REUSED" if kind.field in NAMING else "NOT_FOUND"
            assert (again.get("code"), kind.field) == (code, kind.field)
            refused += 1
    assert refused > 20


async def test_what_an_admin_has_done_is_told_to_less_than_one_but_for_what_names_things(
    gallery: Gallery, desk: Desk
) -> None:
    """All of it is on things of their own, and sent again with a token for less."""
    house = gallery.house
    admin, lesser = Sending(house, desk), Sending(house, desk, replace(house.admin, role=Role.OPERATOR))
    told = 0
    for kind, given in await admin.inputs():
        first, again = await admin(kind.field, given), await lesser(kind.field, given)
        if again.get("code") == "FORBIDDEN":
            continue
        if "cursor" not in first or kind.field in NAMING:
            assert (again.get("code"), kind.field) == ("IDEMPOTENCY_KEY_REUSED", kind.field)
        else:
            assert kind.answered(again) == kind.answered(first), kind
            told += 1
    assert told > 20


async def test_how_an_admin_was_refused_is_not_told_to_less_than_one(gallery: Gallery, desk: Desk) -> None:
    """The refusal names the campaign that stands in the way, which is somebody else's."""
    house = gallery.house
    campaign, persona = gallery.campaign_row(house.alice, "hers"), gallery.persona_row(house.admin)
    place = {"campaign_id": campaign.id, "kind": PhaseKind.DNS_VALIDATION, "ordinal": 0}
    await gallery.put([campaign, persona, PhasePersonaRow(**place, persona_id=persona.id)])
    admin, lesser = Sending(house, desk), Sending(house, desk, replace(house.admin, role=Role.OPERATOR))
    given = {"id": node_ids.encode("Persona", persona.id)}
    named = "The persona is in use by the campaign “hers”."
    assert (await admin("deletePersona", given | {"idempotencyKey": "k"}))["message"] == named
    refused = await lesser("deletePersona", given | {"idempotencyKey": "k"})
    assert (refused["code"], refused["path"]) == ("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])
    assert "hers" not in refused["message"]
    anew = await lesser("deletePersona", given | {"idempotencyKey": "another"})
    assert anew["message"] == "The persona is in use by a campaign of somebody else."


TOKEN = """mutation ($input: CreateTokenInput!) { createToken(input: $input) {
  __typename
  ... on CreateTokenPayload { cursor secret token { id } }
  ... on SecretShownError { cursor token { id name } }
  ... on UserError { code path }
} }"""


async def test_a_token_that_was_made_before_is_told_and_its_secret_is_not(
    gallery: Gallery, desk: Desk
) -> None:
    given = {"name": "phone", "role": "VIEWER", "idempotencyKey": "k"}
    made = (await desk.ask(gallery.house.alice, TOKEN, input=given))["createToken"]
    assert made["__typename"] == "CreateTokenPayload"
    for _ in range(2):
        assert (await desk.ask(gallery.house.alice, TOKEN, input=given))["createToken"] == {
            "__typename": "SecretShownError",
            "code": "SECRET_SHOWN",
            "path": ["idempotencyKey"],
            "cursor": made["cursor"],
            "token": {"id": made["token"]["id"], "name": "phone"},
        }
    async with gallery.house.database.engines.reading() as session:
        (row,) = await session.scalars(select(IdempotencyRow))
    assert made["secret"] not in row.answer
