"""Importing and cleaning on PostgreSQL, where two may really do it at once."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from auth.sealing import Sealer
from core.errors import Conflict
from core.tasks import Owner
from db.models import CampaignProxyRow, ProxyRow, ShardRow
from db.repositories import proxy_lists as rows
from db.repositories.proxy_use import lock_with_probes
from services.campaigns import Campaigns
from services.personas import Personas
from services.proxies import Proxies
from services.proxy_lists import ImportedLine, ProxyLists
from services.written import Written
from tests import factories
from tests.fakes.house import House
from vocabulary.proxies import ImportOutcome, ProxyHealth, ProxyProtocol

TEXT = "\n".join(f"h{n}.example:80:ada:secret" for n in range(50))


@pytest.fixture
def house(big_house: House) -> House:
    return big_house


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    return Sealer.from_file(tmp_path / "key")


@pytest.fixture
def lists(house: House, sealer: Sealer) -> ProxyLists:
    return ProxyLists(house.database, sealer)


async def take(
    house: House, lists: ProxyLists, text: str = TEXT, *, dry_run: bool = False
) -> Written[tuple[ImportedLine, ...]]:
    return await lists.import_text(house.alice, text, ProxyProtocol.HTTP, dry_run=dry_run)


async def until_somebody_waits(house: House) -> None:
    """Return when a connection to the database waits for a lock of another."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    for _ in range(2000):
        async with house.database.engines.reading() as session:
            if (await session.execute(waiting)).scalar_one():
                return
    raise AssertionError("Nobody waits.")


async def all_fail(house: House) -> None:
    async with house.database.engines.writing() as session:
        await session.execute(update(ProxyRow).values(health=ProxyHealth.UNHEALTHY, consecutive_failures=3))


async def test_of_imports_at_once_one_adds_and_the_others_find_it_done(
    house: House, lists: ProxyLists
) -> None:
    written = await asyncio.gather(*(take(house, lists) for _ in range(4)))
    found = [{line.outcome for line in one.value} for one in written]
    assert found.count({ImportOutcome.ALREADY_EXISTS}) == 3
    assert found.count({ImportOutcome.ADDED}) == 1
    assert await house.head() == await house.count(ProxyRow) == await house.count(ShardRow) == 50
    assert {one.position for one in written} == {50}
    assert {line.outcome for line in (await take(house, lists, dry_run=True)).value} == {
        ImportOutcome.ALREADY_EXISTS
    }


async def test_an_import_that_meets_an_addition_of_the_same_proxy_adds_nothing(
    house: House, lists: ProxyLists, sealer: Sealer
) -> None:
    proxy = factories.proxy("h.example:80", "h.example", 80)
    async with Owner("test") as owner:
        async with house.database.engines.writing() as session:
            state = (await Proxies(house.database, sealer).create(house.bob, proxy)).value
            row = await session.get_one(ProxyRow, state.id)
            row.owner_id = house.alice.id
            await session.flush()
            importing = owner.start(refusal(take(house, lists, "h.example:80\nother.example:80")), "import")
            await until_somebody_waits(house)
        assert await importing == "ALREADY_EXISTS"
    assert await house.count(ProxyRow) == 1


async def test_an_import_does_not_hold_up_other_verbs_of_its_owner(
    house: House, lists: ProxyLists, sealer: Sealer
) -> None:
    async with house.database.engines.writing() as session:
        await rows.take_turn(session, house.alice.id)
        async with asyncio.timeout(10):
            await Proxies(house.database, sealer).create(house.alice, factories.proxy())
    assert await house.head() == 1


async def test_cleaning_waits_for_a_campaign_that_takes_the_proxy_up(house: House, lists: ProxyLists) -> None:
    one, other = [line.proxy for line in (await take(house, lists, "a.example:1\nb.example:1")).value]
    assert one is not None
    assert other is not None
    personas, campaigns = Personas(house.database), Campaigns(house.database)
    dns = (await personas.create(house.alice, factories.dns_persona())).value
    http = (await personas.create(house.alice, factories.http_persona())).value
    made = (await campaigns.create(house.alice, factories.campaign(dns, http))).value
    await all_fail(house)
    async with Owner("test") as owner:
        async with house.database.engines.writing() as session:
            session.add(CampaignProxyRow(campaign_id=made, ordinal=0, proxy_id=one.id))
            await session.flush()
            cleaning = owner.start(lists.clean_unhealthy(house.alice, 3, dry_run=False), "clean")
            await until_somebody_waits(house)
        cleaned = (await cleaning).value
    assert [proxy.id for proxy in cleaned.proxies] == [other.id]
    assert [kept.proxy.id for kept in cleaned.kept] == [one.id]


async def test_what_was_healed_while_cleaning_waited_stays(house: House, lists: ProxyLists) -> None:
    [line, _] = (await take(house, lists, "a.example:1\nb.example:1")).value
    assert line.proxy is not None
    await all_fail(house)
    async with Owner("test") as owner:
        async with house.database.engines.writing() as session:
            [(row, _)] = await lock_with_probes(session, [line.proxy.id])
            row.health, row.consecutive_failures = ProxyHealth.HEALTHY, 0
            await session.flush()
            cleaning = owner.start(lists.clean_unhealthy(house.alice, 1, dry_run=False), "clean")
            await until_somebody_waits(house)
        cleaned = (await cleaning).value
    assert ([proxy.host for proxy in cleaned.proxies], cleaned.kept) == (["b.example"], ())
    async with house.database.engines.reading() as session:
        assert (await session.execute(select(ProxyRow.host))).scalars().all() == ["a.example"]


async def test_cleaning_twice_at_once_removes_once(house: House, lists: ProxyLists) -> None:
    await take(house, lists)
    await all_fail(house)
    cleaned = await asyncio.gather(*(lists.clean_unhealthy(house.alice, 3, dry_run=False) for _ in range(3)))
    assert sorted(len(one.value.proxies) for one in cleaned) == [0, 0, 50]
    assert (await house.head(), await house.count(ProxyRow)) == (100, 0)


async def refusal(verb: Awaitable[object]) -> str | None:
    """The code of the conflict that a verb ends in."""
    try:
        await verb
    except Conflict as conflict:
        return conflict.detail.code
    return None
