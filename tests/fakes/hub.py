"""A hub over a list, with the faults of a real one on demand."""

import asyncio
import sys
from datetime import UTC, datetime
from uuid import UUID

from core.errors import Unavailable
from events.envelope import Envelope, Page
from events.log import Lapsed, Replaced
from events.resource_events import PersonaDeleted
from vocabulary.access import SYSTEM
from vocabulary.personas import PersonaType

COMMITTED = datetime(2026, 1, 1, tzinfo=UTC)


def owner_of(topic: str) -> UUID:
    """Each topic has an owner of its own."""
    return UUID(bytes=topic.encode()[:16].rjust(16))


def envelope(position: int, topic: str = "a") -> Envelope:
    """An event whose summary is a topic, which is all that the tests' streams look at."""
    event = PersonaDeleted(persona_id=UUID(int=position), name="x", persona_type=PersonaType.DNS)
    return Envelope(
        position=position,
        event=event,
        occurred_at=COMMITTED,
        actor=SYSTEM,
        owner_id=owner_of(topic),
        summary=topic,
    )


class FakeHub:
    """Conforms to `live.hub.Hub`. `head` is the log's end; `position` lags behind it until `hear` is called.

    `since` is settable: nothing is in memory unless a test says so.
    """

    def __init__(self, head: int = 0) -> None:
        self.head = head
        self.position = head
        self.floor = head
        self.since = sys.maxsize
        self.era = 0
        self.outages = 0
        self.reads: list[int] = []
        self._log: list[Envelope] = []
        self._heard = asyncio.Event()

    def commit(self, *topics: str) -> int:
        """Append events to the log; nobody hears of them yet."""
        for topic in topics:
            self.head += 1
            self._log.append(envelope(self.head, topic))
        return self.head

    def hear(self) -> None:
        """Catch up with the log."""
        self.position = self.head
        self._heard.set()
        self._heard = asyncio.Event()

    def publish(self, *topics: str) -> int:
        """Commit, and hear of it."""
        head = self.commit(*topics)
        self.hear()
        return head

    def prune(self, floor: int) -> None:
        """Forget events up to and including `floor`."""
        self.floor = max(self.floor, floor)
        self._log = [each for each in self._log if each.position > floor]

    def replace(self, head: int) -> None:
        """Another log takes the place of this one, and is empty from `head` on."""
        self.era += 1
        self.head = self.floor = head
        self._log = []
        self.hear()

    async def wait_beyond(self, position: int, era: int) -> None:
        self._require(era)
        while self.position <= position:
            await self._heard.wait()
            self._require(era)

    def _require(self, era: int) -> None:
        if era != self.era:
            raise Replaced(f"{era} is over")

    async def read_after(self, position: int, limit: int, era: int) -> Page:
        self.reads.append(position)
        await asyncio.sleep(0)
        self._require(era)
        if self.outages:
            self.outages -= 1
            raise Unavailable("The database does not answer.")
        if position < self.floor:
            raise Lapsed(f"{position} is behind {self.floor}")
        found = tuple(each for each in self._log if each.position > position)[:limit]
        return Page(envelopes=found, position=found[-1].position if len(found) == limit else self.head)
