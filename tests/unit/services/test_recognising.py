"""Who has a token, asked by many at once."""

import asyncio
from pathlib import Path

from auth.principal import Principal
from auth.tokens import Unauthenticated
from services.principals import Principals
from tests.fakes.house import open_house
from vocabulary.access import Role

MANY = 50


async def test_who_comes_at_once_is_looked_up_at_once_and_each_is_answered_alone(tmp_path: Path) -> None:
    async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}") as house:
        principals = Principals(house.database)
        good, info = await principals.create_token("alice", "good", Role.OPERATOR)
        lesser, _ = await principals.create_token("admin", "lesser", Role.VIEWER)
        over, ended = await principals.create_token("bob", "over", Role.OPERATOR)
        await principals.revoke_token(ended.id)
        before = house.database.engines.statements
        found = await asyncio.gather(
            *(principals.authenticate(token) for token in [good, lesser, over, "unknown"] * MANY),
            return_exceptions=True,
        )
        # The first who comes asks alone, and the second for everybody else.
        assert house.database.engines.statements - before == 2
    alice = Principal(house.alice.id, "alice", Role.OPERATOR, info.id)
    for position, each in enumerate(found):
        match position % 4:
            case 0:
                assert each == alice
            case 1:
                assert isinstance(each, Principal)
                assert (each.name, each.role) == ("admin", Role.VIEWER)
            case _:
                assert isinstance(each, Unauthenticated)


async def test_a_token_that_is_revoked_is_refused_to_who_asks_after_that(tmp_path: Path) -> None:
    """Also while somebody is being answered who has asked before."""
    async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}") as house:
        principals = Principals(house.database)
        token, info = await principals.create_token("alice", "short", Role.OPERATOR)

        async def revoke_and_ask() -> object:
            await principals.revoke_token(info.id)
            return await principals.authenticate(token)

        asking = [principals.authenticate(token) for _ in range(MANY)]
        *_, later = await asyncio.gather(*asking, revoke_and_ask(), return_exceptions=True)
        assert isinstance(later, Unauthenticated)
