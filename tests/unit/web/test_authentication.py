"""Who is asking is remembered for a moment, for those who only read, and nobody is let pass who was sent away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from auth.principal import Principal
from auth.tokens import Unauthenticated
from core.errors import Conflict
from core.tasks import Owner
from services.access import Access
from services.principals import Principals
from tests.fakes.house import House, open_house
from tests.integration.waiting import until
from vocabulary.access import Role
from web import authentication
from web.authentication import BearerTokens


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}") as house:
        yield house


@pytest.fixture
def tokens(house: House) -> BearerTokens:
    return BearerTokens(Principals(house.database), house.clock)


@pytest.fixture
def access(house: House, tokens: BearerTokens) -> Access:
    """As `web/app.py` puts the two together."""
    access = Access(house.database)
    access.on_change = tokens.forget
    return access


@pytest.fixture
async def header(house: House) -> str:
    """Of a token of alice's."""
    token, _ = await Principals(house.database).create_token("alice", "phone", Role.OPERATOR)
    return f"Bearer {token}"


async def test_whoever_reads_is_looked_up_once(house: House, tokens: BearerTokens, header: str) -> None:
    found = await tokens.recognise(header)
    assert found.id == house.alice.id
    before = house.database.engines.statements
    assert [await tokens.recognise(header) for _ in range(3)] == [found] * 3
    assert house.database.engines.statements == before


async def test_whoever_changes_something_is_looked_up_each_time(
    house: House, tokens: BearerTokens, header: str
) -> None:
    await tokens(header)
    before = house.database.engines.statements
    await tokens(header)
    assert house.database.engines.statements > before


async def test_a_token_that_is_revoked_here_ends_at_once(
    house: House, tokens: BearerTokens, access: Access, header: str
) -> None:
    found = await tokens.recognise(header)
    assert found.token_id is not None
    await access.revoke_token(house.admin, found.token_id)
    with pytest.raises(Unauthenticated):
        await tokens.recognise(header)


async def test_whoever_is_deactivated_here_is_nobody_at_once(
    house: House, tokens: BearerTokens, access: Access, header: str
) -> None:
    await tokens.recognise(header)
    await access.deactivate(house.admin, house.alice.id)
    with pytest.raises(Unauthenticated):
        await tokens.recognise(header)
    await access.reactivate(house.admin, house.alice.id)
    assert (await tokens.recognise(header)).id == house.alice.id


async def test_whoever_may_do_less_may_do_less_at_once(
    house: House, tokens: BearerTokens, access: Access, header: str
) -> None:
    assert (await tokens.recognise(header)).role is Role.OPERATOR
    await access.set_role(house.admin, house.alice.id, Role.VIEWER)
    assert (await tokens.recognise(header)).role is Role.VIEWER


async def test_a_change_of_which_nobody_knows_how_it_ended_is_taken_for_one(
    house: House, tokens: BearerTokens, access: Access, header: str
) -> None:
    await tokens.recognise(header)
    with pytest.raises(Conflict):
        await access.set_role(house.admin, house.admin.id, Role.VIEWER)
    before = house.database.engines.statements
    await tokens.recognise(header)
    assert house.database.engines.statements > before


async def test_a_token_that_another_process_revokes_ends_soon(
    monkeypatch: pytest.MonkeyPatch, house: House, tokens: BearerTokens, header: str
) -> None:
    monkeypatch.setattr(authentication, "REMEMBERED_SECONDS", 0.05)
    loop = asyncio.get_running_loop()
    found = await tokens.recognise(header)
    assert found.token_id is not None
    await Access(house.database).revoke_token(house.admin, found.token_id)
    # It was remembered before this moment, so it is no more once as long has gone by.
    end = loop.time() + authentication.REMEMBERED_SECONDS
    await until(lambda: loop.time() >= end)
    with pytest.raises(Unauthenticated):
        await tokens.recognise(header)


async def test_a_token_ends_at_its_end_although_it_is_remembered(house: House, tokens: BearerTokens) -> None:
    token, _ = await Principals(house.database).create_token(
        "alice", "short", Role.VIEWER, timedelta(hours=1)
    )
    await tokens.recognise(f"Bearer {token}")
    house.clock.advance(3600)
    with pytest.raises(Unauthenticated):
        await tokens.recognise(f"Bearer {token}")


class Held(Principals):
    """Finds out who somebody is, and tells it when it may."""

    def __init__(self, house: House) -> None:
        super().__init__(house.database)
        self.found = asyncio.Event()
        self.may = asyncio.Event()

    async def authenticate(self, token: str) -> Principal:
        principal = await super().authenticate(token)
        self.found.set()
        await self.may.wait()
        return principal


async def test_what_was_found_out_before_a_change_is_not_remembered_after_it(
    house: House, header: str
) -> None:
    principals = Held(house)
    tokens, access = BearerTokens(principals, house.clock), Access(house.database)
    access.on_change = tokens.forget
    async with Owner("test") as owner:
        asking = owner.start(tokens.recognise(header), "ask")
        await principals.found.wait()
        await access.deactivate(house.admin, house.alice.id)
        principals.may.set()
        assert (await asking).id == house.alice.id
    with pytest.raises(Unauthenticated):
        await tokens.recognise(header)


async def test_so_many_are_remembered_and_no_more(
    monkeypatch: pytest.MonkeyPatch, house: House, tokens: BearerTokens
) -> None:
    monkeypatch.setattr(authentication, "REMEMBERED_MOST", 2)
    for number in range(5):
        token, _ = await Principals(house.database).create_token("alice", f"t{number}", Role.VIEWER)
        await tokens.recognise(f"Bearer {token}")
        assert repr(tokens) in {"<BearerTokens 1 remembered>", "<BearerTokens 2 remembered>"}


@pytest.mark.parametrize("given", [None, "", "Basic eDp5", "Bearer", "Bearer unknown"])
async def test_nobody_stays_nobody(tokens: BearerTokens, given: str | None) -> None:
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            await tokens.recognise(given)
    assert repr(tokens) == "<BearerTokens 0 remembered>"


async def test_each_use_of_a_good_token_is_told_and_of_no_other(house: House, header: str) -> None:
    used: list[UUID] = []
    tokens = BearerTokens(Principals(house.database), house.clock, used.append)
    found = await tokens(header)
    assert used == [found.token_id]
    for _ in range(2):
        await tokens.recognise(header)
    assert used == [found.token_id] * 3
    with pytest.raises(Unauthenticated):
        await tokens.recognise("Bearer unknown")
    assert len(used) == 3
