"""Verbs on principals and tokens, and recognising who asks."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from auth.principal import Principal
from auth.tokens import Unauthenticated, digest
from core.errors import Conflict, Misconfigured, NotFound, ValidationFailed
from core.ids import new_id
from db.models import PrincipalRow, TokenRow
from events.access_events import PrincipalCreated, TokenCreated, TokenRevoked
from services.principals import Principals
from tests.fakes.house import House
from vocabulary.access import Role


@pytest.fixture
async def empty(house: House) -> House:
    async with house.database.engines.writing() as session:
        await session.execute(delete(PrincipalRow))
    return house


async def test_bootstrap_makes_an_admin_with_a_random_token_once(empty: House) -> None:
    principals = Principals(empty.database)
    token = await principals.bootstrap(None)
    assert token is not None
    admin = await principals.authenticate(token)
    assert admin.token_id is not None
    assert (admin.name, admin.role, admin.expires_at) == ("admin", Role.ADMIN, None)
    assert await empty.events() == [
        PrincipalCreated(principal_id=admin.id, name="admin", role=Role.ADMIN),
        TokenCreated(token_id=admin.token_id, principal_name="admin", name="bootstrap", role=Role.ADMIN),
    ]
    assert await empty.owners_and_actors() == [(None, "system"), (None, "system")]
    assert await principals.bootstrap(None) is None
    assert await empty.head() == 2


async def test_bootstrap_takes_the_token_that_is_given_and_does_not_tell_it(empty: House) -> None:
    principals = Principals(empty.database)
    assert await principals.bootstrap("chosen-by-hand") is None
    assert (await principals.authenticate("chosen-by-hand")).role is Role.ADMIN


async def test_bootstrap_changes_nothing_where_somebody_is(house: House) -> None:
    assert await Principals(house.database).bootstrap("late") is None
    with pytest.raises(Unauthenticated):
        await Principals(house.database).authenticate("late")
    assert await house.head() == 0


@pytest.mark.parametrize("token", ["", "with space", "ä"])
async def test_a_bootstrap_token_that_no_header_can_carry_is_refused(empty: House, token: str) -> None:
    with pytest.raises(Misconfigured, match="HELIOGRAPH_BOOTSTRAP_TOKEN: must be 1 to 512"):
        await Principals(empty.database).bootstrap(token)
    assert await empty.count(PrincipalRow) == 0


async def test_only_the_digest_of_a_token_is_stored(house: House) -> None:
    token, info = await Principals(house.database).create_token("alice", "laptop", Role.OPERATOR)
    async with house.database.engines.reading() as session:
        row = (await session.execute(select(TokenRow))).scalar_one()
    assert (row.id, row.digest) == (info.id, digest(token))
    assert token not in repr(vars(row))
    assert await house.events() == [
        TokenCreated(token_id=info.id, principal_name="alice", name="laptop", role=Role.OPERATOR)
    ]


async def test_the_role_is_the_lesser_of_principal_and_token(house: House) -> None:
    principals = Principals(house.database)
    token, info = await principals.create_token("alice", "screen", Role.VIEWER)
    assert await principals.authenticate(token) == Principal(
        id=house.alice.id, name="alice", role=Role.VIEWER, token_id=info.id, expires_at=None
    )


async def test_a_demoted_principal_is_not_saved_by_an_old_token(house: House) -> None:
    principals = Principals(house.database)
    token, _ = await principals.create_token("admin", "old", Role.ADMIN)
    async with house.database.engines.writing() as session:
        (await session.get_one(PrincipalRow, house.admin.id)).role = Role.VIEWER
    assert (await principals.authenticate(token)).role is Role.VIEWER


async def test_a_token_ends_at_its_moment(house: House) -> None:
    principals = Principals(house.database)
    token, info = await principals.create_token("alice", "short", Role.VIEWER, timedelta(seconds=10))
    assert info.expires_at == house.now + timedelta(seconds=10)
    house.clock.advance(9.5)
    assert (await principals.authenticate(token)).expires_at == info.expires_at
    house.clock.advance(0.5)
    with pytest.raises(Unauthenticated):
        await principals.authenticate(token)


async def test_a_revoked_token_opens_nothing_from_then_on(house: House) -> None:
    principals = Principals(house.database)
    token, info = await principals.create_token("alice", "lost", Role.OPERATOR)
    await principals.authenticate(token)
    written = await principals.revoke_token(info.id)
    assert written.position == 2
    assert await house.events(1) == [TokenRevoked(token_id=info.id, principal_name="alice", name="lost")]
    with pytest.raises(Unauthenticated):
        await principals.authenticate(token)
    revoked_at = (await principals.list_tokens())[0].revoked_at
    assert revoked_at == house.now
    house.clock.advance(1)
    assert (await principals.revoke_token(info.id)).position == 2
    assert (await principals.list_tokens())[0].revoked_at == revoked_at


@pytest.mark.parametrize("token", ["", "hg_unknown", "\0", "\ud800", "x" * 100_000])
async def test_anything_else_is_unauthenticated(house: House, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await Principals(house.database).authenticate(token)


async def test_create_makes_a_principal(house: House) -> None:
    written = await Principals(house.database).create(" carol ", Role.OPERATOR)
    assert await house.events() == [
        PrincipalCreated(principal_id=written.value, name="carol", role=Role.OPERATOR)
    ]
    with pytest.raises(Conflict) as refused:
        await Principals(house.database).create("carol", Role.VIEWER)
    assert refused.value.detail.code == "ALREADY_EXISTS"
    with pytest.raises(ValidationFailed):
        await Principals(house.database).create("", Role.VIEWER)
    assert await house.head() == 1


async def test_a_token_of_nobody_or_above_its_principal_is_refused(house: House) -> None:
    principals = Principals(house.database)
    with pytest.raises(NotFound) as missing:
        await principals.create_token("nobody", "x", Role.VIEWER)
    assert missing.value.noun == "principal"
    with pytest.raises(ValidationFailed) as refused:
        await principals.create_token("alice", "", Role.ADMIN, timedelta(0))
    assert [v.path for v in refused.value.violations] == [("name",), ("role",), ("expiresIn",)]
    assert await house.count(TokenRow) == 0


async def test_tokens_are_listed_oldest_first(house: House) -> None:
    principals = Principals(house.database)
    for name in ("first", "second", "third"):
        await principals.create_token("bob", name, Role.VIEWER)
        house.clock.advance(1)
    assert [info.name for info in await principals.list_tokens()] == ["first", "second", "third"]


async def test_revoking_an_unknown_token_is_not_found(house: House) -> None:
    with pytest.raises(NotFound):
        await Principals(house.database).revoke_token(new_id())
