"""Offsets at the far end of a space of nearly 2^63 names, and many who reserve at once; on both databases."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from core.settings import Settings
from db.models import GenerationRangeRow, GenerationSpaceRow
from names.space import Space
from tests import factories
from tests.fakes.house import House, open_house
from tests.fakes.shop import Shop, open_shop
from tests.servers.postgres import PostgresServer
from vocabulary.campaigns import Counts, DnsConfig, GenerationConfig, HttpConfig, PatternType, PhaseKind

# 78 to the 10th is the last tenth power below 2 to the 63rd.
HUGE = GenerationConfig(
    PatternType.SUFFIX, "".join(map(chr, range(0x4E00, 0x4E00 + 78))), "x", (".com",), suffix_length=10
)


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> PostgresServer | None:
    """The server that the database needs, which is started before a loop runs."""
    return None if request.param == "sqlite" else request.getfixturevalue("postgres_server")


@pytest.fixture
async def any_house(server: PostgresServer | None, tmp_path: Path) -> AsyncIterator[House]:
    if server is None:
        async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}") as house:
            yield house
        return
    database = await server.create_database()
    async with open_house(database.sqlalchemy_url()) as house:
        yield house
    await server.drop_database(database)


@pytest.fixture
async def shop(any_house: House) -> AsyncIterator[Shop]:
    async with open_shop(any_house, any_house.clock, Settings()) as shop:
        yield shop


async def test_the_last_names_of_the_greatest_space(shop: Shop) -> None:
    space = Space.of(HUGE)
    assert 2**62 < space.total < 2**63
    async with shop.database.engines.writing() as session:
        session.add(GenerationSpaceRow(key=space.key, next_offset=space.total - 3, total=space.total))
    ident = await shop.generated(HUGE)
    assert [(row.offset, row.name) for row in await shop.domains(ident)] == [
        (offset, space.name_at(offset)) for offset in range(space.total - 3, space.total)
    ]
    phase = await shop.phase(ident, PhaseKind.DOMAIN_GENERATION)
    assert Counts(phase.total, phase.processed, phase.succeeded, phase.failed) == Counts(3, 3, 3, 0)


async def test_a_count_beyond_what_is_left_is_cut_and_nothing_overflows(shop: Shop) -> None:
    total = Space.of(HUGE).total
    ident = await shop.started(msgspec.structs.replace(HUGE, count=2**63 - 1))
    async with shop.database.engines.reading() as session:
        row = await session.get_one(GenerationRangeRow, (ident, 0))
    assert (row.lower, row.upper) == (0, total)
    assert (await shop.phase(ident, PhaseKind.DOMAIN_GENERATION)).total == total


async def test_of_many_that_start_at_once_no_two_have_an_offset_in_common(shop: Shop) -> None:
    """The space has no row yet: whoever makes it locks it, and the others wait."""
    dns, http = await shop.dns_persona("192.0.2.1:53"), await shop.http_persona()
    idents = [
        await shop.campaign(
            factories.generation(count=2), DnsConfig((dns,)), HttpConfig((http,), ad_hoc_keywords=("sun",))
        )
        for _ in range(5)
    ]
    await asyncio.gather(*(shop.start(ident) for ident in idents))
    async with shop.database.engines.reading() as session:
        rows = [await session.get_one(GenerationRangeRow, (ident, 0)) for ident in idents]
    assert sorted((row.lower, row.upper) for row in rows) == [(0, 2), (2, 4), (4, 6), (6, 8), (8, 9)]
