"""A `heliograph` process that is started again whenever it has ended, as supervisors of installations do."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from bench.relay import Address
from core.tasks import Owner
from tests.e2e.product import LINK, Process
from tests.servers.process import ServerFailed

START_SECONDS = 30.0
STOP_SECONDS = 30.0
LOOK_SECONDS = 0.02
PAUSE_SECONDS = 0.25
STARTED = "worker is running"


class Supervised:
    """One place of the installation, whatever process fills it now.

    Args:
        name: of the place.
        arguments: of `heliograph`.
        env: its settings.
        folder: for its logs, one file for each start.
        listens: told where each new process listens, if it is one that does.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        env: Mapping[str, str],
        folder: Path,
        listens: Callable[[Address], None] | None = None,
    ) -> None:
        self.name = name
        self._arguments = list(arguments)
        self._env = dict(env)
        self._folder = folder
        self._listens = listens
        self._owner = Owner(name)
        self._ready = asyncio.Event()
        self._ending = False
        self.process: Process | None = None
        self.starts = 0
        self.complaints: list[str] = []

    def __repr__(self) -> str:
        return f"<Supervised {self.name}, {self.starts} starts, {self.process!r}>"

    @property
    def pid(self) -> int | None:
        """Of the process that is there now."""
        return self.process.pid if self.process is not None and self.process.running else None

    async def start(self) -> None:
        """Start it, and go on when it is at work."""
        self._owner.start(self._keep(), "keep")
        await self.ready()

    async def ready(self) -> None:
        """Wait until it is at work."""
        async with asyncio.timeout(2 * START_SECONDS):
            await self._ready.wait()

    async def kill(self) -> None:
        """`kill -9`; another one follows."""
        if self.process is not None:
            await self.process.kill()

    async def stop(self) -> None:
        """SIGTERM, as before an upgrade; another one follows."""
        if self.process is not None:
            await self.process.stop(signal.SIGTERM, STOP_SECONDS)

    async def pause(self, seconds: float) -> None:
        """Let it stand still."""
        pid = self.pid
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(seconds)
            os.kill(pid, signal.SIGCONT)

    async def end(self) -> None:
        """SIGTERM, and no other follows."""
        self._ending = True
        try:
            await self.stop()
        finally:
            await self._owner.close()
            self._judge()

    async def _keep(self) -> None:
        while not self._ending:
            await self._once()
            self._judge()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _once(self) -> None:
        log = self._folder / f"{self.name}-{self.starts}.log"
        self.starts += 1
        self.process = process = Process(self._arguments, log, self._env)
        with suppress(ServerFailed):
            await process.wait_until(self._is_up, START_SECONDS)
            self._ready.set()
        while process.running:  # noqa: ASYNC110  A process says nothing of its end.
            await asyncio.sleep(LOOK_SECONDS)
        self._ready.clear()

    async def _is_up(self) -> bool:
        text = "" if self.process is None else self.process.log
        if self._listens is None:
            return STARTED in text
        link = LINK.search(text)
        if link is not None:
            host, _, port = link[1].removeprefix("http://").partition(":")
            self._listens((host, int(port)))
        return link is not None

    def _judge(self) -> None:
        """A process that was not killed ends well, or says in one line why it cannot start."""
        process, self.process = self.process, None
        if process is None or process.killed:
            return
        # Told to stop before it stood, it ends by the signal itself: there was nothing to end in order.
        if process.returncode not in ({0, 2} if process.log else {0, 2, -signal.SIGTERM}):
            self.complaints.append(f"{self.name} ended with {process.returncode}")
        if "Traceback" in process.log:
            self.complaints.append(f"{self.name} left a traceback in start {self.starts - 1}")
        for entry in process.entries():
            if entry["level"] in {"error", "critical"}:
                self.complaints.append(f"{self.name}: {entry.get('event')} {entry.get('error', '')}")
