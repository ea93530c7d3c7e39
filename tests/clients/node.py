"""Programs of Node that use the official clients of npm: one process each, which prints one value as JSON."""

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

from bench.fleet.fleet import NODE

PROGRAMS = Path(__file__).parent
SECONDS = 60
LONGEST_LINE = 1 << 24


class Program:
    """One that runs: it may say lines before its value, and hear some. Make it with `started`."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    @asynccontextmanager
    async def started(cls, name: str, **task: object) -> AsyncIterator[Self]:
        """A file beside this one, given its task as a JSON object; it is ended when the block ends, if not before."""
        process = await asyncio.create_subprocess_exec(
            NODE, PROGRAMS / name, json.dumps(task), stdin=PIPE, stdout=PIPE, limit=LONGEST_LINE
        )
        try:
            yield cls(process)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def hear(self) -> str:
        """The next line that it says."""
        assert self._process.stdout is not None
        async with asyncio.timeout(SECONDS):
            return (await self._process.stdout.readline()).decode().removesuffix("\n")

    async def say(self, line: str) -> None:
        """Let it hear a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()

    async def result(self) -> Any:
        """The value that it prints as its last line."""
        return json.loads(await self.hear())


async def run(program: str, **task: object) -> Any:
    """What a program prints that says nothing else."""
    async with Program.started(program, **task) as running:
        return await running.result()
