"""The first screen: what it shows, of whom, and with how many statements."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from auth.principal import Principal
from core.ids import new_id
from db.models import BulkOperationRow, CampaignRow, DomainRow, PhaseRow
from graph import node_ids
from tests.fakes.gallery import Gallery
from tests.unit.graph.asking import Desk
from tests.unit.graph.test_snapshot import statements
from vocabulary.access import Role
from vocabulary.bulk import BulkKind, BulkStatus
from vocabulary.campaigns import CampaignStatus
from vocabulary.checks import CheckStatus

DASHBOARD = """query ($rows: Int! = 50) { dashboard {
  campaignCounts { status count }
  runningCampaigns { name status phases { kind status } owner { name } }
  activity(first: $rows) { kind summary campaign { name } }
  domains(first: $rows) { at campaign { name owner { name } } domain { name dns { status } http { status } } }
  bulkOperations { kind status total }
  proxyStats { total healthy }
  cursor } }"""


async def running(gallery: Gallery, owner: Principal, name: str, seconds: float) -> UUID:
    """A campaign that runs and moved `seconds` from now, with three domains checked then and just after."""
    ident = await gallery.campaign(owner, name)
    async with gallery.house.database.engines.writing() as session:
        moment = gallery.moment(seconds)
        await session.execute(
            update(CampaignRow)
            .where(CampaignRow.id == ident)
            .values(status=CampaignStatus.RUNNING, updated_at=moment)
        )
        await session.execute(
            update(PhaseRow).where(PhaseRow.campaign_id == ident).values(progress_at=moment)
        )
        for offset in range(3):
            await session.execute(
                update(DomainRow)
                .where(DomainRow.campaign_id == ident, DomainRow.offset == offset)
                .values(checked_at=gallery.moment(seconds + offset * 10), dns_status=CheckStatus.OK)
            )
    return ident


async def ask(desk: Desk, caller: Principal, **variables: object) -> Any:
    return (await desk.ask(caller, DASHBOARD, **variables))["dashboard"]


async def test_it_shows_ones_own_things_newest_first_with_real_statuses(gallery: Gallery, desk: Desk) -> None:
    house = gallery.house
    await running(gallery, house.alice, "early", 0)
    await running(gallery, house.alice, "late", 15)
    await running(gallery, house.bob, "theirs", 100)
    await gallery.campaign(house.alice, "draft")
    found = await ask(desk, house.alice)
    counts = {one["status"]: one["count"] for one in found["campaignCounts"]}
    assert set(counts) == {status.value for status in CampaignStatus}
    assert {status: count for status, count in counts.items() if count != "0"} == {
        "DRAFT": "1",
        "RUNNING": "2",
    }
    assert [one["name"] for one in found["runningCampaigns"]] == ["late", "early"]
    rows = [(one["campaign"]["name"], one["domain"]["name"]) for one in found["domains"]]
    assert rows == [
        ("late", "n00002.test"),
        ("late", "n00001.test"),
        ("early", "n00002.test"),
        ("late", "n00000.test"),
        ("early", "n00001.test"),
        ("early", "n00000.test"),
    ]
    assert {one["domain"]["dns"]["status"] for one in found["domains"]} == {"OK"}
    assert {one["domain"]["http"]["status"] for one in found["domains"]} == {"PENDING"}
    assert len((await ask(desk, house.alice, rows=2))["domains"]) == 2
    everybodys = await ask(desk, house.admin)
    assert everybodys["domains"][0]["campaign"] == {"name": "theirs", "owner": {"name": "bob"}}


async def test_an_empty_one_is_empty(gallery: Gallery, desk: Desk) -> None:
    found = await ask(desk, gallery.house.alice)
    assert (found["runningCampaigns"], found["activity"], found["domains"]) == ([], [], [])
    assert found["proxyStats"]["total"] == 0 or found["proxyStats"]["total"] == "0"


@pytest.mark.parametrize("rows", [0, 201])
async def test_more_than_a_screen_is_refused(gallery: Gallery, desk: Desk, rows: int) -> None:
    refused = await desk.refused(gallery.house.alice, DASHBOARD, rows=rows)
    assert set(refused) == {("LIMIT_EXCEEDED", f"`first` is from 1 to 200 here, not {rows}.")}


async def test_its_statements_do_not_grow_with_what_there_is(gallery: Gallery, desk: Desk) -> None:
    alice, counts = gallery.house.alice, []
    for number in range(6):
        await running(gallery, alice, f"campaign {number}", number)
        with statements(desk.engines) as seen:
            await ask(desk, alice)
        counts.append(len(seen))
    assert len(set(counts)) == 1
    assert counts[0] <= 20


async def test_it_shows_bulk_operations_that_are_not_over(gallery: Gallery, desk: Desk) -> None:
    rows = [
        BulkOperationRow(
            id=new_id(),
            owner_id=gallery.house.alice.id,
            role=Role.OPERATOR,
            kind=BulkKind.PROXY_TEST,
            status=status,
            created_at=gallery.moment(seconds),
        )
        for seconds, status in enumerate((BulkStatus.RUNNING, BulkStatus.COMPLETED, BulkStatus.QUEUED))
    ]
    await gallery.put_together(rows)
    found = (await ask(desk, gallery.house.alice))["bulkOperations"]
    assert [one["status"] for one in found] == ["QUEUED", "RUNNING"]
    assert (await ask(desk, gallery.house.bob))["bulkOperations"] == []


async def test_a_domain_leads_to_its_own_page(gallery: Gallery, desk: Desk) -> None:
    ident = await running(gallery, gallery.house.alice, "one", 0)
    query = "{ dashboard { domains(first: 1) { domain { id } } } }"
    found = (await desk.ask(gallery.house.alice, query))["dashboard"]["domains"]
    assert found == [{"domain": {"id": node_ids.encode("Domain", ident, 2)}}]
