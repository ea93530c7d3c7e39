"""Sealing everything anew, on both databases: bounded steps, beside others who change the same rows."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import func, select, text, update

from auth.key_file import change, fresh, read
from auth.sealing import Sealer, label
from core.errors import Unavailable
from db.models import BulkItemRow, ProxyRow
from services import key_rotation
from services.bulk import BulkOperations
from services.key_rotation import KeyRotation
from services.proxies import Proxies, ProxyDraft, ProxyPatch
from services.proxy_lists import ProxyLists
from tests.fakes.house import House, open_house
from tests.servers.postgres import PostgresServer
from vocabulary.proxies import ProxyProtocol

COUNT = 25
ONE = ProxyDraft("one", ProxyProtocol.HTTP, "one.example", 80, username="ada", password="one")


@pytest.fixture(params=["sqlite", "postgres"])
async def house(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_server: PostgresServer
) -> AsyncIterator[House]:
    if request.param == "sqlite":
        async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}") as house:
            yield house
        return
    database = await postgres_server.create_database()
    try:
        async with open_house(database.sqlalchemy_url()) as house:
            yield house
    finally:
        await postgres_server.drop_database(database)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "key"


@pytest.fixture
def sealer(path: Path) -> Sealer:
    """That of a process that runs all the while."""
    return Sealer.from_file(path)


@pytest.fixture
async def rotation(house: House, sealer: Sealer, monkeypatch: pytest.MonkeyPatch) -> KeyRotation:
    """Many proxies and lines of an import that waits, sealed with one key; it takes them ten at a time."""
    monkeypatch.setattr(key_rotation, "ROWS_AT_ONCE", 10)
    listed = "\n".join(f"h{n}.example:80:ada:secret{n}" for n in range(COUNT))
    await ProxyLists(house.database, sealer).import_text(
        house.alice, listed, ProxyProtocol.HTTP, dry_run=False
    )
    await BulkOperations(house.database, sealer).import_proxies(house.alice, listed, ProxyProtocol.HTTP)
    return KeyRotation(house.database, sealer)


def rotate(path: Path) -> str:
    return change(path, lambda keys: (fresh(), *keys))[0].id


async def until_somebody_waits(house: House) -> None:
    """Return when a connection to the database waits for a lock of another."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    for _ in range(2000):
        async with house.database.engines.reading() as session:
            if (await session.execute(waiting)).scalar_one():
                return
    raise AssertionError("Nobody waits.")


async def passwords(house: House, sealer: Sealer) -> dict[UUID, str]:
    async with house.database.engines.reading() as session:
        rows = (await session.execute(select(ProxyRow.id, ProxyRow.password_sealed))).all()
    return {row[0]: sealer.open(row[1]) for row in rows if row[1] is not None}


async def lines(house: House, sealer: Sealer) -> list[str]:
    async with house.database.engines.reading() as session:
        found = select(BulkItemRow.input_sealed).order_by(BulkItemRow.ordinal)
        return [sealer.open(sealed or b"") for sealed in (await session.execute(found)).scalars()]


async def test_everything_has_the_newest_key_after_it_and_opens_as_before(
    house: House, rotation: KeyRotation, sealer: Sealer, path: Path
) -> None:
    before = await passwords(house, sealer), await lines(house, sealer)
    head, announced = await house.head(), len(house.bell.announced)
    (old,) = sealer.key_ids
    new = rotate(path)
    done = await rotation.reseal()
    assert (done.count, done.broken) == (2 * COUNT, set())
    assert (await rotation.use()).by_key == {new: 2 * COUNT, old: 0}
    alone = Sealer([key.secret for key in read(path).keys if key.id == new])
    assert (await passwords(house, alone), await lines(house, alone)) == before
    assert len(before[0]) == len(before[1]) == COUNT
    # No step took more than ten rows, and nothing was told, for nothing that anybody sees has changed.
    assert len(house.bell.announced) - announced >= 2 * COUNT / 10
    assert await house.head() == head
    assert (await rotation.reseal()).count == 0


