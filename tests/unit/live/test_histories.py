"""Random histories against a model: each subscriber received what it had to; `bench/histories.py` plays more."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from core.clock import SystemClock
from db.engine import Engines
from db.unit_of_work import Database
from events.cursor import Cursor
from events.envelope import Page
from events.log import Lapsed, Log, Replaced
from live.member import Chunk, Member
from live.window import Due, FrameWindow
from tests.fakes.bell import RecordingBell
from tests.fakes.house import make_tables
from tests.histories.histories import History, Tally, histories, play
from tests.histories.model import Broken
from tests.histories.shrinking import shrunk
from tests.histories.source import MemoryLog, Snapshot, page_of
from tests.integration.recording import commit

SEED = 20260101
PLAYED = 250
# Each fault is found within so many histories; most within the first dozens.
FOUND_WITHIN = 400


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

    def notify(self) -> None:
        Deaf.calls += 1
        if Deaf.calls % 2:
            super().notify()


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
        ("live.group.Member", Deaf),
        ("live.group.Member", Repeating),
        ("live.group.Member", Hasty),
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
    """The same commits and prunes, and the same answers to the same questions."""
    url = f"sqlite+aiosqlite:///{tmp_path}/log.db"
    await make_tables(url)
    engines = Engines(url)
    real, memory, chance = Log(engines), MemoryLog(lambda: 0), Random(SEED)
    database = Database(engines, RecordingBell(), SystemClock())
    for _ in range(12):
        count = chance.randint(1, 3)
        assert await commit(database, *["a"] * count) == memory.append([("a", "")] * count)
        await _prune(engines, memory, chance.randint(0, memory.era.head) if chance.random() < 0.3 else 0)
        for position in range(memory.era.head + 2):
            assert await _asked(real, position) == await _asked(memory, position)
    await engines.close()


async def _prune(engines: Engines, memory: MemoryLog, floor: int) -> None:
    memory.prune(floor)
    async with engines.writing() as session:
        connection = await session.connection()
        await connection.exec_driver_sql(f"DELETE FROM event_log WHERE position <= {memory.era.floor}")
        await connection.exec_driver_sql(f"UPDATE event_log_head SET floor = {memory.era.floor}")


async def _asked(log: Log, position: int) -> object:
    """What a log answers, without its incarnation and its tags, which differ."""
    head = await log.head()
    place = Cursor(head.incarnation, position, None)
    foreign = Cursor("0000000000f0", position, None)
    try:
        page = await log.read_after(position, 2, place)
        found: object = [one.position for one in page.envelopes], page.position
    except (Lapsed, Replaced) as error:
        found = type(error)
    return found, head.position, head.floor, await log.knows(place), await log.knows(foreign)
