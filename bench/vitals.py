"""A server that is examined while it runs: its memory and open files by the kernel, its tasks and streams by itself."""

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from aiohttp import ClientSession

from bench.resident import resident_mb
from tests.e2e.product import Api

REST_SECONDS = 30.0
LOOKS = 20
LOOK_SECONDS = 0.05
SERIES = re.compile(r"^heliograph_(tasks|subscriptions|subscription_groups)(?:{.*})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Vitals:
    """A server as it is; `sockets` are among its `files`, `following` counts subscriptions and their groups."""

    resident_mb: float
    tasks: int
    files: int
    following: int
    sockets: int

    def __str__(self) -> str:
        return (
            f"{self.resident_mb:.1f} MB, {self.tasks} tasks, {self.files} files, {self.following} following"
        )


class Examiner:
    """Looks at one server; with an `http` that keeps connections it would count those as open files."""

    def __init__(self, api: Api, http: ClientSession) -> None:
        self._pid = api.process.pid
        self._url = api.client.url
        self._http = http

    @property
    def resident_mb(self) -> float:
        """What the kernel says of its memory."""
        return resident_mb(self._pid)

    async def look(self) -> Vitals:
        """What the kernel and the server say."""
        async with self._http.get(f"{self._url}/metrics") as answer:
            found = [(name, float(value)) for name, value in SERIES.findall(await answer.text())]
        files = list(_open_files(self._pid))
        return Vitals(
            resident_mb=self.resident_mb,
            tasks=int(sum(value for name, value in found if name == "tasks")),
            files=len(files),
            following=int(sum(value for name, value in found if name != "tasks")),
            sockets=sum(each.startswith("socket:") for each in files),
        )

    async def most_at_rest(self) -> Vitals:
        """The server after a while; workers have now and then a task for a moment, so the most of some looks."""
        looks = []
        for _ in range(2 * LOOKS):
            looks.append(await self.look())
            await asyncio.sleep(LOOK_SECONDS)
        return replace(looks[-1], tasks=max(each.tasks for each in looks[LOOKS:]))

    async def at_rest(self, before: Vitals) -> Vitals:
        """When all that was going on has ended, or after half a minute."""
        deadline = time.monotonic() + REST_SECONDS
        while True:
            found = await self.look()
            is_quiet = found.tasks <= before.tasks and found.sockets <= before.sockets
            if (is_quiet and found.following <= before.following) or time.monotonic() > deadline:
                return found
            await asyncio.sleep(LOOK_SECONDS)


def _open_files(pid: int) -> Iterator[str]:
    """What a process has open, as the kernel names it."""
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            yield str(link.readlink())
