"""Keyset pages: concatenated they are the whole list, whatever the order, the ties and the changes between."""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event

from auth.principal import Principal
from core.ids import new_id
from db.models import CampaignRow
from db.queries.campaigns import CAMPAIGNS, CampaignFilter, CampaignOrderField
from db.queries.listing import PARTS_PER_STATEMENT, ROWS_PER_STATEMENT, Wanted
from db.repositories import event_log
from db.snapshot import Snapshot
from tests.fakes.gallery import Gallery
from tests.fakes.house import open_house
from vocabulary.campaigns import CampaignStatus

ORDERS = [(field, descending) for field in CampaignOrderField for descending in (False, True)]


async def walk(
    gallery: Gallery, caller: Principal, order: tuple[StrEnum, bool], size: int, gone: Sequence[int] = ()
) -> list[CampaignRow]:
    """The whole list, page by page; after page n the row that the cursor names is deleted if n is in `gone`."""
    field, descending = order
    seen: list[CampaignRow] = []
    after = None
    for page in range(1000):
        wanted = Wanted(CampaignFilter(), field, descending, size, after)
        async with gallery.house.database.engines.reading() as session:
            [rows] = await CAMPAIGNS.pages(session, caller.scope, [wanted])
        if not rows:
            return seen
        seen += rows
        after = CAMPAIGNS.key(field, rows[-1])
        if page in gone:
            async with gallery.house.database.engines.writing() as session:
                await session.execute(delete(CampaignRow).where(CampaignRow.id == rows[-1].id))
    raise AssertionError("The list does not end.")


def expected(rows: Sequence[CampaignRow], order: tuple[StrEnum, bool]) -> list[str]:
    field, descending = order
    ordered = sorted(rows, key=lambda row: CAMPAIGNS.key(field, row), reverse=descending)
    return [str(row.id) for row in ordered]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: f"{order[0]}-{'desc' if order[1] else 'asc'}")
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.sampled_from(["a", "b", "B", "ä"]), st.integers(0, 2)), max_size=12),
    size=st.integers(1, 5),
    gone=st.sets(st.integers(0, 4)),
)
def test_pages_concatenated_are_the_whole_list(
    tmp_path: Path, order: tuple[StrEnum, bool], rows: list[tuple[str, int]], size: int, gone: set[int]
) -> None:
    async def run() -> None:
        async with open_house(f"sqlite+aiosqlite:///{tmp_path / new_id().hex}") as house:
            gallery = Gallery(house)
            made = [gallery.campaign_row(house.alice, name, seconds) for name, seconds in rows]
            await gallery.put_together([*made, gallery.campaign_row(house.bob, "b")])
            seen = await walk(gallery, house.alice, order, size, sorted(gone))
            assert [str(row.id) for row in seen] == expected(made, order)

    asyncio.run(run())


async def test_every_order_is_paged_on_every_database(any_gallery: Gallery) -> None:
    house = any_gallery.house
    made = [any_gallery.campaign_row(house.alice, name, n % 2) for n, name in enumerate("bcabca")]
    await any_gallery.put_together(made)
    for order in ORDERS:
        seen = await walk(any_gallery, house.alice, order, 2)
        assert [str(row.id) for row in seen] == expected(made, order)


async def test_many_pages_come_in_one_statement_each_in_its_own_order(any_gallery: Gallery) -> None:
    house = any_gallery.house
    made = [any_gallery.campaign_row(house.alice, name, n % 2) for n, name in enumerate("bcabca")]
    await any_gallery.put_together(made)
    wanted = [Wanted(CampaignFilter(), field, descending, 4) for field, descending in ORDERS]
    wanted.append(Wanted(CampaignFilter(search="c"), CampaignOrderField.NAME, descending=False, limit=9))
    statements: list[str] = []
    async with house.database.engines.reading() as session:
        event.listen(
            house.database.engines.reader.sync_engine,
            "before_cursor_execute",
            lambda _c, _k, statement, *_: statements.append(statement),
        )
        pages = await CAMPAIGNS.pages(session, house.alice.scope, wanted)
        counts = await CAMPAIGNS.counts(session, house.alice.scope, [one.filter for one in wanted])
    assert [one.split()[0] for one in statements if not one.startswith("BEGIN")] == ["SELECT"] * 2
    for page, order in zip(pages, ORDERS, strict=False):
        assert [str(row.id) for row in page] == expected(made, order)[:4]
    assert [row.name for row in pages[-1]] == ["c", "c"]
    assert counts == [6] * len(ORDERS) + [2]


async def test_more_pages_than_a_union_may_have_are_cut_into_statements(gallery: Gallery) -> None:
    house = gallery.house
    made = [gallery.campaign_row(house.alice, f"c{n:03}") for n in range(PARTS_PER_STATEMENT + 1)]
    await gallery.put_together(made)
    wanted = [
        Wanted(CampaignFilter(search=row.name), CampaignOrderField.NAME, descending=False, limit=2)
        for row in made
    ]
    async with house.database.engines.reading() as session:
        pages = await CAMPAIGNS.pages(session, house.alice.scope, wanted)
        counts = await CAMPAIGNS.counts(session, house.alice.scope, [one.filter for one in wanted])
    assert [[row.id for row in page] for page in pages] == [[row.id] for row in made]
    assert counts == [1] * len(made)


