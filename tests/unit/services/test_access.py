"""Verbs on principals and tokens over the API: who may do what, and what it changes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import msgspec
import pytest

from auth.principal import Principal
from auth.tokens import Unauthenticated, digest
from core.errors import Conflict, Forbidden, NotFound, ValidationFailed
from core.ids import new_id
from db.models import PrincipalRow, TokenRow
from events.access_events import (
    PrincipalCreated,
    PrincipalDeactivated,
    PrincipalReactivated,
    PrincipalRoleChanged,
    TokenCreated,
    TokenRenewed,
    TokenRevoked,
)
from services.access import Access, TokenDraft
from services.principals import MAX_LIFETIME, Principals
from tests.fakes.house import House
from vocabulary.access import Role

Verb = Callable[[Access, Principal, Principal], Awaitable[object]]

ON_OTHERS: dict[str, Verb] = {
    "set_role": lambda access, caller, whom: access.set_role(caller, whom.id, Role.VIEWER),
    "deactivate": lambda access, caller, whom: access.deactivate(caller, whom.id),
    "reactivate": lambda access, caller, whom: access.reactivate(caller, whom.id),
}


@pytest.fixture
def access(house: House) -> Access:
    return Access(house.database)


async def row_of(house: House, ident: object) -> PrincipalRow:
    async with house.database.engines.reading() as session:
        return await session.get_one(PrincipalRow, ident)


async def test_an_admin_makes_a_principal_and_is_named_as_the_cause(house: House, access: Access) -> None:
    written = await access.create_principal(house.admin, " carol ", Role.OPERATOR)
    assert await house.events() == [
        PrincipalCreated(principal_id=written.value, name="carol", role=Role.OPERATOR)
    ]
    assert await house.owners_and_actors() == [(None, "admin")]
    with pytest.raises(Conflict) as taken:
        await access.create_principal(house.admin, "carol", Role.VIEWER)
    assert taken.value.detail.code == "ALREADY_EXISTS"
    with pytest.raises(ValidationFailed):
        await access.create_principal(house.admin, " ", Role.VIEWER)
    with pytest.raises(Forbidden):
        await access.create_principal(house.alice, "dave", Role.VIEWER)


async def test_a_role_is_changed_once_and_holds_for_tokens_that_exist(house: House, access: Access) -> None:
    token, _ = await Principals(house.database).create_token("alice", "old", Role.OPERATOR)
    await access.set_role(house.admin, house.alice.id, Role.VIEWER)
    await access.set_role(house.admin, house.alice.id, Role.VIEWER)
    assert await house.events(1) == [
        PrincipalRoleChanged(
            principal_id=house.alice.id, name="alice", role=Role.VIEWER, previous=Role.OPERATOR
        )
    ]
    assert (await Principals(house.database).authenticate(token)).role is Role.VIEWER


async def test_whoever_is_deactivated_asks_no_more_until_reactivated(house: House, access: Access) -> None:
    principals = Principals(house.database)
    token, _ = await principals.create_token("alice", "phone", Role.OPERATOR)
    await principals.authenticate(token)
    for _ in range(2):
        await access.deactivate(house.admin, house.alice.id)
    assert (await row_of(house, house.alice.id)).deactivated_at == house.now
    with pytest.raises(Unauthenticated):
        await principals.authenticate(token)
    with pytest.raises(Conflict) as refused:
        await access.create_token(house.admin, TokenDraft("new", Role.VIEWER, house.alice.id))
    assert (refused.value.detail.code, refused.value.detail.current_state) == (
        "INVALID_TRANSITION",
        "DEACTIVATED",
    )
    for _ in range(2):
        await access.reactivate(house.admin, house.alice.id)
    assert (await principals.authenticate(token)).id == house.alice.id
    assert [type(event) for event in await house.events(1)] == [PrincipalDeactivated, PrincipalReactivated]


@pytest.mark.parametrize("verb", ON_OTHERS)
async def test_verbs_on_others_are_for_admins_and_never_on_oneself(
    house: House, access: Access, verb: str
) -> None:
    with pytest.raises(Forbidden):
        await ON_OTHERS[verb](access, house.alice, house.bob)
    with pytest.raises(Conflict) as oneself:
        await ON_OTHERS[verb](access, house.admin, house.admin)
    assert oneself.value.detail.code == "ONESELF"
    with pytest.raises(NotFound):
        await ON_OTHERS[verb](access, house.admin, Principal(id=new_id(), name="?", role=Role.VIEWER))
    assert await house.head() == 0


@pytest.mark.parametrize("verb", ON_OTHERS)
async def test_an_admin_who_was_demoted_meanwhile_is_refused(house: House, access: Access, verb: str) -> None:
    other = (await access.create_principal(house.admin, "second", Role.ADMIN)).value
    await access.set_role(house.admin, other, Role.OPERATOR)
    late = Principal(id=other, name="second", role=Role.ADMIN)
    with pytest.raises(Forbidden):
        await ON_OTHERS[verb](access, late, house.bob)


async def test_everybody_makes_tokens_of_their_own_and_admins_those_of_all(
    house: House, access: Access
) -> None:
    end = house.now + timedelta(days=1)
    own = (await access.create_token(house.alice, TokenDraft(" phone ", Role.VIEWER, None, end))).value
    given = (await access.create_token(house.admin, TokenDraft("gift", Role.OPERATOR, house.alice.id))).value
    recognised = await Principals(house.database).authenticate(own.secret)
    assert (recognised.id, recognised.role, recognised.expires_at) == (house.alice.id, Role.VIEWER, end)
    assert (await Principals(house.database).authenticate(given.secret)).role is Role.OPERATOR
    assert await house.events() == [
        TokenCreated(token_id=own.id, principal_name="alice", name="phone", role=Role.VIEWER),
        TokenCreated(token_id=given.id, principal_name="alice", name="gift", role=Role.OPERATOR),
    ]
    assert await house.owners_and_actors() == [(None, "alice"), (None, "admin")]
    with pytest.raises(NotFound):
        await access.create_token(house.alice, TokenDraft("theirs", Role.VIEWER, house.bob.id))


async def test_only_the_digest_is_stored_and_repr_hides_the_secret(house: House, access: Access) -> None:
    made = (await access.create_token(house.alice, TokenDraft("phone", Role.VIEWER))).value
    assert made.secret not in repr(made)
    async with house.database.engines.reading() as session:
        row = await session.get_one(TokenRow, made.id)
    assert row.digest == digest(made.secret)


async def test_a_token_gives_no_more_than_the_asking_one_and_its_principal(
    house: House, access: Access
) -> None:
    narrowed = msgspec.structs.replace(house.alice, role=Role.VIEWER)
    for caller, draft in (
        (house.alice, TokenDraft("up", Role.ADMIN)),
        (narrowed, TokenDraft("up", Role.OPERATOR)),
        (house.admin, TokenDraft("up", Role.ADMIN, house.alice.id)),
    ):
        with pytest.raises(ValidationFailed) as refused:
            await access.create_token(caller, draft)
        assert [one.path for one in refused.value.violations] == [("role",)]


async def test_a_token_makes_none_that_outlasts_it(house: House, access: Access) -> None:
    principals, end = Principals(house.database), house.now + timedelta(hours=1)
    short = (await access.create_token(house.alice, TokenDraft("short", Role.OPERATOR, None, end))).value
    caller = await principals.authenticate(short.secret)
    for later in (None, end + timedelta(seconds=1)):
        with pytest.raises(ValidationFailed) as refused:
            await access.create_token(caller, TokenDraft("long", Role.VIEWER, None, later))
        (violation,) = refused.value.violations
        assert (violation.path, violation.limit) == (("expiresAt",), end.isoformat())
    made = (await access.create_token(caller, TokenDraft("as short", Role.VIEWER, None, end))).value
    assert (await principals.authenticate(made.secret)).expires_at == end


async def test_but_an_admin_makes_what_outlasts_theirs(house: House, access: Access) -> None:
    end = house.now + timedelta(hours=1)
    short = (await access.create_token(house.admin, TokenDraft("short", Role.ADMIN, None, end))).value
    caller = await Principals(house.database).authenticate(short.secret)
    made = (await access.create_token(caller, TokenDraft("gift", Role.OPERATOR, house.alice.id))).value
    assert (await Principals(house.database).authenticate(made.secret)).expires_at is None


@pytest.mark.parametrize("ahead", [timedelta(0), -timedelta(days=1), MAX_LIFETIME + timedelta(seconds=1)])
async def test_a_token_ends_ahead_and_not_too_far(house: House, access: Access, ahead: timedelta) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await access.create_token(house.alice, TokenDraft(" ", Role.VIEWER, expires_at=house.now + ahead))
    assert [one.path for one in refused.value.violations] == [("name",), ("expiresAt",)]
    assert await house.count(TokenRow) == 0


async def test_a_token_is_renewed_by_its_own_or_by_an_admin(house: House, access: Access) -> None:
    principals, end = Principals(house.database), house.now + timedelta(days=1)
    for caller in (house.alice, house.admin):
        made = (await access.create_token(house.alice, TokenDraft("phone", Role.VIEWER, None, end))).value
        with pytest.raises(NotFound):
            await access.renew_token(house.bob, made.id, end)
        before, later = await house.head(), end + timedelta(days=1)
        for _ in range(2):
            await access.renew_token(caller, made.id, later)
        assert await house.events(before) == [
            TokenRenewed(token_id=made.id, principal_name="alice", name="phone", expires_at=later)
        ]
        assert (await principals.authenticate(made.secret)).expires_at == later


async def test_the_token_that_asks_is_renewed_unless_another_is_named(house: House, access: Access) -> None:
    principals, end = Principals(house.database), house.now + timedelta(days=1)
    made = (await access.create_token(house.alice, TokenDraft("phone", Role.VIEWER, None, end))).value
    caller = await principals.authenticate(made.secret)
    assert (await access.renew_token(caller, None, end + timedelta(days=1))).value == made.id
    with pytest.raises(NotFound):
        await access.renew_token(house.alice, None, end)


async def test_a_token_is_not_renewed_by_one_that_may_do_less(house: House, access: Access) -> None:
    made = (await access.create_token(house.alice, TokenDraft("desk", Role.OPERATOR))).value
    narrowed, before = msgspec.structs.replace(house.alice, role=Role.VIEWER), await house.head()
    with pytest.raises(Forbidden):
        await access.renew_token(narrowed, made.id, house.now + timedelta(days=1))
    assert await house.head() == before


async def test_a_token_that_is_over_stays_so(house: House, access: Access) -> None:
    principals, end = Principals(house.database), house.now + timedelta(days=1)
    revoked = (await access.create_token(house.alice, TokenDraft("lost", Role.VIEWER))).value
    await access.revoke_token(house.alice, revoked.id)
    over = (await access.create_token(house.alice, TokenDraft("short", Role.VIEWER, None, end))).value
    house.clock.advance(86_400)
    before = await house.head()
    for made, state in ((revoked, "REVOKED"), (over, "EXPIRED")):
        with pytest.raises(Conflict) as refused:
            await access.renew_token(house.alice, made.id, house.now + timedelta(days=1))
        assert (refused.value.detail.code, refused.value.detail.current_state) == (
            "INVALID_TRANSITION",
            state,
        )
        with pytest.raises(Unauthenticated):
            await principals.authenticate(made.secret)
    assert await house.head() == before


@pytest.mark.parametrize("ahead", [timedelta(0), -timedelta(days=1), MAX_LIFETIME + timedelta(seconds=1)])
async def test_a_token_is_renewed_ahead_and_not_too_far(
    house: House, access: Access, ahead: timedelta
) -> None:
    made = (await access.create_token(house.alice, TokenDraft("phone", Role.VIEWER))).value
    with pytest.raises(ValidationFailed) as refused:
        await access.renew_token(house.alice, made.id, house.now + ahead)
    assert [one.path for one in refused.value.violations] == [("expiresAt",)]


async def test_a_token_is_revoked_by_its_own_or_by_an_admin(house: House, access: Access) -> None:
    principals = Principals(house.database)
    for caller in (house.alice, house.admin):
        made = (await access.create_token(house.alice, TokenDraft("phone", Role.VIEWER))).value
        with pytest.raises(NotFound):
            await access.revoke_token(house.bob, made.id)
        before = await house.head()
        for _ in range(2):
            await access.revoke_token(caller, made.id)
        assert await house.events(before) == [
            TokenRevoked(token_id=made.id, principal_name="alice", name="phone")
        ]
        with pytest.raises(Unauthenticated):
            await principals.authenticate(made.secret)


async def test_a_token_is_not_revoked_by_one_that_may_do_less(house: House, access: Access) -> None:
    made = (await access.create_token(house.admin, TokenDraft("desk", Role.ADMIN))).value
    before = await house.head()
    for role in (Role.VIEWER, Role.OPERATOR):
        with pytest.raises(Forbidden):
            await access.revoke_token(msgspec.structs.replace(house.admin, role=role), made.id)
    assert await house.head() == before
    assert (await Principals(house.database).authenticate(made.secret)).role is Role.ADMIN


async def test_whoever_has_a_lesser_role_now_still_revokes_what_is_left_of_the_greater_one(
    house: House, access: Access
) -> None:
    principals = Principals(house.database)
    secret, _ = await principals.create_token("alice", "old", Role.OPERATOR)
    await access.set_role(house.admin, house.alice.id, Role.VIEWER)
    caller = await principals.authenticate(secret)
    assert caller.role is Role.VIEWER
    assert caller.token_id is not None
    await access.revoke_token(caller, caller.token_id)
    with pytest.raises(Unauthenticated):
        await principals.authenticate(secret)


async def test_of_two_admins_who_end_each_other_at_once_one_remains(big_house: House) -> None:
    access = Access(big_house.database)
    for number in range(5):
        other = Principal(
            id=(await access.create_principal(big_house.admin, f"rival {number}", Role.ADMIN)).value,
            name=f"rival {number}",
            role=Role.ADMIN,
        )
        ended = await asyncio.gather(
            access.deactivate(big_house.admin, other.id),
            access.deactivate(other, big_house.admin.id),
            return_exceptions=True,
        )
        assert [type(one) for one in ended if isinstance(one, Exception)] == [Forbidden]
        active = [
            one
            for one in (big_house.admin, other)
            if (await row_of(big_house, one.id)).deactivated_at is None
        ]
        assert len(active) == 1
        if active == [other]:
            await access.reactivate(other, big_house.admin.id)
            await access.deactivate(big_house.admin, other.id)
