"""A database that is replaced under a running process: its readers are told, and go on in the log that is there."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from core.clock import SystemClock
from core.errors import Unavailable
from core.settings import Settings
from db.engine import Engines
from db.unit_of_work import Database
from events import cursor
from services.retention import Retention
from tests import factories
from tests.fakes.bell import RecordingBell
from tests.fakes.house import open_house
from tests.fakes.stage import Frame, Stage, Watcher, open_stage
from tests.integration.recording import commit
from tests.integration.replacing import Backup, PostgresBackup, SqliteBackup
from tests.integration.waiting import until
from tests.servers.postgres import PostgresServer

ACTIVITY = """
subscription ($after: Cursor) { activity(after: $after) {
  __typename
  ... on ActivitySnapshot { activities { summary } }
  ... on ActivityAdded { activity { summary cursor } }
  ... on StreamReset { reason snapshot { ... on ActivitySnapshot { activities { summary } } } }
} }
"""


class Installation:
    """A running process and a backup of its database."""

    def __init__(self, stage: Stage, backup: Backup) -> None:
        self.stage = stage
        self.backup = backup

    async def happen(self, *names: str) -> None:
        for name in names:
            await self.stage.services.personas.create(self.stage.house.alice, factories.dns_persona(name))

    async def watch(self, after: str | None = None, last_event_id: str | None = None) -> Watcher:
        return await self.stage.watch(self.stage.house.alice, ACTIVITY, last_event_id, after=after)

    async def change(self, *statements: str) -> None:
        """Change the copy before it is brought back."""
        engines = Engines(self.backup.url)
        async with engines.writing() as session:
            for statement in statements:
                await session.execute(text(statement))
        await engines.close()

    async def go_on_in_the_copy(self, events: int) -> None:
        engines = Engines(self.backup.url)
        await commit(Database(engines, RecordingBell(), SystemClock()), *("elsewhere",) * events)
        await engines.close()


@pytest.fixture
def sqlite_place(tmp_path: Path) -> tuple[str, Backup]:
    return f"sqlite+aiosqlite:///{tmp_path / 'live.db'}", SqliteBackup(tmp_path / "live.db")


@pytest.fixture
async def postgres_place(postgres_server: PostgresServer) -> tuple[str, Backup]:
    database = await postgres_server.create_database()
    return database.sqlalchemy_url(), PostgresBackup(postgres_server, database)


@pytest.fixture(params=["sqlite_place", "postgres_place"])
def place(request: pytest.FixtureRequest) -> tuple[str, Backup]:
    found: tuple[str, Backup] = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def installation(place: tuple[str, Backup], tmp_path: Path) -> AsyncIterator[Installation]:
    url, backup = place
    async with open_house(url) as house, open_stage(house, tmp_path / "key") as stage:
        yield Installation(stage, backup)


def told(frame: Frame) -> tuple[str, list[str]]:
    """What a frame is, and what it tells."""
    shown = frame.get("snapshot") or frame
    found = [shown["activity"]] if "activity" in shown else shown["activities"]
    return str(frame.get("reason", frame["__typename"])), [
        each["summary"].partition("“")[2].partition("”")[0] for each in found
    ]


async def test_its_own_past(installation: Installation) -> None:
    """The log goes on from an earlier position, with other events where the process has been already."""
    stage = installation.stage
    await installation.happen("one")
    await installation.backup.take()
    await installation.happen("undone", "also undone")
    watcher = await installation.watch()
    assert told(await watcher.next()) == ("ActivitySnapshot", ["also undone", "undone", "one"])
    await installation.happen("undone too")
    lost = await watcher.next()
    assert told(lost) == ("ActivityAdded", ["undone too"])

    await installation.backup.restore()
    # The ring of this commit is for a position that the hub has passed: it is the tag that is another.
    await installation.happen("two")
    assert told(await watcher.next()) == ("LOG_REPLACED", ["two", "one"])
    await installation.happen("three")
    following = await watcher.next()
    assert told(following) == ("ActivityAdded", ["three"])
    assert stage.hub.position == cursor.decode(following["cursor"]).position == 3

    await installation.happen("four")
    for back in (await installation.watch(lost["cursor"]), await installation.watch(None, lost["cursor"])):
        assert told(await back.next()) == ("LOG_REPLACED", ["four", "three", "two", "one"])
    again = await installation.watch(following["cursor"])
    assert told(await again.next()) == ("ActivityAdded", ["four"])


async def test_another_log_that_is_longer(installation: Installation) -> None:
    """It has events at all the positions that readers know, and of what follows them none may be told."""
    await installation.happen("one", "two")
    await installation.backup.take()
    watcher = await installation.watch(await installation.stage.cursor_of(1))
    old = await watcher.next()
    assert told(old) == ("ActivityAdded", ["two"])
    await installation.change("UPDATE event_log_head SET incarnation = 'ba9876543210'")
    await installation.go_on_in_the_copy(5)
    await installation.backup.restore()
    installation.stage.hub.rung(None)
    reset = await watcher.next()
    assert told(reset) == ("LOG_REPLACED", ["two", "one"])
    assert cursor.decode(reset["cursor"]).incarnation == installation.stage.hub.incarnation == "ba9876543210"
    back = await installation.watch(old["cursor"])
    assert told(await back.next())[0] == "LOG_REPLACED"
    await installation.happen("three")
    added = await watcher.next()
    assert told(added) == ("ActivityAdded", ["three"])
    assert added["activity"]["cursor"] == added["cursor"]


async def test_while_nothing_happens_it_is_noticed_by_whoever_subscribes(installation: Installation) -> None:
    """A snapshot of the new log is not handed to a reader of the old one's hub."""
    await installation.happen("one")
    await installation.backup.take()
    await installation.happen("undone")
    watcher = await installation.watch()
    await watcher.next()
    await installation.backup.restore()
    newcomer = await installation.watch()
    assert told(await newcomer.next()) == ("ActivitySnapshot", ["one"])
    assert told(await watcher.next()) == ("LOG_REPLACED", ["one"])
    assert installation.stage.hub.position == 1


