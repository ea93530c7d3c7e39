"""The streams of a house as one process has them: a doorbell, a hub, groups, and the operations of the schema."""

import asyncio
import base64
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import text, update

from auth.principal import Principal
from auth.sealing import Sealer
from core.settings import Settings
from db.engine import Engines
from db.models import EventLogHeadRow
from db.repositories import event_log
from db.unit_of_work import Database
from events import cursor
from events.doorbell import Doorbell
from events.hub import Hub
from events.log import Log
from graph.context import Services
from graph.execution import GraphOperations
from graph.followed import Followed
from live.group import GroupLimits
from live.groups import Groups
from services.access import Access
from services.bulk import BulkOperations
from services.campaign_control import CampaignControl
from services.campaigns import Campaigns
from services.generating import Generating
from services.keyword_sets import KeywordSets
from services.personas import Personas
from services.pools import Pools
from services.principals import Principals
from services.probing import Probing
from services.proxies import Proxies
from services.proxy_lists import ProxyLists
from services.results import Results
from services.running_settings import RunningSettings
from services.scoring_profiles import ScoringProfiles
from services.work import Work
from tests.fakes.house import House
from tests.fakes.streams import CountingMeter
from vocabulary.operations import Request

INCARNATION = "0123456789ab"

Frame = dict[str, Any]


@dataclass(frozen=True)
class WorkerVerbs:
    """What workers write with."""

    work: Work
    generating: Generating
    results: Results
    probing: Probing


class Stage:
    """All that a test of streams needs; `limits` are those of its groups."""

    def __init__(self, house: House, bell: Doorbell, key_file: Path, window_events: int) -> None:
        self.house = house
        engines = house.database.engines
        self.engines: Engines = engines
        self.database = Database(engines, bell, house.clock)
        sealer = Sealer.from_file(key_file)
        self.services = Services(
            campaigns=Campaigns(self.database),
            campaign_control=CampaignControl(self.database),
            proxies=Proxies(self.database, sealer),
            proxy_lists=ProxyLists(self.database, sealer),
            pools=Pools(self.database),
            clock=self.database.clock,
            personas=Personas(self.database),
            keyword_sets=KeywordSets(self.database),
            principals=Principals(self.database),
            access=Access(self.database),
            scoring_profiles=ScoringProfiles(self.database),
            settings=RunningSettings(self.database, Settings()),
            bulk=BulkOperations(self.database, sealer),
        )
        settings = Settings(shard_attempts=1)
        self.workers = WorkerVerbs(
            Work(self.database, settings),
            Generating(self.database, settings),
            Results(self.database, settings),
            Probing(self.database, sealer, settings),
        )
        self.log = Log(engines)
        self.hub = Hub(self.log, window_events)
        self.meter = CountingMeter()
        self.groups = Groups(self.hub, self.meter, GroupLimits(retry_seconds=0.001))
        self.operations = GraphOperations(self.services, engines, self.hub)

    async def subscribe(
        self, caller: Principal, query: str, last_event_id: str | None = None, /, **variables: object
    ) -> Followed:
        """An authorised subscription."""
        extensions = {} if last_event_id is None else {"lastEventId": last_event_id}
        request = Request(query, variables=variables, extensions=extensions)
        return await self.operations.subscribe(self.operations.prepare(request), request, caller)

    async def watch(
        self, caller: Principal, query: str, last_event_id: str | None = None, /, **variables: object
    ) -> "Watcher":
        """Subscribe, and read what comes."""
        return Watcher(self.groups, await self.subscribe(caller, query, last_event_id, **variables))

    async def execute(self, caller: Principal, query: str, /, **variables: object) -> Frame:
        """The result of a query or mutation, decoded."""
        request = Request(query, variables=variables)
        plan = self.operations.prepare(request)
        result: Frame = msgspec.json.decode(await self.operations.execute(plan, request, caller))
        return result

    async def head(self) -> int:
        """Where the log ends."""
        return (await self.log.head()).position

    async def cursor_of(self, position: int) -> str:
        """The cursor of a position, as the server gives it."""
        async with self.engines.reading() as session:
            head, tag = await event_log.head_and_tag(session, position)
        assert tag is not None
        return cursor.encode(head.incarnation, position, tag)

    async def set_floor(self, floor: int) -> None:
        """Let the log be kept only after a position."""
        async with self.engines.writing() as session:
            await session.execute(text("UPDATE event_log_head SET floor = :floor"), {"floor": floor})


def cursor_at(position: int, incarnation: str = INCARNATION) -> str:
    """The cursor of a position in the stage's log, or in another; of version 1, which needs no tag."""
    packed = struct.pack(">B6sQ", 1, bytes.fromhex(incarnation), position)
    return base64.urlsafe_b64encode(packed).decode()


class Watcher:
    """A subscriber that is read by hand, one frame after another."""

    def __init__(self, groups: Groups, stream: Followed) -> None:
        self._groups = groups
        self._woken = asyncio.Event()
        self._due: list[Frame] = []
        self.position: int | None = None
        self.member = groups.join(stream, self._woken.set)

    @property
    def complete(self) -> bool:
        """Whether the stream has ended and everything was read."""
        return self.member.finished and not self._due

    async def next(self) -> Frame:
        """The next frame: the value of its root field, with the cursor of its extensions. It has no errors."""
        async with asyncio.timeout(30):
            while not self._due:
                self._woken.clear()
                await self._take()
        return self._due.pop(0)

    async def _take(self) -> None:
        due = self.member.take(64)
        for each in due:
            self.position = each.frame.position
            self._due.append(_root(msgspec.json.decode(each.frame.payload)))
        if not due and self.member.failure is not None:
            raise AssertionError(self.member.failure)
        if not due and not self.member.more:
            await self._woken.wait()

    async def failure(self) -> list[dict[str, Any]]:
        """The errors that the stream ends on."""
        async with asyncio.timeout(30):
            while self.member.failure is None:
                self._woken.clear()
                assert list(self.member.take(1)) == []
                if self.member.failure is None:
                    await self._woken.wait()
        return self.member.failure

    async def until(self, position: int) -> list[Frame]:
        """The frames up to the one at a position, that one included."""
        frames: list[Frame] = []
        while not frames or cursor.decode(frames[-1]["cursor"]).position < position:
            frames.append(await self.next())
        assert cursor.decode(frames[-1]["cursor"]).position == position
        return frames

    def leave(self) -> None:
        """Follow no more."""
        self._groups.leave(self.member)


def _root(result: Frame) -> Frame:
    assert "errors" not in result, result["errors"]
    ((value),) = result["data"].values()
    # Whoever does not select the cursor has it all the same.
    return {**value, "cursor": result["extensions"]["cursor"]}


@asynccontextmanager
async def open_stage(house: House, key_file: Path, window_events: int = 1000) -> AsyncIterator[Stage]:
    """A stage on a house's database, whose log has an incarnation of the right form from here on."""
    async with house.database.engines.writing() as session:
        await session.execute(update(EventLogHeadRow).values(incarnation=INCARNATION))
    bell = Doorbell("memory://", "stage")
    await bell.start()
    stage = Stage(house, bell, key_file, window_events)
    bell.listen(lambda ring: stage.hub.rung(ring.position, ring.tag))
    await stage.hub.start()
    try:
        yield stage
    finally:
        await stage.groups.close()
        await stage.hub.close()
        await bell.close()
