"""Random histories against a model: each subscriber received what it had to; `bench/histories.py` plays more."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from core.clock import SystemClock
from core.ids import new_id
from core.settings import Settings
from db.engine import Engines
from db.unit_of_work import Database
from events.campaign_events import CampaignCreated
from events.cursor import Cursor
from events.envelope import Page
from events.log import Lapsed, Log, Replaced
from events.outbox import record
from live.member import Chunk, Member, Source
from live.operations import Stream
from live.window import Due, FrameWindow
from services.retention import Retention
from tests.fakes.bell import RecordingBell
from tests.fakes.house import make_tables
from tests.histories.histories import History, Step, Tally, histories, play
from tests.histories.model import Broken
from tests.histories.readers import LogStream
from tests.histories.shrinking import shrunk
from tests.histories.source import MemoryLog, Snapshot, page_of
from tests.histories.world import Shape
from vocabulary.access import WORKER

SEED = 20260101
PLAYED = 250
# Each fault is found within so many histories; most within the first dozens.
FOUND_WITHIN = 400
NEWEST = 4


def test_every_subscriber_has_what_the_model_says() -> None:
    """A failure names the seed and the number, and the shortest history that shows it."""
    tally = Tally()
    for number, history in enumerate(histories(SEED, PLAYED)):
        try:
            play(history, tally)
        except Broken:
            least, why = shrunk(history, lambda one: play(one, Tally()))
            pytest.fail(f"Seed {SEED}, number {number}: {why}\n{least}")
    assert tally["connections"] > PLAYED
    assert {"SNAPSHOT", "RETENTION", "LOG_REPLACED", "skipped", "begin", "lose", "outage"} <= tally.keys()


def test_a_history_plays_the_same_each_time() -> None:
    (history,) = histories(SEED, 1)
    first, second = Tally(), Tally()
    play(history, first)
    play(history, second)
    assert first == second


def test_a_world_that_does_not_hold_together_is_not_taken_for_a_promise_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If nobody can join, nobody receives anything wrong."""

    def not_that_way(_stream: LogStream, *_given: object) -> None:
        raise TypeError("It is made in another way now.")

    monkeypatch.setattr(LogStream, "__init__", not_that_way)
    joining = History(Shape(), [Step("join", 0, 0)])
    with pytest.raises(TypeError, match="another way"):
        play(joining, Tally())


def test_a_history_is_shortened_to_what_matters() -> None:
    def breaks(history: History) -> None:
        if [step.kind for step in history.steps].count("commit") >= 2:
            raise Broken("Missing: two commits.")

    long = next(one for one in histories(SEED, 50) if [step.kind for step in one.steps].count("commit") > 5)
    assert [step.kind for step in shrunk(long, breaks)[0].steps] == ["commit", "commit"]


class Forgetful(MemoryLog):
    """Gives what is left where something was pruned."""

    async def read_after(self, position: int, limit: int, seen: Cursor | None = None) -> Page:
        return page_of(await self.snapshot(), position, limit)


class Credulous(MemoryLog):
    """Takes every cursor for its own."""

    async def knows(self, place: Cursor) -> bool:
        return True

    async def read_after(self, position: int, limit: int, seen: Cursor | None = None) -> Page:
        return await super().read_after(position, limit)


class Nervous(MemoryLog):
    """Says of the last position that is kept that it is not."""

    async def read_after(self, position: int, limit: int, seen: Cursor | None = None) -> Page:
        page = await super().read_after(position, limit, seen)
        if self.era.floor and position == self.era.floor:
            raise Lapsed("It is kept, in truth.")
        return page


class Torn(MemoryLog):
    """Reads the head in one snapshot and the rows in another, which may be of a commit later."""

    async def read_after(self, position: int, limit: int, seen: Cursor | None = None) -> Page:
        page = await super().read_after(position, limit, seen)
        await self.pause()
        return Page(page.envelopes, max(page.position, self.era.head))


class Unordered(MemoryLog):
    """Numbers that a sequence gave: every other commit is seen before the one that has the smaller number."""

    async def snapshot(self) -> Snapshot:
        seen = await super().snapshot()
        hidden = seen.position % 3 == 1 and seen.position > 1
        return Snapshot(seen.era, seen.position, seen.floor) if not hidden else self._without(seen)

    def _without(self, seen: Snapshot) -> Snapshot:
        era = seen.era
        rows = [*era.rows[: seen.position - 2], era.rows[seen.position - 1]]
        return Snapshot(type(era)(era.incarnation, rows, era.floor), len(rows), seen.floor)


@pytest.mark.parametrize("log", [Forgetful, Credulous, Nervous, Torn, Unordered])
def test_the_model_finds_a_log_that_is(log: type[MemoryLog]) -> None:
    assert _is_found(log)


class Leaking(FrameWindow):
    """Drops frames without raising its floor."""

    def append(self, due: Due) -> None:
        floor = self.floor
        super().append(due)
        self.floor = floor


class Deaf(Member):
    """Forgets every second call."""

    calls = 0

    def __init__(self, source: Source, stream: Stream, notify: Callable[[], None]) -> None:
        def heard() -> None:
            Deaf.calls += 1
            if Deaf.calls % 2:
                notify()

        super().__init__(source, stream, heard)


class Repeating(Member):
    """Does not move on when it takes the last of a page."""

    def _take_page(self, limit: int) -> Sequence[Due]:
        before = self.position
        due = super()._take_page(limit)
        if self._page is None and before is not None:
            self.position = before
        return due


