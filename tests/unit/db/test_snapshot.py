"""A snapshot sees one state, however it is read, and gives its connection back whatever happens in it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, Select, Text, event, literal_column, select, text

from core.errors import Unavailable
from db.engine import Engines, in_time
from db.models import CampaignRow, EventLogHeadRow
from db.prepared import Prepared
from db.snapshot import Snapshot
from tests.servers.sqlite import migrated
from tests.unit.db.test_sqlite_driver import ENDLESS
from vocabulary.campaigns import CampaignStatus

POSITION = Prepared(select(EventLogHeadRow.position))
COLUMN = Prepared(select(EventLogHeadRow.position).limit(1), types={"position": BigInteger()})


@pytest.fixture
async def engines(tmp_path: Path) -> AsyncIterator[Engines]:
    engines = Engines(await migrated(tmp_path / "a.db"))
    # Whoever writes first tells the file to have a log of its own, for which nobody may read.
    await move(engines)
    yield engines
    assert "Current Checked out connections: 0" in engines.reader.pool.status()
    await engines.close()


async def move(engines: Engines) -> None:
    async with engines.writing() as session:
        await session.execute(text("UPDATE event_log_head SET position = position + 1"))


async def test_what_is_read_past_a_session_and_with_one_is_of_one_state(engines: Engines) -> None:
    snapshot = Snapshot(engines.reader)
    assert await snapshot.rows(POSITION) == [(1,)]
    await move(engines)
    session = await snapshot.session()
    assert (await session.execute(POSITION.statement)).scalar_one() == 1
    assert await snapshot.rows(POSITION) == [(1,)]
    await snapshot.close()
    assert await snapshot.rows(POSITION) == [(2,)]
    await snapshot.close()


async def test_a_session_that_was_first_is_joined(engines: Engines) -> None:
    snapshot = Snapshot(engines.reader)
    session = await snapshot.session()
    assert (await session.execute(POSITION.statement)).scalar_one() == 1
    await move(engines)
    assert await snapshot.rows(POSITION) == [(1,)]
    assert repr(snapshot) == "<Snapshot open>"
    await snapshot.close()
    assert repr(snapshot) == "<Snapshot idle>"


async def test_a_page_that_is_read_first_holds_its_state(engines: Engines, turns: list[object]) -> None:
    snapshot = Snapshot(engines.reader)
    assert await snapshot.columns(COLUMN, {}) == ([1],)
    await snapshot.close()
    turns.clear()
    assert await snapshot.columns(COLUMN, {}) == ([1],)
    assert len(turns) == 1
    for _ in range(2):
        await move(engines)
        assert await snapshot.columns(COLUMN, {}) == ([1],)
        assert await snapshot.rows(POSITION) == [(1,)]
    session = await snapshot.session()
    assert (await session.execute(POSITION.statement)).scalar_one() == 1
    assert await snapshot.columns(COLUMN, {}) == [(1,)]
    await snapshot.close()
    assert await snapshot.columns(COLUMN, {}) == ([3],)
    await snapshot.close()


async def test_who_gives_a_page_up_holds_nothing(engines: Engines) -> None:
    """Of what is held, the log of the file cannot be put away."""
    for read in (COLUMN, POSITION):
        snapshot = Snapshot(engines.reader)
        await (snapshot.columns(read, {}) if read is COLUMN else snapshot.rows(read))
        assert await put_away(engines) == "held"
        await snapshot.close()
        assert await put_away(engines) == "put away"


async def put_away(engines: Engines) -> str:
    """Whether all that was written can be put into the file itself, which it cannot while an older state is held."""
    await move(engines)
    with closing(sqlite3.connect(engines.url.database or "", timeout=0)) as raw:
        ((is_busy, _, _),) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return "held" if is_busy else "put away"


@pytest.mark.parametrize("is_first", [True, False])
async def test_whoever_is_cancelled_in_a_page_holds_nothing(engines: Engines, is_first: bool) -> None:
    snapshot = Snapshot(engines.reader)
    if not is_first:
        await snapshot.columns(COLUMN, {})
    begun = asyncio.Event()
    event.listen(engines.reader.sync_engine, "before_cursor_execute", lambda *_: begun.set())
    endless: Select[Any] = select(literal_column(f"({ENDLESS})").label("position")).limit(1)
    asking = asyncio.get_running_loop().create_task(
        snapshot.columns(Prepared(endless, types={"position": BigInteger()}), {})
    )
    await begun.wait()
    asking.cancel()
    async with asyncio.timeout(20):
        await asyncio.wait({asking})
    assert asking.cancelled()
    await snapshot.close()
    assert await put_away(engines) == "put away"


async def test_a_page_that_cannot_be_told_as_one_row_is_read_by_rows(engines: Engines) -> None:
    async with engines.writing() as session:
        await session.execute(text("UPDATE event_log_head SET incarnation = CAST(x'00ff' AS BLOB)"))
    types: dict[str, Any] = {"incarnation": Text(), "position": BigInteger()}
    wanted: Select[Any] = select(*(EventLogHeadRow.__table__.c[name] for name in types)).limit(1)
    snapshot = Snapshot(engines.reader)
    columns = await snapshot.columns(Prepared(wanted, types=types), {})
    assert columns == [(b"\0\xff",), (1,)]
    await move(engines)
    assert await snapshot.rows(POSITION) == [(1,)]
    await snapshot.close()


async def test_whoever_counts_statements_hears_of_it(engines: Engines) -> None:
    before = engines.statements
    snapshot = Snapshot(engines.reader)
    await snapshot.rows(POSITION)
    await snapshot.close()
    assert engines.statements == before + 1


async def test_values_are_bound_as_their_columns_say(engines: Engines) -> None:
    statuses = [CampaignStatus.DRAFT, CampaignStatus.RUNNING]
    wanted = select(CampaignRow.id).where(CampaignRow.status.in_(statuses), CampaignRow.version > 3)
    sent = Prepared(wanted).sent(engines.reader.sync_engine.dialect, {})
    assert (sent.text.count("?"), sent.values) == (3, ["DRAFT", "RUNNING", 3])


async def test_a_read_that_fails_is_an_outage_and_leaves_nothing(engines: Engines) -> None:
    snapshot = Snapshot(engines.reader)
    with pytest.raises(Unavailable, match="no such table"):
        async with in_time(20):
            await snapshot.rows(Prepared(select(literal_column("1")).select_from(text("nowhere"))))
    await snapshot.close()


async def test_whoever_is_cancelled_has_their_read_interrupted(engines: Engines) -> None:
    begun = asyncio.Event()
    event.listen(engines.reader.sync_engine, "before_cursor_execute", lambda *_: begun.set())
    snapshot = Snapshot(engines.reader)
    endless = Prepared(select(literal_column(f"({ENDLESS})")))
    asking = asyncio.get_running_loop().create_task(snapshot.rows(endless))
    await begun.wait()
    asking.cancel()
    async with asyncio.timeout(20):
        await asyncio.wait({asking})
    assert asking.cancelled()
    await snapshot.close()
