"""Snapshot and deltas against the database, whenever somebody subscribes; `bench/interleavings.py` plays many more."""

from pathlib import Path

import pytest

from graph.enums import ResetReason
from graph.followed import Followed
from live.window import Due, FrameWindow
from tests.interleavings.running import run
from vocabulary.operations import Frame

SEED = 20260101


async def test_what_is_folded_equals_the_database_at_each_cursor(tmp_path: Path) -> None:
    told = await run(f"sqlite+aiosqlite:///{tmp_path}/log.db", tmp_path, 120, SEED)
    assert told.failures == []
    assert len(told.distinct) == told.begun.total() >= 120
    # Each stream was begun in both ways, and compared more than once.
    assert len(told.begun) == 10
    compared = ("equal when begun", "equal at a cursor", "equal at rest", "not older")
    assert min(told.tally[name] for name in compared) > 20
    assert sum(told.tally[name] for name in compared) > 300
    assert told.tally["while somebody wrote"] > 0


class Torn(Followed):
    """Reads its position and its state one after the other, in two snapshots."""

    async def _snapshot(self, reason: ResetReason | None) -> Frame:
        exact = await super()._snapshot(reason)
        later = await super()._snapshot(reason)
        return Frame(position=exact.position, cursor=exact.cursor, payload=later.payload, last=later.last)


class Lossy(FrameWindow):
    """Loses every fourth frame, and says nothing."""

    count = 0

    def append(self, due: Due) -> None:
        Lossy.count += 1
        if Lossy.count % 4:
            super().append(due)


@pytest.mark.parametrize(
    ("where", "broken"),
    [("graph.openings.Followed", Torn), ("live.group.FrameWindow", Lossy)],
    ids=["a torn snapshot", "a lost frame"],
)
async def test_it_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, broken: type) -> None:
    """The comparison can fail: each of these is found within a few dozen subscriptions."""
    monkeypatch.setattr(where, broken)
    told = await run(f"sqlite+aiosqlite:///{tmp_path}/log.db", tmp_path, 400, SEED)
    assert [failure.partition(":")[0] for failure in told.failures][:1] == ["Different"]