class Hasty(Member):
    """Goes on from the end of what was fetched without having taken it."""

    def receive(self, chunk: Chunk | None, failure: list[dict[str, object]] | None = None) -> None:
        self.position = self.source.window.floor if self.position is None else self.position
        super().receive(chunk and Chunk((), chunk.position), failure)


@pytest.mark.parametrize(
    ("where", "broken"),
    [
        ("live.group.FrameWindow", Leaking),
        ("live.groups.Member", Deaf),
        ("live.groups.Member", Repeating),
        ("live.groups.Member", Hasty),
    ],
    ids=["a window that drops", "a member that is not woken", "a member that repeats", "a member that skips"],
)
def test_the_model_finds(monkeypatch: pytest.MonkeyPatch, where: str, broken: type) -> None:
    monkeypatch.setattr(where, broken)
    assert _is_found(MemoryLog)


def test_the_model_finds_a_doorbell_that_looks_only_when_it_is_rung(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.doorbell.Doorbell._look_later", lambda *_, **__: None)
    assert _is_found(MemoryLog)


def _is_found(log: type[MemoryLog]) -> bool:
    for history in histories(SEED, FOUND_WITHIN):
        try:
            play(history, Tally(), log)
        except Broken:
            return True
    return False


async def test_the_log_in_memory_promises_what_the_real_one_does(tmp_path: Path) -> None:
    """The same commits, prunes and restored backups, and the same answers to the same questions.

    Cursors that somebody had at any time are asked about, those of the past that a backup has undone included.
    """
    twins = Twins(tmp_path, Random(SEED))
    await make_tables(twins.url)
    for _ in range(3):
        for _ in range(2):
            await twins.commit()
            await twins.prune()
            await twins.compare()
        twins.back_up()
        for _ in range(2):
            await twins.commit()
        await twins.compare()
        await twins.restore()
        await twins.compare()
    await twins.engines.close()
    assert {"a page", "Lapsed", "Replaced"} <= twins.answers


class Twins:
    """The real log of a SQLite file and the one in memory, to which the same happens.

    `places` has every position with its tag in each of the two, as cursors of both.
    """

    def __init__(self, folder: Path, chance: Random) -> None:
        self.url = f"sqlite+aiosqlite:///{folder}/log.db"
        self.answers: set[str] = set()
        self._folder = folder
        self._chance = chance
        self._memory = MemoryLog(lambda: 0)
        self._places: list[tuple[Cursor, Cursor]] = []
        self._backed_up = 0
        self.open()

    def open(self) -> None:
        """Begin, also after the file was replaced."""
        self.engines = Engines(self.url)
        self._real = Log(self.engines)
        self._database = Database(self.engines, RecordingBell(), SystemClock())

    async def commit(self) -> None:
        """One transaction in each."""
        count, before = self._chance.randint(1, 3), self._memory.era.head
        position = self._memory.append([("a", "")] * count)
        async with self._database.write() as unit:
            for _ in range(count):
                # What a worker caused is really deleted when it is pruned.
                record(unit, CampaignCreated(campaign_id=new_id(), name="a"), actor=WORKER, owner_id=None)
        assert unit.position == position
        incarnation = (await self._real.head()).incarnation
        page = await self._real.read_after(before, count)
        for told in page.envelopes:
            place = Cursor(self._memory.era.incarnation, told.position, self._memory.era.tag(told.position))
            self._places.append((Cursor(incarnation, told.position, told.tag), place))

    async def prune(self) -> None:
        """Forget what is old in both, now and then."""
        self._memory.prune(
            self._chance.randint(0, self._memory.era.head) if self._chance.random() < 0.4 else 0
        )
        await Retention(self._database, Settings()).prune(self._memory.era.floor)

    def back_up(self) -> None:
        """Copy the file as it is."""
        self._backed_up = self._memory.era.head
        with closing(sqlite3.connect(self._folder / "log.db")) as here:
            here.execute(f"VACUUM INTO '{self._folder}/backup-{self._backed_up}.db'")

    async def restore(self) -> None:
        """Put the copy in the place of the file."""
        await self.engines.close()
        for beside in ("log.db-wal", "log.db-shm"):
            (self._folder / beside).unlink(missing_ok=True)
        (self._folder / f"backup-{self._backed_up}.db").replace(self._folder / "log.db")
        self._memory.restore(self._memory.era.head - self._backed_up)
        self.open()

    async def compare(self) -> None:
        """Ask both about the newest places and some others: with their tags, without, and of another log."""
        some = self._chance.sample(self._places[:-NEWEST], min(NEWEST, max(0, len(self._places) - NEWEST)))
        for real, memory in [*some, *self._places[-NEWEST:]]:
            await self._ask(real, memory)
            await self._ask(replace(real, tag=None), replace(memory, tag=None))
            foreign = replace(real, incarnation="0000000000f0")
            await self._ask(foreign, replace(memory, incarnation="0000000000f0"))
        beyond = self._memory.era.head + 1
        real, memory = self._places[-1]
        await self._ask(replace(real, position=beyond), replace(memory, position=beyond))

    async def _ask(self, real: Cursor, memory: Cursor) -> None:
        found = await _asked(self._real, real)
        assert found == await _asked(self._memory, memory), (real, memory)
        self.answers.add(found[0])


async def _asked(log: Log, place: Cursor) -> tuple[str, object]:
    """What a log answers, without its incarnation and its tags, which differ."""
    head = await log.head()
    try:
        page = await log.read_after(place.position, 2, place)
        kind, told = "a page", ([one.position for one in page.envelopes], page.position)
    except (Lapsed, Replaced) as error:
        kind, told = type(error).__name__, ([], 0)
    return kind, (told, head.position, head.floor, await log.knows(place))