async def test_a_reader_far_behind_is_not_given_a_page_of_another_log(installation: Installation) -> None:
    """The page would be read from the database: the hub's own place is looked for in the same snapshot."""
    hub = installation.stage.hub
    await installation.happen("one")
    await installation.backup.take()
    await commit(installation.stage.database, *("undone",) * 2500)
    await until(lambda: hub.position == 2501)
    assert (await hub.read_after(1, 2, hub.era)).envelopes
    await installation.backup.restore()
    era = hub.era
    with pytest.raises(Unavailable, match="has not come by"):
        await hub.read_after(1, 2, era)
    await until(lambda: hub.era > era)
    assert hub.position == 1


async def test_a_reader_behind_what_was_pruned_is_reset_with_a_snapshot(
    installation: Installation, tmp_path: Path
) -> None:
    """The window of the old hub still has it all; a process that starts afterwards has to go by the log."""
    house = installation.stage.house
    await installation.happen("one", "two")
    house.clock.advance(31 * 86_400)
    await installation.happen("three")
    places = [await installation.stage.cursor_of(position) for position in (1, 2)]
    retention = Retention(installation.stage.database, Settings())
    assert await retention.prune((await retention.outlook()).upto) == 2
    in_the_window = await installation.watch(places[0])
    assert told(await in_the_window.next()) == ("ActivityAdded", ["two"])
    async with open_stage(house, tmp_path / "key") as restarted:
        behind = await restarted.watch(house.alice, ACTIVITY, after=places[0])
        # The list has what somebody caused all the same.
        assert told(await behind.next()) == ("RETENTION", ["three", "two", "one"])
        at_the_floor = await restarted.watch(house.alice, ACTIVITY, after=places[1])
        assert told(await at_the_floor.next()) == ("ActivityAdded", ["three"])
