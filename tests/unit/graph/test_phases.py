"""What a campaign says of its phases: percent before the start, with nothing to do, and which phase is shown."""

import pytest
from sqlalchemy import update

from db.models import PhaseRow
from graph import node_ids
from tests.fakes.gallery import Gallery
from tests.unit.graph.asking import Data, Desk
from vocabulary.campaigns import PhaseKind, PhaseStatus

QUERY = """query ($id: ID!) { campaign(id: $id) {
  percent controlPhase counts { total processed } ratePerMinute etaAt phases { status percent } } }"""
FRESH = {"status": PhaseStatus.NOT_STARTED, "total": 0, "processed": 0, "succeeded": 0, "failed": 0}
FRESH |= {"started_at": None, "completed_at": None}
GENERATION, DNS, HTTP = PhaseKind


async def seen(gallery: Gallery, desk: Desk, **phases: dict[str, object]) -> Data:
    """A campaign whose phases have these values."""
    alice = gallery.house.alice
    ident = await gallery.campaign(alice)
    async with gallery.house.database.engines.writing() as session:
        for kind, values in zip(PhaseKind, phases.values(), strict=True):
            begun = {} if values["status"] is PhaseStatus.NOT_STARTED else {"started_at": gallery.moment()}
            await session.execute(
                update(PhaseRow).where(PhaseRow.kind == kind).values(**(FRESH | begun | values))
            )
    data: Data = (await desk.ask(alice, QUERY, id=node_ids.encode("Campaign", ident)))["campaign"]
    return data


async def test_nothing_has_begun(gallery: Gallery, desk: Desk) -> None:
    """A total of 0 is 100 percent only of what was looked at."""
    found = await seen(gallery, desk, generation=FRESH, dns=FRESH, http=FRESH)
    assert found == {
        "percent": 0,
        "controlPhase": None,
        "counts": {"total": "0", "processed": "0"},
        "ratePerMinute": None,
        "etaAt": None,
        "phases": [{"status": "NOT_STARTED", "percent": 0}] * 3,
    }


async def test_there_was_nothing_to_do(gallery: Gallery, desk: Desk) -> None:
    done: dict[str, object] = {"status": PhaseStatus.COMPLETED}
    found = await seen(gallery, desk, generation=done, dns=done, http=done)
    assert (found["percent"], [one["percent"] for one in found["phases"]]) == (100, [100] * 3)


@pytest.mark.parametrize("status", [PhaseStatus.IN_PROGRESS, PhaseStatus.PAUSED])
async def test_the_phase_that_runs_or_is_paused_is_shown(
    gallery: Gallery, desk: Desk, status: PhaseStatus
) -> None:
    found = await seen(
        gallery,
        desk,
        generation={"status": PhaseStatus.COMPLETED, "total": 8, "processed": 8, "succeeded": 8},
        dns={"status": status, "total": 8, "processed": 3, "succeeded": 1, "failed": 2},
        http=FRESH,
    )
    assert (found["controlPhase"], found["percent"]) == (DNS.value, 37.5)
    assert found["counts"] == {"total": "8", "processed": "3"}
    assert [one["percent"] for one in found["phases"]] == [100, 37.5, 0]


async def test_of_a_campaign_that_has_ended_the_last_that_began_is_shown(
    gallery: Gallery, desk: Desk
) -> None:
    found = await seen(
        gallery,
        desk,
        generation={"status": PhaseStatus.COMPLETED, "total": 8, "processed": 8},
        dns={"status": PhaseStatus.CANCELLED, "total": 8, "processed": 2},
        http=FRESH,
    )
    assert (found["controlPhase"], found["percent"]) == (None, 25)
