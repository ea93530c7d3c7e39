"""Who is connected by a token is expelled when it ends, whoever ends it and however, and nobody else is."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest
from sqlalchemy import update

from auth.principal import Principal
from auth.tokens import Unauthenticated
from core.errors import Unavailable
from core.tasks import Owner
from db.models import EventLogHeadRow, TokenRow
from live.close_codes import CloseCode
from services.access import Access, TokenDraft
from services.principals import Principals
from tests.fakes.house import House, open_house
from tests.fakes.stage import Stage, open_stage
from tests.integration.waiting import until
from vocabulary.access import Role
from web import holding
from web.authentication import BearerTokens
from web.holding import Stay
from web.stays import Stays

SOON = timedelta(milliseconds=20)


class Connected:
    """A guest that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, str]] = []
        self.failing = False

    async def expel(self, code: CloseCode, reason: str) -> None:
        self.told.append((code.code, reason))
        if self.failing:
            raise ConnectionError

    async def heard(self) -> None:
        """Wait until it is told something."""
        await until(lambda: bool(self.told))


class Tokens(BearerTokens):
    """Looks up who somebody is, and tells it when it may; or not at all."""

    def __init__(self, principals: Principals, house: House) -> None:
        self.used: list[UUID] = []
        super().__init__(principals, house.clock, self.used.append)
        self.found = asyncio.Event()
        self.may = asyncio.Event()
        self.may.set()
        self.out = False

    async def look_up(self, authorization: str | None) -> tuple[str, Principal]:
        found = await super().look_up(authorization)
        self.found.set()
        await self.may.wait()
        return found

    async def look_up_again(self, digests: Sequence[str]) -> Mapping[str, Principal]:
        if self.out:
            raise Unavailable("No database.")
        return await super().look_up_again(digests)


