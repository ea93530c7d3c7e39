"""When tokens were used is written beside the requests: seldom, in batches, and whatever the database does."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from core.errors import Unavailable
from core.ids import new_id
from db.models import TokenRow
from services.principals import Principals
from tests.fakes.house import House, open_house
from tests.integration.waiting import until
from tests.servers.postgres import PostgresServer
from vocabulary.access import Role
from web import token_uses
from web.token_uses import TokenUses


class Away(Principals):
    """Of a database that is away for a while; `asked` counts how often it was to write."""

    def __init__(self, house: House) -> None:
        super().__init__(house.database)
        self.out = False
        self.asked: list[int] = []

    async def note_uses(self, uses: Mapping[UUID, datetime], seconds: float | None = None) -> None:
        self.asked.append(len(uses))
        if self.out:
            raise Unavailable("No database.")
        await super().note_uses(uses, seconds)


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}") as house:
        yield house


@pytest.fixture
async def postgres(postgres_server: PostgresServer) -> AsyncIterator[House]:
    database = await postgres_server.create_database()
    try:
        async with open_house(database.sqlalchemy_url()) as house:
            yield house
    finally:
        await postgres_server.drop_database(database)


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest) -> House:
    """On a database of either kind."""
    found: House = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def principals(house: House) -> Away:
    return Away(house)


@pytest.fixture
async def uses(monkeypatch: pytest.MonkeyPatch, house: House, principals: Away) -> AsyncIterator[TokenUses]:
    monkeypatch.setattr(token_uses, "GATHER_SECONDS", 0.0)
    monkeypatch.setattr(token_uses, "RETRY_SECONDS", 0.001)
    uses = TokenUses(principals, house.clock).start()
    yield uses
    await uses.close()


async def made(house: House, name: str = "phone") -> UUID:
    _, info = await Principals(house.database).create_token("alice", name, Role.VIEWER)
    return info.id


async def last_used(house: House, ident: UUID) -> datetime | None:
    async with house.database.engines.reading() as session:
        return (await session.get_one(TokenRow, ident)).last_used_at


async def written(uses: TokenUses) -> None:
    await until(lambda: repr(uses).endswith(" 0 to be written>"))


async def test_a_use_is_written_and_is_no_event(house: House, uses: TokenUses) -> None:
    ident, other = await made(house), await made(house, "never")
    head, rung = await house.head(), len(house.bell.settled)
    uses.note(ident)
    await written(uses)
    assert (await last_used(house, ident), await last_used(house, other)) == (house.now, None)
    assert (await house.head(), len(house.bell.settled)) == (head, rung)


async def test_a_token_is_written_of_once_a_minute(house: House, principals: Away, uses: TokenUses) -> None:
    ident, first = await made(house), house.now
    for _ in range(60):
        uses.note(ident)
        await written(uses)
        house.clock.advance(1)
    assert (await last_used(house, ident), principals.asked) == (first, [1])
    uses.note(ident)
    await written(uses)
    assert (await last_used(house, ident), principals.asked) == (first + timedelta(minutes=1), [1, 1])


async def test_who_comes_at_once_is_written_at_once(
    monkeypatch: pytest.MonkeyPatch, house: House, principals: Away, uses: TokenUses
) -> None:
    monkeypatch.setattr(token_uses, "MOST_AT_ONCE", 3)
    idents = [await made(house, f"phone {number}") for number in range(5)]
    for ident in idents:
        uses.note(ident)
    await written(uses)
    assert principals.asked == [3, 2]
    assert [await last_used(house, ident) for ident in idents] == [house.now] * 5


async def test_of_two_processes_the_later_time_stays(house: House) -> None:
    one, other = Principals(house.database), Principals(house.database)
    ident, now = await made(house), house.now
    later = now + timedelta(seconds=5)
    await one.note_uses({ident: later})
    await other.note_uses({ident: now})
    assert await last_used(house, ident) == later
    await other.note_uses({ident: later + timedelta(seconds=1)})
    assert await last_used(house, ident) == later + timedelta(seconds=1)


async def test_an_outage_is_waited_out(house: House, principals: Away, uses: TokenUses) -> None:
    ident, first = await made(house), house.now
    principals.out = True
    uses.note(ident)
    await until(lambda: len(principals.asked) >= 3)
    assert (repr(uses), await last_used(house, ident)) == ("<TokenUses of 1 tokens, 1 to be written>", None)
    principals.out = False
    await written(uses)
    assert await last_used(house, ident) == first


async def test_what_is_left_is_written_at_the_end(house: House, principals: Away) -> None:
    ident = await made(house)
    uses = TokenUses(principals, house.clock)
    uses.note(ident)
    await uses.close()
    assert (await last_used(house, ident), principals.asked) == (house.now, [1])


async def test_an_outage_does_not_hold_up_the_end_and_nothing_to_write_writes_nothing(
    house: House, principals: Away
) -> None:
    principals.out = True
    await TokenUses(principals, house.clock).close()
    assert principals.asked == []
    uses = TokenUses(principals, house.clock)
    uses.note(await made(house))
    await uses.close()
    assert principals.asked == [1]


async def test_a_token_that_is_gone_meanwhile_is_no_matter(house: House, uses: TokenUses) -> None:
    ident = await made(house)
    for each in (new_id(), ident):
        uses.note(each)
    await written(uses)
    assert await last_used(house, ident) == house.now


async def test_a_token_that_is_not_used_any_more_is_forgotten(house: House, uses: TokenUses) -> None:
    uses.note(await made(house))
    await written(uses)
    house.clock.advance(61)
    uses.note(await made(house, "tablet"))
    await written(uses)
    assert repr(uses) == "<TokenUses of 1 tokens, 0 to be written>"
