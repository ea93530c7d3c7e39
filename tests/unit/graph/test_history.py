"""The history of a campaign: all of it, in order, to whom it belongs, and said when a part is gone."""

from typing import Any

import pytest
from sqlalchemy import update

from core.ids import new_id
from db.models import EventLogHeadRow
from events import cursor
from events.campaign_events import CampaignCreated, CampaignDeleted, CampaignProgress
from graph import node_ids
from tests.fakes.gallery import Gallery
from tests.unit.graph.asking import Desk
from vocabulary.campaigns import Counts, PhaseKind

HISTORY = """
query ($id: ID!, $first: Int, $after: String) { campaignHistory(campaignId: $id, first: $first, after: $after) {
  isGapless totalCount pageInfo { hasNextPage endCursor } nodes { cursor kind version actor { kind } data }
} }
"""


@pytest.fixture
async def told(gallery: Gallery) -> str:
    """A campaign with seven events, among those of others; it is gone in the end."""
    key, alice = await gallery.campaign(gallery.house.alice), gallery.house.alice
    await gallery.tell(CampaignCreated(campaign_id=key, name="a"), alice, alice)
    for done in range(5):
        event = CampaignProgress(campaign_id=key, phase=PhaseKind.ANALYSIS, counts=Counts(processed=done))
        await gallery.tell(event, alice, alice)
        await gallery.tell(CampaignCreated(campaign_id=new_id(), name="other"), alice, alice)
    await gallery.tell(CampaignDeleted(campaign_id=key, name="a"), alice, alice)
    return node_ids.encode("Campaign", key)


async def set_floor(gallery: Gallery, floor: int) -> None:
    async with gallery.house.database.engines.writing() as session:
        await session.execute(update(EventLogHeadRow).values(floor=floor))


async def page(desk: Desk, caller: Any, ident: str, **more: Any) -> Any:
    return (await desk.ask(caller, HISTORY, id=ident, **more))["campaignHistory"]


async def test_all_of_it_in_order_and_page_by_page(gallery: Gallery, desk: Desk, told: str) -> None:
    whole = await page(desk, gallery.house.alice, told)
    assert [node["kind"] for node in whole["nodes"]] == [
        "CampaignCreated",
        *["CampaignProgress"] * 5,
        "CampaignDeleted",
    ]
    assert [node["data"]["counts"]["processed"] for node in whole["nodes"][1:6]] == [0, 1, 2, 3, 4]
    assert (whole["isGapless"], whole["totalCount"]) == (True, "7")
    places = [cursor.decode(node["cursor"]).position for node in whole["nodes"]]
    assert places == sorted(places)
    nodes: list[Any] = []
    after = None
    while len(nodes) < 7:
        part = await page(desk, gallery.house.alice, told, first=3, after=after)
        assert part["isGapless"]
        nodes += part["nodes"]
        after = part["pageInfo"]["endCursor"]
    assert nodes == whole["nodes"]


async def test_it_is_its_owners_and_the_admins(gallery: Gallery, desk: Desk, told: str) -> None:
    for caller, count in ((gallery.house.admin, 7), (gallery.house.bob, 0), (gallery.house.alice, 7)):
        assert len((await page(desk, caller, told))["nodes"]) == count


async def test_what_was_pruned_is_said(gallery: Gallery, desk: Desk, told: str) -> None:
    """Before the first node, or between a page and the next."""
    alice = gallery.house.alice
    begun = await page(desk, alice, told, first=3)
    at = cursor.decode(begun["nodes"][-1]["cursor"]).position
    after = begun["pageInfo"]["endCursor"]
    for floor, whole in ((at, True), (at + 1, False)):
        await set_floor(gallery, floor)
        assert (await page(desk, alice, told, after=after))["isGapless"] is whole
    for floor, whole in ((0, True), (1, False)):
        await set_floor(gallery, floor)
        assert (await page(desk, alice, told))["isGapless"] is whole
    assert not (await page(desk, gallery.house.bob, told))["isGapless"]


@pytest.mark.parametrize("change", [{"incarnation": "f" * 12}, {"position": 2}], ids=["another", "its past"])
async def test_a_cursor_of_a_log_that_was_replaced_is_refused(
    gallery: Gallery, desk: Desk, told: str, change: dict[str, Any]
) -> None:
    """What comes before it there was never given."""
    after = (await page(desk, gallery.house.alice, told, first=3))["pageInfo"]["endCursor"]
    async with gallery.house.database.engines.writing() as session:
        await session.execute(update(EventLogHeadRow).values(**change))
    refused = await desk.refused(gallery.house.alice, HISTORY, id=told, after=after)
    assert [code for code, _ in refused] == ["BAD_CURSOR"]


async def test_only_a_campaign_has_one_and_a_page_has_its_bounds(
    gallery: Gallery, desk: Desk, told: str
) -> None:
    alice = gallery.house.alice
    assert await desk.refused(alice, HISTORY, id="x") == [("BAD_ID", "`campaignId` is no id of this server.")]
    (refused,) = await desk.refused(alice, HISTORY, id=told, first=501)
    assert refused == ("LIMIT_EXCEEDED", "`first` is from 1 to 500 here, not 501.")


async def test_an_operation_gives_two_full_pages_and_no_third(
    gallery: Gallery, desk: Desk, told: str
) -> None:
    """An event may be as large as hundreds of other rows, and all that an operation gives is in memory at once."""

    def pages(count: int) -> str:
        fields = (
            f"p{n}: campaignHistory(campaignId: $id, first: 500) {{ nodes {{ kind }} }}" for n in range(count)
        )
        return f"query ($id: ID!) {{ {' '.join(fields)} }}"

    assert len(await desk.ask(gallery.house.alice, pages(2), id=told)) == 2
    refused = await desk.refused(gallery.house.alice, pages(3), id=told)
    assert {code for code, _ in refused} == {"LIMIT_EXCEEDED"}