class World:
    """A process that people are connected to, and another one that does things to their tokens."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.house = stage.house
        self.access = Access(stage.database)
        self.tokens = Tokens(stage.services.principals, stage.house)
        self.expelled = 0
        self.stays = Stays(self.tokens, stage.hub, stage.house.clock, self.count).start()

    def count(self) -> None:
        self.expelled += 1

    async def token(
        self, owner: Principal, role: Role = Role.VIEWER, lasting: timedelta | None = None
    ) -> tuple[str, TokenRow]:
        """What an Authorization header has for a new token, and its row."""
        end = None if lasting is None else self.house.now + lasting
        made = (await self.access.create_token(owner, TokenDraft("token", role, None, end))).value
        async with self.stage.engines.reading() as session:
            return f"Bearer {made.secret}", await session.get_one(TokenRow, made.id)

    async def connect(self, header: str) -> tuple[Connected, Stay]:
        guest, stay = Connected(), await self.stays.begin(header)
        stay.seat(guest)
        return guest, stay

    async def sees(self, stay: Stay, name: str, value: object) -> None:
        """Wait until it is known of a caller."""
        await until(lambda: getattr(stay.caller, name) == value)

    async def come_by(self, position: int) -> None:
        """Wait until the process has seen all up to a position."""
        await until(lambda: repr(self.stays).endswith(f"at {position}>"))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with (
        open_house(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}") as house,
        open_stage(house, tmp_path / "key") as stage,
    ):
        world = World(stage)
        yield world
        await world.stays.close()


async def test_a_revoked_token_ends_all_of_its_connections_and_no_other(world: World) -> None:
    house = world.house
    header, row = await world.token(house.alice)
    other, _ = await world.token(house.alice)
    guests = [(await world.connect(header))[0] for _ in range(3)]
    stranger, _ = await world.connect(other)
    await world.access.revoke_token(house.admin, row.id)
    await until(lambda: all(guest.told for guest in guests))
    assert [guest.told for guest in guests] == [[(4403, "Token revoked")]] * 3
    assert (stranger.told, world.expelled, len(world.stays)) == ([], 3, 1)
    with pytest.raises(Unauthenticated):
        await world.stays.begin(header)


async def test_whoever_is_deactivated_is_expelled_with_all_tokens(world: World) -> None:
    house = world.house
    headers = [(await world.token(house.alice))[0] for _ in range(2)]
    guests = [(await world.connect(header))[0] for header in headers]
    await world.access.deactivate(house.admin, house.alice.id)
    await until(lambda: all(guest.told for guest in guests))
    assert [guest.told for guest in guests] == [[(4403, "Principal deactivated")]] * 2
    await world.access.reactivate(house.admin, house.alice.id)
    again, _ = await world.connect(headers[0])
    assert again.told == []


async def test_who_may_do_less_and_sees_the_same_goes_on_and_may_do_less(world: World) -> None:
    house = world.house
    header, _ = await world.token(house.alice, Role.OPERATOR)
    guest, stay = await world.connect(header)
    for role in (Role.VIEWER, Role.OPERATOR):
        await world.access.set_role(house.admin, house.alice.id, role)
        await world.sees(stay, "role", role)
    assert guest.told == []


async def test_who_sees_more_or_less_is_to_come_back(world: World) -> None:
    house = world.house
    await world.access.set_role(house.admin, house.bob.id, Role.ADMIN)
    bob = Principal(id=house.bob.id, name="bob", role=Role.ADMIN)
    header, _ = await world.token(bob, Role.ADMIN)
    viewing, _ = await world.token(bob)
    for role in (Role.OPERATOR, Role.ADMIN):
        guest, _ = await world.connect(header)
        narrowed, stay = await world.connect(viewing)
        written = await world.access.set_role(house.admin, bob.id, role)
        await guest.heard()
        assert guest.told == [(4512, "Role changed")]
        # The token of a viewer saw no more before, and sees no less now.
        await world.come_by(written.position)
        assert narrowed.told == []
        stay.end()


async def test_a_token_ends_in_time_and_not_by_the_clock_of_the_loop(world: World) -> None:
    header, _ = await world.token(world.house.alice, lasting=SOON)
    guest, _ = await world.connect(header)
    loop = asyncio.get_running_loop()
    end = loop.time() + 3 * SOON.total_seconds()
    await until(lambda: loop.time() >= end)
    assert guest.told == []
    world.house.clock.advance(SOON.total_seconds())
    await guest.heard()
    assert guest.told == [(4403, "Token expired")]


async def test_a_renewed_token_ends_later(world: World) -> None:
    house = world.house
    header, row = await world.token(house.alice, lasting=SOON)
    guest, stay = await world.connect(header)
    for later in (house.now + timedelta(days=1), house.now + 3 * SOON):
        await world.access.renew_token(house.alice, row.id, later)
        await world.sees(stay, "expires_at", later)
    house.clock.advance(2 * SOON.total_seconds())
    same, _ = await world.connect(header)
    assert guest.told == []
    house.clock.advance(SOON.total_seconds())
    await until(lambda: bool(guest.told and same.told))
    assert guest.told == same.told == [(4403, "Token expired")]


async def test_a_token_that_ends_while_somebody_comes_lets_nobody_in(world: World) -> None:
    header, row = await world.token(world.house.alice)
    world.tokens.may.clear()
    async with Owner("test") as owner:
        coming = owner.start(world.stays.begin(header), "begin")
        await world.tokens.found.wait()
        written = await world.access.revoke_token(world.house.admin, row.id)
        await world.come_by(written.position)
        world.tokens.may.set()
        with pytest.raises(Unauthenticated):
            await coming
    assert len(world.stays) == 0


class StillClock(asyncio.SelectorEventLoop):
    """One whose clock stands still while it is told to, as uvloop's does within a turn."""

    stopped_at: float | None = None

    def time(self) -> float:
        return super().time() if self.stopped_at is None else self.stopped_at


def test_nor_does_one_that_ends_in_the_same_instant(tmp_path: Path) -> None:
    async def come(loop: StillClock) -> None:
        async with (
            open_house(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}") as house,
            open_stage(house, tmp_path / "key") as stage,
        ):
            world = World(stage)
            header, row = await world.token(house.alice)
            world.tokens.may.clear()
            async with Owner("test") as owner:
                coming = owner.start(world.stays.begin(header), "begin")
                await world.tokens.found.wait()
                written = await world.access.revoke_token(house.admin, row.id)
                await world.come_by(written.position)
                loop.stopped_at = loop.time()
                world.tokens.may.set()
                with pytest.raises(Unauthenticated):
                    await coming
                loop.stopped_at = None
            await world.stays.close()

    with asyncio.Runner(loop_factory=StillClock) as runner:
        runner.run(come(cast("StillClock", runner.get_loop())))


async def test_one_that_ends_before_its_connection_is_served_is_expelled_then(world: World) -> None:
    header, row = await world.token(world.house.alice)
    stay = await world.stays.begin(header)
    written = await world.access.revoke_token(world.house.admin, row.id)
    await world.come_by(written.position)
    guest = Connected()
    stay.seat(guest)
    await guest.heard()
    assert guest.told == [(4403, "Token revoked")]


