"""`heliograph` processes of one installation: they share a folder, settings and a token.

Each is started with nothing in its environment but `HELIOGRAPH_…`, is ready when it says so itself (the start screen
and `/readyz`), and ends by SIGTERM with exit code 0 and a log without errors; a test that wants it otherwise kills it,
and then nothing is asked of it any more.
"""

import asyncio
import json
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from aiohttp import ClientError, ClientSession

from tests.e2e.client import Client
from tests.servers.process import Launch, ServerProcess

HELIOGRAPH = Path(sys.executable).with_name("heliograph")
TOKEN = "e2e-administrator"
START_SECONDS = 60
DRAIN_SECONDS = 0.2
"""Long enough to be what it is, and no test waits for it."""
END_SECONDS = 30
LINK = re.compile(r"(http://\S+)/graphql(?:#token=(\S+))?")


class Process(ServerProcess):
    """One `heliograph` command, and its log: what it wrote to either stream, in whole lines while it runs."""

    def __init__(self, arguments: list[str], log: Path, env: dict[str, str]) -> None:
        super().__init__(Launch([str(HELIOGRAPH), *arguments], log=log, env=env))
        self._log_file = log
        self.killed = False

    @property
    def log(self) -> str:
        # Asked first: what has ended before the file is read has written all that it writes.
        is_running = self.running
        written = self._log_file.read_bytes()
        # The rest may be half a line, of half an address or half a character.
        return (written[: written.rfind(b"\n") + 1] if is_running else written).decode()

    @property
    def returncode(self) -> int | None:
        return self._process.poll()

    def entries(self, start: int = 0) -> Iterator[dict[str, object]]:
        """The structured lines of the log from the character `start` on."""
        for line in self.log[start:].splitlines():
            if line.startswith("{"):
                yield json.loads(line)

    async def kill(self) -> None:
        """`kill -9`."""
        self.killed = True
        await super().kill()

    async def end(self) -> None:
        """SIGTERM, and all that a user may expect of it."""
        if self.killed:
            return
        await self.stop(signal.SIGTERM, END_SECONDS)
        assert self.returncode == 0, self.log[-3000:]
        assert "Traceback" not in self.log, self.log[-6000:]
        assert [entry for entry in self.entries() if entry["level"] in {"error", "critical"}] == []


class Api:
    """A process that serves: where, and a client that may do everything."""

    def __init__(self, process: Process, client: Client) -> None:
        self.process = process
        self.client = client


# One principal stands for a crowd here; what it takes is counted all the same.
UNBOUNDED = {
    "principal_connections": 10_000_000,
    "principal_requests": 100_000_000,
    "principal_mutations": 100_000_000,
    "principal_documents": 100_000_000,
}


class Product:
    """Starts processes, and ends all of them when the block ends; a setting that is None is left out."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self._settings = settings
        self._processes: list[Process] = []
        self._http: ClientSession

    async def __aenter__(self) -> "Product":
        self.folder.mkdir(parents=True, exist_ok=True)
        self._http = ClientSession()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        await self._http.close()
        # In the order of an upgrade: the API first, so that its clients go elsewhere, then the workers.
        ends = await asyncio.gather(*(each.end() for each in self._processes), return_exceptions=True)
        failures = [end for end in ends if isinstance(end, BaseException)]
        if failures and kind is None:
            raise failures[0]

    async def serve(self, *flags: str, **settings: object) -> Api:
        """`heliograph serve` on a free port, when it answers that it is ready."""
        process = self._start(["serve", *flags], port=0, **settings)
        await process.wait_until(lambda: _holds(LINK.search(process.log) is not None), START_SECONDS)
        link = LINK.search(process.log)
        assert link is not None
        client = Client(self._http, link[1], link[2] or TOKEN)
        await process.wait_until(lambda: answers(client, 200), START_SECONDS)
        return Api(process, client)

    async def work(self, **settings: object) -> Process:
        """`heliograph worker`, when it is at work."""
        process = self._start(["worker"], **settings)
        await process.wait_until(lambda: _holds("worker is running" in process.log), START_SECONDS)
        return process

    def _start(self, arguments: list[str], **settings: object) -> Process:
        own = {"bootstrap_token": TOKEN, "drain_seconds": DRAIN_SECONDS}
        given = {**own, **UNBOUNDED, **self._settings, **settings}
        env = {f"HELIOGRAPH_{name.upper()}": str(value) for name, value in given.items() if value is not None}
        log = self.folder / f"{arguments[0]}-{len(self._processes)}.log"
        process = Process(arguments, log, env)
        self._processes.append(process)
        return process


async def answers(client: Client, status: int) -> bool:
    """Whether `/readyz` answers with this status."""
    try:
        return await client.readiness() == status
    except ClientError:
        return False


async def _holds(fact: bool) -> bool:
    return fact
