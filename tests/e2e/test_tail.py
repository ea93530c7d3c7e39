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

SECONDS = 60
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
    """`heliograph tail activity` with a state file, again and again; all of them write behind each other."""

    def __init__(self, client: Client, folder: Path) -> None:
        self._env = {"HELIOGRAPH_URL": f"{client.url}/graphql", "HELIOGRAPH_TOKEN": client.token}
        self._out, self._errors = folder / "out.ndjson", folder / "errors"
        self._state = folder / "state"

    @property
    def errors(self) -> list[str]:
        return self._errors.read_text().splitlines()

    def frames(self) -> list[Json]:
        return [json.loads(line) for line in self._out.read_text().splitlines()]

    @contextmanager
    def running(self, *more: str) -> Iterator[subprocess.Popen[bytes]]:
        command: list[str | Path] = [HELIOGRAPH, "tail", "activity", "--state", self._state, *more]
        with self._out.open("ab") as out, self._errors.open("ab") as errors:
            process = subprocess.Popen(command, env=self._env, stdout=out, stderr=errors)
            try:
                yield process
            finally:
                process.kill()
                process.wait()

    async def prints(self, count: int) -> None:
        """Wait until it has printed so many more."""
        wanted = len(self.frames()) + count
        await until(lambda: len(self.frames()) >= wanted, SECONDS)


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
    api = await product.serve()
    follower = Follower(api.client, product.folder)
    begin = (await api.client.ask("{ cursor }"))["cursor"]
    async with asyncio.timeout(SECONDS):
        with follower.running("--after", begin):
            async with writing(api.client, "before"):
                await follower.prints(EACH)
            await api.process.kill()
            api = await product.serve("--port", api.client.url.rpartition(":")[2])
            async with writing(api.client, "after a restart"):
                await follower.prints(EACH)
        killed_at = len(follower.frames())
        async with writing(api.client, "while nobody follows"):
            with follower.running() as tail:
                await follower.prints(EACH)
                tail.send_signal(signal.SIGTERM)
                assert tail.wait() == 0
        last = (await api.client.change("createKeywordSet", MAKE, name="the last"))["cursor"]
        with follower.running():
            await until(lambda: follower.frames()[-1]["cursor"] == last, SECONDS)
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