async def test_when_the_log_is_replaced_everybody_is_looked_up(world: World) -> None:
    house = world.house
    lost, row = await world.token(house.alice)
    kept, _ = await world.token(house.alice)
    gone, stays = (await world.connect(lost))[0], (await world.connect(kept))[0]
    # Another database has other tokens, and no event says which.
    async with world.stage.engines.writing() as session:
        await session.execute(update(TokenRow).where(TokenRow.id == row.id).values(revoked_at=house.now))
        await session.execute(update(EventLogHeadRow).values(incarnation="fedcba987654"))
    world.stage.hub.rung(None)
    await gone.heard()
    assert (gone.told, stays.told) == ([(4403, "Token no longer valid")], [])


async def test_whose_role_cannot_be_looked_up_has_to_come_back(world: World) -> None:
    house = world.house
    header, _ = await world.token(house.alice, Role.OPERATOR)
    guest, _ = await world.connect(header)
    world.tokens.out = True
    await world.access.set_role(house.admin, house.alice.id, Role.VIEWER)
    await guest.heard()
    assert guest.told == [(1013, "Try again later")]


async def test_one_that_cannot_be_expelled_holds_up_no_other(world: World) -> None:
    header, row = await world.token(world.house.alice)
    first, second = [(await world.connect(header))[0] for _ in range(2)]
    first.failing = True
    await world.access.revoke_token(world.house.admin, row.id)
    await until(lambda: bool(first.told and second.told))
    other, _ = await world.token(world.house.alice)
    assert (await world.connect(other))[0].told == []


async def test_nothing_is_kept_of_who_has_left(world: World) -> None:
    header, row = await world.token(world.house.alice, lasting=timedelta(days=1))
    guest, stay = await world.connect(header)
    stay.end()
    stay.end()
    assert len(world.stays) == 0
    written = await world.access.revoke_token(world.house.admin, row.id)
    await world.come_by(written.position)
    assert (guest.told, world.expelled) == ([], 0)


async def test_what_another_process_changes_ends_what_is_remembered_here(world: World) -> None:
    header, row = await world.token(world.house.alice)
    await world.tokens.recognise(header)
    written = await world.access.revoke_token(world.house.admin, row.id)
    await world.come_by(written.position)
    with pytest.raises(Unauthenticated):
        await world.tokens.recognise(header)


async def test_a_token_is_confirmed_by_a_look_of_a_moment_ago_and_not_of_an_older_one(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    header, row = await world.token(world.house.alice)
    guest, stay = await world.connect(header)
    # What another process does comes to nobody here while the way that it is told on is cut.
    async with world.stage.engines.writing() as session:
        await session.execute(
            update(TokenRow).where(TokenRow.id == row.id).values(revoked_at=world.house.now)
        )
    monkeypatch.setattr(holding, "REMEMBERED_SECONDS", 3600.0)
    await stay.confirm()
    monkeypatch.setattr(holding, "REMEMBERED_SECONDS", 0.0)
    with pytest.raises(Unauthenticated):
        await stay.confirm()
    await guest.heard()
    assert guest.told == [(4403, "Token no longer valid")]
    with pytest.raises(Unauthenticated):
        await stay.confirm()


async def test_to_be_confirmed_is_a_use_of_the_token(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    header, row = await world.token(world.house.alice)
    _, stay = await world.connect(header)
    assert world.tokens.used == [row.id]
    await stay.confirm()
    assert world.tokens.used == [row.id] * 2
    monkeypatch.setattr(holding, "REMEMBERED_SECONDS", 0.0)
    world.tokens.out = True
    with pytest.raises(Unavailable):
        await stay.confirm()
    assert world.tokens.used == [row.id] * 2


async def test_many_who_are_to_be_confirmed_are_looked_up_together(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setattr(holding, "REMEMBERED_SECONDS", 0.0)
    header, _ = await world.token(world.house.alice)
    stays = [(await world.connect(header))[1] for _ in range(20)]
    before = world.stage.engines.statements
    await asyncio.gather(*(stay.confirm() for stay in stays))
    once = world.stage.engines.statements - before
    await stays[0].confirm()
    assert world.stage.engines.statements - before <= 2 * once


async def test_in_an_outage_nobody_is_confirmed_and_nobody_is_expelled(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setattr(holding, "REMEMBERED_SECONDS", 0.0)
    guest, stay = await world.connect((await world.token(world.house.alice))[0])
    world.tokens.out = True
    with pytest.raises(Unavailable):
        await stay.confirm()
    assert guest.told == []
