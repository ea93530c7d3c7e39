"""Whoever watches the log is told before connections are refused for want of open files."""

import os
import resource
from collections.abc import Iterator
from contextlib import suppress

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.fakes.edge import serving
from tests.integration.waiting import until
from tests.unit.web.test_peers import PATIENCE, follow
from web import open_files
from web.open_files import LOOK_SECONDS, OpenFiles

COUNTED = "/proc/self/fdinfo"
"""It has one entry for each open file, too, and does not say how many."""


class Files:
    """Open files of this process, which may have `limit` of them."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._opened: list[int] = []

    def fill(self, count: int) -> None:
        """Have so many open."""
        more = count - in_use()
        for _ in range(more):
            self.open_one()
        for _ in range(-more):
            os.close(self._opened.pop())

    def open_one(self) -> None:
        self._opened.append(os.open(os.devnull, os.O_RDONLY))

    def close(self) -> None:
        for each in self._opened:
            os.close(each)


def in_use() -> int:
    """How many are open, but for the one that it takes to count them."""
    return len(os.listdir("/proc/self/fd")) - 1


@pytest.fixture
def logs() -> Iterator[list[EventDict]]:
    with capture_logs() as logs:
        yield logs


@pytest.fixture
def files() -> Iterator[Files]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = Files(in_use() + 400)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files.limit, hard))
    yield files
    files.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_it_is_said_once_until_there_was_room(files: Files, logs: list[EventDict]) -> None:
    watch, said = OpenFiles(), list[int]()
    for number, share in enumerate((0.94, 0.96, 0.99, 0.92, 0.96, 0.88, 0.94, 0.96)):
        files.fill(int(files.limit * share))
        watch.look(number * LOOK_SECONDS)
        said.append(len(logs))
    assert said == [0, 1, 1, 1, 1, 1, 1, 2]
    assert {key: logs[0][key] for key in ("event", "log_level", "limit")} == {
        "event": "open_files_scarce",
        "log_level": "warning",
        "limit": files.limit,
    }
    assert 0.95 <= logs[0]["open"] / files.limit < 0.97


def test_it_is_not_looked_at_all_the_time(files: Files, logs: list[EventDict]) -> None:
    watch = OpenFiles()
    watch.look(0)
    files.fill(files.limit - 2)
    watch.look(LOOK_SECONDS - 1)
    assert logs == []
    watch.look(LOOK_SECONDS)
    assert len(logs) == 1


@pytest.mark.parametrize("kept_in", [open_files.FILES, COUNTED])
@pytest.mark.parametrize("share", [0.94, 0.96, 1])
def test_they_are_counted_where_the_system_does_not_say_how_many(
    kept_in: str, share: float, files: Files, logs: list[EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And if there is none left to count them with."""
    monkeypatch.setattr(open_files, "FILES", kept_in)
    if share < 1:
        files.fill(int(files.limit * share))
    else:
        with suppress(OSError):
            while True:
                files.open_one()
    OpenFiles().look(0)
    assert len(logs) == (share > 0.95)


def test_where_it_cannot_be_known_nothing_is_said(
    files: Files, logs: list[EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_files, "FILES", "/proc/self/nothing")
    files.fill(files.limit - 2)
    OpenFiles().look(0)
    assert logs == []


async def test_a_process_that_serves_looks_by_itself(files: Files, logs: list[EventDict]) -> None:
    async with serving(patience=PATIENCE) as edge:
        files.fill(files.limit - 8)
        await follow(edge)
        await until(lambda: any(each["event"] == "open_files_scarce" for each in logs))