async def test_one_that_was_cut_short_is_finished_by_the_next(
    house: House, rotation: KeyRotation, sealer: Sealer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await passwords(house, sealer)
    (old,) = sealer.key_ids
    new = rotate(path)
    steps = 0
    step = KeyRotation._step

    async def fail_at_the_third(*args: object) -> object:
        nonlocal steps
        steps += 1
        gone = await step(*args)  # type: ignore[arg-type]
        if steps == 3:
            raise Unavailable("cut short")
        return gone

    monkeypatch.setattr(KeyRotation, "_step", fail_at_the_third)
    with pytest.raises(Unavailable):
        await rotation.reseal()
    assert (await rotation.use()).by_key == {new: 20, old: 2 * COUNT - 20}
    assert await passwords(house, sealer) == before
    assert (await rotation.reseal()).count == 2 * COUNT - 20
    assert await passwords(house, sealer) == before


async def test_a_password_that_is_changed_meanwhile_stays_as_it_was_changed(
    house: House, rotation: KeyRotation, sealer: Sealer, path: Path
) -> None:
    proxies = Proxies(house.database, sealer)
    expected = await passwords(house, sealer)
    changed = {ident: f"changed{number}" for number, ident in enumerate(expected) if number % 2}
    new = rotate(path)

    async def change_all() -> None:
        for ident, password in changed.items():
            await proxies.update(house.alice, ident, ProxyPatch(password=password))

    await asyncio.gather(rotation.reseal(), change_all(), rotation.reseal())
    assert await passwords(house, sealer) == {**expected, **changed}
    assert (await rotation.use()).by_key[new] == 2 * COUNT


async def test_what_is_added_meanwhile_by_a_process_of_before_has_the_newest_key(
    house: House, rotation: KeyRotation, sealer: Sealer, path: Path
) -> None:
    await rotation.reseal()
    new = rotate(path)
    await Proxies(house.database, sealer).create(house.alice, ONE)
    assert (await rotation.use()).by_key[new] == 1


async def test_secrets_of_before_keys_had_ids_get_one(
    house: House, rotation: KeyRotation, sealer: Sealer, path: Path
) -> None:
    token = Fernet(read(path).keys[0].secret).encrypt(b"old")
    async with house.database.engines.writing() as session:
        await session.execute(update(ProxyRow).values(password_sealed=token))
    assert (await rotation.use()).unnamed == COUNT
    rotate(path)
    await rotation.reseal()
    use = await rotation.use()
    assert (use.unnamed, use.unknown, [*use.by_key.values()]) == (0, 0, [2 * COUNT, 0])
    assert {*(await passwords(house, sealer)).values()} == {"old"}


async def test_what_no_key_opens_is_told_and_stays(house: House, rotation: KeyRotation, path: Path) -> None:
    lost = Sealer([Fernet.generate_key()]).seal("lost")
    first = select(func.min(BulkItemRow.ordinal)).scalar_subquery()
    async with house.database.engines.writing() as session:
        await session.execute(
            update(BulkItemRow).where(BulkItemRow.ordinal == first).values(input_sealed=lost)
        )
    new = rotate(path)
    done = await rotation.reseal()
    assert (done.count, len(done.broken)) == (2 * COUNT - 1, 1)
    use = await rotation.use()
    assert (use.by_key[new], use.unknown) == (2 * COUNT - 1, 1)


async def test_rows_that_somebody_holds_are_waited_for_at_the_end(
    postgres_server: PostgresServer, sealer: Sealer, path: Path
) -> None:
    database = await postgres_server.create_database()
    try:
        async with open_house(database.sqlalchemy_url()) as house:
            state = await Proxies(house.database, sealer).create(house.alice, ONE)
            rotation, new = KeyRotation(house.database, sealer), rotate(path)
            async with house.database.engines.writing() as session:
                row = await session.get_one(ProxyRow, state.value.id, with_for_update=True)
                resealing = asyncio.ensure_future(rotation.reseal())
                await until_somebody_waits(house)
                row.password_sealed = sealer.seal("changed")
            await resealing
            assert await passwords(house, sealer) == {state.value.id: "changed"}
            assert (await rotation.use()).by_key[new] == 1
            assert label(new).startswith(b"key:")
    finally:
        await postgres_server.drop_database(database)
