"""Both databases come from the same migrations, and are what the models say."""

from db import migrating
from db.engine import Engines
from db.repositories import event_log


async def test_migrated_database_equals_the_models(database_url: str) -> None:
    assert await migrating.differences(database_url) == []
    assert await migrating.current(database_url) == migrating.newest()


async def test_up_down_up_leaves_nothing_behind_and_a_new_log(database_url: str) -> None:
    before = await _incarnation(database_url)
    await migrating.downgrade(database_url, "base")
    assert await migrating.current(database_url) is None
    assert len(await migrating.differences(database_url)) >= 20
    await migrating.upgrade(database_url)
    assert await migrating.differences(database_url) == []
    assert await _incarnation(database_url) != before


async def test_upgrade_of_an_upgraded_database_changes_nothing(database_url: str) -> None:
    before = await _incarnation(database_url)
    await migrating.upgrade(database_url)
    assert await _incarnation(database_url) == before


async def _incarnation(url: str) -> str:
    engines = Engines(url)
    async with engines.reading() as session:
        head = await event_log.head(session)
    await engines.close()
    assert (head.position, head.floor) == (0, 0)
    return head.incarnation
