"""A database with its tables, a bell that records, a clock that stands still, and four who may ask."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from auth.principal import Principal
from core.clock import SettableClock
from core.ids import new_id
from db.engine import Engines
from db.models import EventLogHeadRow, Model, PrincipalRow
from db.repositories import event_log
from db.unit_of_work import Database
from events.catalog import Event, decode
from tests.fakes.bell import RecordingBell
from vocabulary.access import Role

MADE: list[bytes] = []
"""The file of an empty house, once there was one in this process."""


@dataclass(frozen=True)
class House:
    """The lower rooms, ready for services. `alice` and `bob` are operators."""

    database: Database
    bell: RecordingBell
    clock: SettableClock
    alice: Principal
    bob: Principal
    viewer: Principal
    admin: Principal

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def head(self) -> int:
        """Where the log ends."""
        async with self.database.engines.reading() as session:
            return (await event_log.head(session)).position

    async def events(self, after: int = 0) -> list[Event]:
        """The events after a position."""
        _, _, rows = await event_log.read_after(self.database.engines, after, 10_000, 0)
        return [decode(row.data) for row in rows]

    async def owners_and_actors(self, after: int = 0) -> list[tuple[UUID | None, str]]:
        """Whose each event is, and who caused it."""
        _, _, rows = await event_log.read_after(self.database.engines, after, 10_000, 0)
        return [(row.owner_id, row.actor_name) for row in rows]

    async def count(self, model: type[Model]) -> int:
        """How many rows a table has."""
        async with self.database.engines.reading() as session:
            return (await session.execute(select(func.count()).select_from(model))).scalar_one()


def _principal(name: str, role: Role) -> Principal:
    return Principal(id=new_id(), name=name, role=role)


@asynccontextmanager
async def open_house(url: str) -> AsyncIterator[House]:
    """A house on an empty database."""
    await make_tables(url)
    engines, bell, clock = Engines(url), RecordingBell(), SettableClock()
    people = {
        "alice": _principal("alice", Role.OPERATOR),
        "bob": _principal("bob", Role.OPERATOR),
        "viewer": _principal("viewer", Role.VIEWER),
        "admin": _principal("admin", Role.ADMIN),
    }
    async with engines.writing() as session:
        session.add_all(
            PrincipalRow(id=one.id, name=one.name, role=one.role, created_at=clock.now())
            for one in people.values()
        )
    try:
        yield House(Database(engines, bell, clock), bell, clock, **people)
    finally:
        await engines.close()


async def make_tables(url: str) -> None:
    """The tables as the models have them, and the head of an empty log; on SQLite made once and then copied."""
    parts = make_url(url)
    file = Path(parts.database or "") if parts.get_backend_name() == "sqlite" else None
    if file is not None and MADE:
        file.write_bytes(MADE[0])
        return
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(Model.metadata.create_all)
        await connection.execute(
            insert(EventLogHeadRow).values(id=1, incarnation="test", position=0, floor=0)
        )
    await engine.dispose()
    if file is not None:
        MADE.append(file.read_bytes())