async def test_pages_that_are_large_together_are_asked_for_apart(gallery: Gallery) -> None:
    """Each of them is made in one go, and nobody else is served meanwhile."""
    house = gallery.house
    await gallery.put_together([gallery.campaign_row(house.alice, f"c{n}") for n in range(5)])
    sizes = [ROWS_PER_STATEMENT // 2, ROWS_PER_STATEMENT // 2, 1, 2 * ROWS_PER_STATEMENT, 2, 3]
    wanted = [
        Wanted(CampaignFilter(), CampaignOrderField.NAME, descending=False, limit=size) for size in sizes
    ]
    statements: list[str] = []
    async with house.database.engines.reading() as session:
        event.listen(
            house.database.engines.reader.sync_engine,
            "before_cursor_execute",
            lambda _c, _k, statement, *_: statements.append(statement),
        )
        pages = await CAMPAIGNS.pages(session, house.alice.scope, wanted)
    assert [statement.count("UNION ALL") for statement in statements if "SELECT" in statement] == [1, 0, 0, 1]
    assert [[row.name for row in page] for page in pages] == [
        [f"c{n}" for n in range(min(size, 5))] for size in sizes
    ]


async def test_a_filter_narrows_the_list_and_the_count_alike(gallery: Gallery) -> None:
    house = gallery.house
    rows = [gallery.campaign_row(house.alice, f"100%_{n}", n) for n in range(4)]
    rows[1].status = CampaignStatus.RUNNING
    await gallery.put_together([*rows, gallery.campaign_row(house.bob, "100%_9")])
    cases = [
        (CampaignFilter(), [0, 1, 2, 3]),
        (CampaignFilter(statuses=(CampaignStatus.RUNNING,)), [1]),
        (CampaignFilter(statuses=()), []),
        (CampaignFilter(search="%_2"), [2]),
        (CampaignFilter(search="0_"), []),
        (CampaignFilter(created_after=gallery.moment(1), created_before=gallery.moment(3)), [1, 2]),
        (CampaignFilter(owner_id=house.bob.id), []),
    ]
    order = CampaignOrderField.NAME
    async with house.database.engines.reading() as session:
        wanted = [Wanted(one, order, descending=False, limit=9) for one, _ in cases]
        pages = await CAMPAIGNS.pages(session, house.alice.scope, wanted)
        counts = await CAMPAIGNS.counts(session, house.alice.scope, [one for one, _ in cases])
    assert [[row.id for row in page] for page in pages] == [[rows[n].id for n in which] for _, which in cases]
    assert counts == [len(which) for _, which in cases]


async def test_an_admin_sees_all_and_may_narrow_to_an_owner(gallery: Gallery) -> None:
    house = gallery.house
    await gallery.put_together([gallery.campaign_row(house.alice), gallery.campaign_row(house.bob)])
    async with house.database.engines.reading() as session:
        filters = [CampaignFilter(), CampaignFilter(owner_id=house.bob.id)]
        assert await CAMPAIGNS.counts(session, house.admin.scope, filters) == [2, 1]


def test_a_key_says_the_types_of_its_values() -> None:
    types = CAMPAIGNS.key_types(CampaignOrderField.CREATED_AT)
    assert [one.__name__ for one in types] == ["datetime", "UUID"]


async def test_what_is_read_past_a_session_is_the_same_on_every_database(any_gallery: Gallery) -> None:
    house = any_gallery.house
    engines, scope = house.database.engines, house.alice.scope
    made = [any_gallery.campaign_row(house.alice, name, n % 2) for n, name in enumerate("bcabca")]
    for place, row in enumerate(made):
        row.percent = 100 / (place + 3)
    await any_gallery.put_together([*made, any_gallery.campaign_row(house.bob, "b")])
    snapshot = Snapshot(engines.reader)
    for field, descending in ORDERS:
        first = Wanted(CampaignFilter(), field, descending, 4)
        page = await CAMPAIGNS.page_of(snapshot, scope, first)
        rest = Wanted(CampaignFilter(), field, descending, 4, CAMPAIGNS.key(field, page[-1]))
        found = [*page, *await CAMPAIGNS.page_of(snapshot, scope, rest)]
        assert [str(row.id) for row in found] == expected(made, (field, descending))
        assert {row.id: row.percent for row in found} == {row.id: row.percent for row in made}
        await snapshot.close()
    for wanted in (CampaignFilter(), CampaignFilter(search="b"), CampaignFilter(search="x")):
        async with engines.reading() as session:
            counted = await CAMPAIGNS.counts(session, scope, [wanted])
        assert [await CAMPAIGNS.count_of(snapshot, scope, wanted)] == counted
    async with engines.reading() as session:
        assert await event_log.head_of(snapshot) == await event_log.head(session)
    await snapshot.close()
