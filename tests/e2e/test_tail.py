"""`heliograph tail` through a `kill -9` of its server and of itself, judged by the committed log."""

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from bench.history import Received, Verdict, activity, judge, position_of, read_log
from tests.e2e.client import Client, Json
from tests.e2e.product import HELIOGRAPH, Product
from tests.integration.waiting import until
from tests.servers.process import free_port

SECONDS = 100
MAKE = """
mutation Make($name: String!) {
  createKeywordSet(input: { name: $name, rules: [{ pattern: "x" }] }) {
    __typename ... on CreateKeywordSetPayload { cursor }
  }
}
"""
EACH = 40
"""What one that was killed is told a second time counts once, so it is a few less."""


class Follower:
    """`heliograph tail activity` with a state file, again and again; each of them writes a file of its own.

    A line counts when its end is there: a process that writes, and one that was killed while it wrote, may leave half
    of one. What was half printed by one is whole in the file of the next, or the verdict misses it.
    """

    def __init__(self, client: Client, folder: Path) -> None:
        self._env = {"HELIOGRAPH_URL": f"{client.url}/graphql", "HELIOGRAPH_TOKEN": client.token}
        self._folder, self._errors = folder, folder / "errors"
        self._state = folder / "state"
        self._outs: list[Path] = []

    @property
    def errors(self) -> list[str]:
        return self._errors.read_text().splitlines()

    def frames(self) -> list[Json]:
        return [json.loads(line) for out in self._outs for line in whole_lines(out)]

    def printed(self) -> int:
        """How many frames there are, without a look into them."""
        return sum(len(whole_lines(out)) for out in self._outs)

    @contextmanager
    def running(self, *more: str) -> Iterator[subprocess.Popen[bytes]]:
        command: list[str | Path] = [HELIOGRAPH, "tail", "activity", "--state", self._state, *more]
        self._outs.append(self._folder / f"out-{len(self._outs)}.ndjson")
        with self._outs[-1].open("wb") as out, self._errors.open("ab") as errors:
            process = subprocess.Popen(command, env=self._env, stdout=out, stderr=errors)
            try:
                yield process
            finally:
                process.kill()
                process.wait()

    async def prints(self, count: int) -> None:
        """Wait until it has printed so many more."""
        wanted = self.printed() + count
        await until(lambda: self.printed() >= wanted, SECONDS)

    async def reaches(self, cursor: str) -> None:
        """Wait until the one that runs has printed the frame at this cursor last."""
        out = self._outs[-1]
        await until(lambda: cursor in [json.loads(line)["cursor"] for line in whole_lines(out)[-1:]], SECONDS)

    def left_half(self) -> list[bytes]:
        """What each of them left behind its last whole line."""
        return [out.read_bytes().rpartition(b"\n")[2] for out in self._outs]


def whole_lines(file: Path) -> list[bytes]:
    """The lines of which the end was written."""
    return file.read_bytes().split(b"\n")[:-1]


@asynccontextmanager
async def writing(client: Client, name: str) -> AsyncIterator[None]:
    """Somebody makes keyword sets, one after the other, for as long as the block lasts."""

    async def write() -> None:
        for number in range(10_000):
            await client.change("createKeywordSet", MAKE, name=f"{name} {number}")

    async with asyncio.TaskGroup() as group:
        writer = group.create_task(write())
        yield
        writer.cancel()


async def test_nothing_is_lost_when_either_side_is_killed(
    product: Product, tell: Callable[[object], None]
) -> None:
    port = str(free_port())
    api = await product.serve("--port", port)
    follower = Follower(api.client, product.folder)
    begin = (await api.client.ask("{ cursor }"))["cursor"]
    async with asyncio.timeout(SECONDS):
        with follower.running("--after", begin):
            async with writing(api.client, "before"):
                await follower.prints(EACH)
            await api.process.kill()
            api = await product.serve("--port", port)
            async with writing(api.client, "after a restart"):
                await follower.prints(EACH)
        killed_at = len(follower.frames())
        async with writing(api.client, "while nobody follows"):
            with follower.running() as tail:
                await follower.prints(EACH)
                tail.send_signal(signal.SIGTERM)
                assert tail.wait() == 0
                assert follower.left_half()[-1] == b""  # Nobody killed it in the middle of a line.
        last = (await api.client.change("createKeywordSet", MAKE, name="the last"))["cursor"]
        with follower.running():
            await follower.reaches(last)
    again = repeated(follower.frames(), killed_at)
    told = follower.frames()[:killed_at] + follower.frames()[killed_at + again :]
    verdict = await judged(f"sqlite+aiosqlite:///{product.folder}/heliograph.db", told, begin)
    assert verdict.clean, verdict
    assert verdict.received > 80
    assert follower.errors == [
        "heliograph tail: the server is away; the stream goes on from here when it is back",
        "heliograph tail: the server is back",
    ]
    tell(f"{verdict}; printed again after kill -9: {again}")


def repeated(frames: list[Json], seam: int) -> int:
    """How many of the last frames before the `kill -9` of a follower the next one printed again, in their order."""
    cursors = [frame["cursor"] for frame in frames]
    before, behind = cursors[:seam], cursors[seam:]
    again = len(set(before) & set(behind))
    assert before[len(before) - again :] == behind[:again]
    return again


async def judged(database_url: str, frames: list[Json], begin: str) -> Verdict:
    log = await read_log(database_url)
    received = [Received("tail", 1, frame["cursor"], frame["type"]) for frame in frames]
    return judge(log, activity(), received, log[-1].position, after=position_of(begin))
