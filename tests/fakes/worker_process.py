"""A worker in a process of its own, for tests that kill it: `python -m tests.fakes.worker_process SETTINGS [SECONDS]`.

SETTINGS is the JSON of the settings, and `key` the key of the sealer. It hears no bell, so it finds what is ready
when it starts and what falls due after that; it ends by being killed. With SECONDS it is so slow that each page takes
as long to be judged, a few at a time, so that it can be killed in the middle of that.
"""

import asyncio
import sys
import threading
from collections.abc import Sequence
from typing import Any

import msgspec

from auth.sealing import Sealer
from core.clock import SystemClock
from core.settings import load
from db.engine import Engines
from db.repositories.verdicts import Result
from db.unit_of_work import Database
from tests.fakes.bell import RecordingBell
from workers import judging
from workers.judging import Judging
from workers.main import build_runner


class WakingItself(RecordingBell):
    """Hears only what this process commits."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = asyncio.Event()

    def settle(
        self, number: int, outcome: object, position: int, *, work: bool, tag: int | None = None
    ) -> None:
        if work:
            self.heard.set()


def slow_down(seconds: float) -> None:
    """Let each page take a while, as on a slow machine."""
    quickly = Judging._work

    def slowly(self: Judging[Any], chunk: Sequence[Any]) -> list[Result]:
        threading.Event().wait(seconds * len(chunk))
        return quickly(self, chunk)

    judging.CHUNK = 4
    Judging._work = slowly  # type: ignore[method-assign]


async def main() -> None:
    if len(sys.argv) > 2:
        slow_down(float(sys.argv[2]))
    settings = load(**msgspec.json.decode(sys.argv[1]))
    bell = WakingItself()
    database = Database(Engines(settings.database_url), bell, SystemClock())
    runner = build_runner(database, settings, Sealer([b"A" * 43 + b"="]))
    await runner.start()
    while True:
        await bell.heard.wait()
        bell.heard.clear()
        runner.wake()


if __name__ == "__main__":
    asyncio.run(main())
