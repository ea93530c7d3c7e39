"""A worker in a process of its own, for tests that kill it: `python -m tests.fakes.worker_process SETTINGS`.

SETTINGS is the JSON of the settings, and `key` the key of the sealer. It hears no bell, so it finds what is ready
when it starts and what falls due after that; it ends by being killed.
"""

import asyncio
import sys

import msgspec

from auth.sealing import Sealer
from core.clock import SystemClock
from core.settings import load
from db.engine import Engines
from db.unit_of_work import Database
from tests.fakes.bell import RecordingBell
from workers.main import build_runner


class WakingItself(RecordingBell):
    """Hears only what this process commits."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = asyncio.Event()

    def settle(self, number: int, outcome: object, position: int, *, work: bool) -> None:
        if work:
            self.heard.set()


async def main() -> None:
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
