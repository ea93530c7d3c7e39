"""A healthy client beside an attack: it follows all that happens, and must not miss any of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from bench.history import Received, Verdict, activity, judge, position_of, read_log
from core.tasks import Owner
from tests.e2e.client import Client, SocketWire

FOLLOW = """
subscription ($after: Cursor) {
  activity(after: $after) { __typename ... on StreamEvent { cursor } ... on ActivityAdded { activity { kind } } }
}
"""
CREATE = """
mutation ($name: String!) {
  createKeywordSet(input: { name: $name, rules: [{ pattern: "wind" }] }) {
    __typename ... on CreateKeywordSetPayload { cursor }
  }
}
"""
LOOK_SECONDS = 0.02


class Bystander:
    """One WebSocket that is open as long as the attack lasts. Make it with `present`."""

    def __init__(self, client: Client, wire: SocketWire, begun: str, database: str) -> None:
        self._client = client
        self._wire = wire
        self._begun = begun
        self._database = database
        self._frames: list[Received] = []

    @classmethod
    @asynccontextmanager
    async def present(cls, client: Client, folder: Path) -> AsyncIterator[Self]:
        """It listens while the block lasts; `folder` is that of the server, on SQLite."""
        begun = (await client.ask("{ cursor }"))["cursor"]
        async with client.over_socket(FOLLOW, {"after": begun}) as wire, Owner("bystander") as owner:
            bystander = cls(client, wire, begun, f"sqlite+aiosqlite:///{folder}/heliograph.db")
            owner.start(bystander._listen(), "listen")
            yield bystander

    async def verdict(self, seconds: float = 30.0) -> Verdict:
        """What it has, compared with the log, once a last change of its own is told to it.

        Raises:
            TimeoutError: it is not.
        """
        last = position_of((await self._client.change("createKeywordSet", CREATE, name="last"))["cursor"])
        async with asyncio.timeout(seconds):
            while not self._frames or position_of(self._frames[-1].cursor) < last:  # noqa: ASYNC110  It only listens.
                await asyncio.sleep(LOOK_SECONDS)
        log = await read_log(self._database)
        return judge(log, activity(), self._frames, last, after=position_of(self._begun))

    async def _listen(self) -> None:
        while (data := await self._wire.next()) is not None:
            event = data["activity"]
            kind = event.get("activity", {}).get("kind", event["__typename"])
            self._frames.append(Received("bystander", 1, event["cursor"], kind))
