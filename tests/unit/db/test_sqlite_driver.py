"""One turn of a thread for a statement, and nobody closes a connection that a thread is busy with."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event, text

from core.errors import Unavailable
from db.engine import Engines
from db.sqlite_driver import Driver
from tests.integration.waiting import until

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
async def engines(tmp_path: Path) -> AsyncIterator[Engines]:
    engines = Engines(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}")
    async with engines.writing() as session:
        await session.execute(text("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT UNIQUE)"))
    yield engines
    await engines.close()


async def test_a_snapshot_of_one_statement_is_one_turn(engines: Engines, turns: list[object]) -> None:
    async with engines.reading() as session:
        await session.execute(text("SELECT 1"))
    turns.clear()
    async with engines.reading() as session:
        assert (await session.execute(text("SELECT name FROM things"))).all() == []
    assert len(turns) == 1


async def test_a_change_is_a_turn_for_each_of_its_steps(engines: Engines, turns: list[object]) -> None:
    async with engines.writing() as session:
        await session.execute(text("INSERT INTO things (name) VALUES ('a'), ('b')"))
    # The beginning, which may have to wait for a lock, the statement, and the end, which waits for the disk.
    assert len(turns) == 3


async def test_rows_are_given_as_they_are_asked_for(engines: Engines) -> None:
    names = [f"n{number}" for number in range(5)]
    async with engines.writing() as session:
        added = text("INSERT INTO things (name) VALUES (:name)")
        await session.execute(added, [{"name": name} for name in names])
    async with engines.reading() as session:
        wanted = text("SELECT name FROM things ORDER BY id")
        assert [row.name for row in await session.execute(wanted)] == names
        found = await session.execute(wanted)
        assert found.first() == ("n0",)
        found = await session.execute(wanted)
        assert [len(part) for part in found.partitions(2)] == [2, 2, 1]
        assert (await session.execute(text("SELECT name FROM things WHERE id = 9"))).one_or_none() is None


async def test_each_snapshot_sees_one_state(engines: Engines) -> None:
    count = text("SELECT count(*) FROM things")
    async with engines.reading() as session:
        assert (await session.execute(count)).scalar_one() == 0
        async with engines.writing() as other:
            await other.execute(text("INSERT INTO things (name) VALUES ('a')"))
        assert (await session.execute(count)).scalar_one() == 0
    async with engines.reading() as session:
        assert (await session.execute(count)).scalar_one() == 1


async def test_a_reader_writes_nothing(engines: Engines) -> None:
    with pytest.raises(Unavailable, match="readonly"):
        async with engines.reading() as session:
            await session.execute(text("INSERT INTO things (name) VALUES ('a')"))


async def test_whoever_is_cancelled_has_their_statement_interrupted(engines: Engines) -> None:
    begun = asyncio.Event()
    event.listen(engines.reader.sync_engine, "before_cursor_execute", lambda *_: begun.set())

    async def ask() -> None:
        async with engines.reading() as session:
            await session.execute(text(ENDLESS))

    asking = asyncio.get_running_loop().create_task(ask())
    await begun.wait()
    asking.cancel()
    async with asyncio.timeout(20):
        await asyncio.wait({asking})
    assert asking.cancelled()
    async with engines.reading() as session:
        assert (await session.execute(text("SELECT 1"))).scalar_one() == 1


async def test_whoever_is_cancelled_twice_waits_for_the_thread_all_the_same() -> None:
    driver = Driver(1)
    may, ended = asyncio.Event(), []
    loop = asyncio.get_running_loop()

    def work() -> None:
        asyncio.run_coroutine_threadsafe(may.wait(), loop).result()
        ended.append(True)

    doing = loop.create_task(driver.turn(None, work))
    for _ in range(3):
        await asyncio.sleep(0)
        doing.cancel()
    await asyncio.sleep(0)
    assert not doing.done()
    may.set()
    await until(doing.done)
    assert (doing.cancelled(), ended) == (True, [True])
    driver.close()


async def test_a_statement_that_its_thread_begins_after_the_interruption_is_ended_too() -> None:
    driver, loop = Driver(1), asyncio.get_running_loop()
    raw = sqlite3.connect(":memory:", check_same_thread=False)
    interrupted = threading.Event()

    def begin_late() -> object:
        interrupted.wait()
        return raw.execute(ENDLESS).fetchall()

    class Told(sqlite3.Connection):
        """It tells the thread when it was interrupted, while no statement ran."""

        def interrupt(self) -> None:
            raw.interrupt()
            interrupted.set()

    told = Told(":memory:")
    doing = loop.create_task(driver.turn(told, begin_late))
    await asyncio.sleep(0)
    doing.cancel()
    async with asyncio.timeout(20):
        await asyncio.wait({doing})
    assert doing.cancelled()
    for opened in (raw, told, driver):
        opened.close()


async def test_a_change_that_is_cancelled_is_taken_back_and_holds_nobody_up(engines: Engines) -> None:
    async def change() -> None:
        async with engines.writing() as session:
            await session.execute(text("INSERT INTO things (name) VALUES ('a')"))
            changed.set()
            await session.execute(text(ENDLESS))

    changed = asyncio.Event()
    changing = asyncio.get_running_loop().create_task(change())
    await changed.wait()
    await asyncio.sleep(0)
    changing.cancel()
    async with asyncio.timeout(20):
        await asyncio.wait({changing})
        async with engines.writing() as session:
            await session.execute(text("INSERT INTO things (name) VALUES ('a')"))
    async with engines.reading() as session:
        assert (await session.execute(text("SELECT count(*) FROM things"))).scalar_one() == 1
