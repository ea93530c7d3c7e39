"""Principals and tokens are changed once for each key, secrets stay secret, and nobody waits for themselves."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.errors import Conflict, Forbidden, NotFound
from core.ids import new_id
from core.settings import Settings
from db.models import IdempotencyRow, PrincipalRow, TokenRow
from events.access_events import TokenCreated
from services.access import Access, SecretShown, TokenDraft
from services.principals import Principals
from services.running_settings import RunningSettings
from tests.fakes.house import House
from vocabulary.access import Role

DRAFT = TokenDraft("phone", Role.VIEWER)


async def kept(house: House) -> str:
    """All that is remembered."""
    async with house.database.engines.reading() as session:
        rows = await session.scalars(select(IdempotencyRow))
        return " ".join(f"{row.fingerprint} {row.answer}" for row in rows)


async def test_a_token_is_made_once_and_its_secret_shown_once(house: House) -> None:
    access = Access(house.database)
    made = await access.create_token(house.alice, DRAFT, "k")
    head = await house.head()
    for _ in range(2):
        with pytest.raises(SecretShown) as shown:
            await access.create_token(house.alice, DRAFT, "k")
        assert (shown.value.token_id, shown.value.position) == (made.value.id, made.position)
        assert made.value.secret not in str(shown.value)
    assert (await house.head(), await house.count(TokenRow)) == (head, 1)
    assert (await Principals(house.database).authenticate(made.value.secret)).token_id == made.value.id
    assert str(made.value.id) in await kept(house)
    assert made.value.secret not in await kept(house)


async def test_of_many_who_send_the_same_at_once_one_is_shown_the_secret(house: House) -> None:
    access = Access(house.database)
    answers = await asyncio.gather(
        *(access.create_token(house.alice, DRAFT, "k") for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(one, SecretShown) for one in answers) == 7
    assert len([event for event in await house.events() if isinstance(event, TokenCreated)]) == 1


async def test_another_token_is_none_of_this_key_and_other_keys_are_other_tokens(house: House) -> None:
    access = Access(house.database)
    first = (await access.create_token(house.alice, DRAFT, "k")).value
    with pytest.raises(Conflict, match="another request"):
        await access.create_token(house.alice, TokenDraft("desk", Role.VIEWER), "k")
    # A key is that of whoever sends it.
    others = [
        (await access.create_token(caller, DRAFT, key)).value
        for caller, key in ((house.alice, "other"), (house.bob, "k"), (house.alice, None))
    ]
    assert len({one.id for one in (first, *others)}) == 4


async def test_a_refused_token_is_refused_for_good(house: House) -> None:
    access = Access(house.database)
    await access.deactivate(house.admin, house.alice.id)
    draft = TokenDraft("gift", Role.VIEWER, house.alice.id)
    for _ in range(2):
        with pytest.raises(Conflict, match="DEACTIVATED"):
            await access.create_token(house.admin, draft, "k")
        await access.reactivate(house.admin, house.alice.id)
    await access.create_token(house.admin, draft, "other")
    with pytest.raises(NotFound):
        await access.create_token(house.alice, TokenDraft("x", Role.VIEWER, new_id()), "k")


async def test_whoever_asks_with_another_token_renews_another_one(house: House) -> None:
    access, principals = Access(house.database), Principals(house.database)
    one, other = [
        await principals.authenticate((await access.create_token(house.alice, DRAFT)).value.secret)
        for _ in range(2)
    ]
    end = house.now + timedelta(days=1)
    renewed = await access.renew_token(one, None, end, "k")
    assert await access.renew_token(one, None, end, "k") == renewed
    with pytest.raises(Conflict, match="another request"):
        await access.renew_token(other, None, end, "k")


async def test_what_is_forbidden_is_not_remembered(house: House) -> None:
    access = Access(house.database)
    with pytest.raises(Forbidden):
        await access.set_role(house.alice, house.bob.id, Role.VIEWER, "k")
    async with house.database.engines.writing() as session:
        (await session.get_one(PrincipalRow, house.admin.id)).role = Role.OPERATOR
    # An admin who has been one until a moment ago.
    with pytest.raises(Forbidden):
        await access.set_role(house.admin, house.bob.id, Role.VIEWER, "k")
    assert await house.count(IdempotencyRow) == 0


async def test_requests_of_one_admin_at_once_do_not_wait_for_each_other(big_house: House) -> None:
    """Each holds a reference to the admin, who sent its key, before it locks all admins."""
    access, settings = Access(big_house.database), RunningSettings(big_house.database, Settings())
    people = [
        (await access.create_principal(big_house.admin, f"one {number}", Role.VIEWER)).value
        for number in range(8)
    ]
    await asyncio.gather(
        *(access.set_role(big_house.admin, one, Role.OPERATOR, f"role {one}") for one in people),
        *(access.create_token(big_house.admin, DRAFT, f"token {one}") for one in people),
        *(settings.update(big_house.admin, {"proxy_strikes": n}, f"strikes {n}") for n in range(1, 9)),
    )
    assert await big_house.count(IdempotencyRow) == 24
