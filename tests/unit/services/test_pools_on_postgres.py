"""Pools on PostgreSQL, where two may really change the same one at once."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from auth.sealing import Sealer
from core.errors import NotFound
from core.settings import Settings
from db.models import ProxyPoolMemberRow, ProxyPoolRow, ProxyRow
from db.queries.proxies import Record, since, stats
from services.pools import PoolDraft, PoolPatch, Pools
from services.proxies import Proxies
from services.proxy_accounts import Accounting, ProxyOutcome
from tests import factories
from tests.fakes.house import House
from vocabulary.proxies import StatsWindow


@pytest.fixture
def house(big_house: House) -> House:
    return big_house


@pytest.fixture
def pools(house: House) -> Pools:
    return Pools(house.database)


@pytest.fixture
async def proxies(house: House, tmp_path: Path) -> list[UUID]:
    service = Proxies(house.database, Sealer.from_file(tmp_path / "key"))
    drafts = [factories.proxy(f"n{port}", port=port) for port in range(1, 9)]
    return [(await service.create(house.alice, draft)).value.id for draft in drafts]


async def told(house: House) -> dict[UUID, tuple[UUID, ...]]:
    """The pools that each proxy says that it is in."""
    async with house.database.engines.reading() as session:
        rows = (await session.execute(select(ProxyRow))).scalars()
        return {row.id: row.pool_ids for row in rows}


async def test_those_who_change_a_pool_at_once_take_turns(
    house: House, pools: Pools, proxies: list[UUID]
) -> None:
    """In every order of the proxies, so that locks taken as they are named would meet."""
    ident = (await pools.create(house.alice, PoolDraft("fleet"))).value
    await asyncio.gather(
        *(pools.add_proxies(house.alice, ident, proxies[n:] + proxies[:n]) for n in range(8)),
        *(pools.update(house.alice, ident, PoolPatch(max_retries=n)) for n in range(10, 14)),
    )
    async with house.database.engines.reading() as session:
        members = [*(await session.execute(select(ProxyPoolMemberRow))).scalars()]
        row = await session.get_one(ProxyPoolRow, ident)
    assert {member.proxy_id for member in members} == {*proxies}
    assert sorted(member.ordinal for member in members) == [*range(8)]
    # One found the proxies outside, the seven others inside; each of the four changed the number.
    assert row.version == 1 + 1 + 4
    assert await told(house) == dict.fromkeys(proxies, (ident,))


async def test_a_pool_that_is_deleted_while_others_fill_it_leaves_nothing(
    house: House, pools: Pools, proxies: list[UUID]
) -> None:
    ident = (await pools.create(house.alice, PoolDraft("fleet"))).value
    results = await asyncio.gather(
        *(pools.add_proxies(house.alice, ident, [each]) for each in proxies),
        pools.delete(house.alice, ident),
        return_exceptions=True,
    )
    assert {type(result) for result in results if isinstance(result, BaseException)} <= {NotFound}
    assert await house.count(ProxyPoolRow) == 0
    assert await house.count(ProxyPoolMemberRow) == 0
    assert await told(house) == dict.fromkeys(proxies, ())


async def test_records_add_up(house: House, proxies: list[UUID]) -> None:
    accounting = Accounting(Settings())

    async def use(good: int) -> None:
        async with house.database.write() as unit:
            outcomes = [ProxyOutcome(each, None if n < good else "x") for n, each in enumerate(proxies)]
            await accounting.settle(unit, outcomes)

    await asyncio.gather(*(use(good) for good in (8, 6, 7)))
    start = since(StatsWindow.LAST_HOUR, house.now)
    async with house.database.engines.reading() as session:
        assert (await stats(session, house.alice.scope, start)).record == Record(21, 3)
        assert (await stats(session, house.alice.scope, None)).record == Record(21, 3)
