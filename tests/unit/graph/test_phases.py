"""What a campaign says of its phases: percent before the start, with nothing to do, and which phase is shown."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import update

from db.models import CampaignRow, PhaseRow
from graph import node_ids
from tests.fakes.gallery import Gallery
from tests.unit.graph.asking import Data, Desk
from vocabulary.campaigns import PhaseKind, PhaseStatus

QUERY = """query ($id: ID!) { campaign(id: $id) {
  percent controlPhase counts { total processed } ratePerMinute etaAt error
  phases { kind status percent configured isHeldBack ratePerMinute etaAt error { code message } } } }"""
FRESH = {"status": PhaseStatus.CONFIGURED, "total": 0, "processed": 0, "succeeded": 0, "failed": 0}
FRESH |= {"started_at": None, "completed_at": None, "ran_seconds": 0.0, "running_since": None}
GENERATION, DNS, HTTP, *_ = PhaseKind
DONE = {"status": PhaseStatus.COMPLETED, "total": 8, "processed": 8, "succeeded": 8}


async def seen(gallery: Gallery, desk: Desk, **phases: Mapping[str, object]) -> Data:
    """A campaign whose phases have these values; those behind the last have not begun."""
    alice = gallery.house.alice
    ident = await gallery.campaign(alice)
    async with gallery.house.database.engines.writing() as session:
        values = [*phases.values(), *[FRESH] * (len(PhaseKind) - len(phases))]
        for kind, wanted in zip(PhaseKind, values, strict=True):
            waits = wanted["status"] in {PhaseStatus.NOT_STARTED, PhaseStatus.CONFIGURED, PhaseStatus.SKIPPED}
            begun = {} if waits else {"started_at": gallery.moment()}
            await session.execute(
                update(PhaseRow).where(PhaseRow.kind == kind).values(**(FRESH | begun | {**wanted}))
            )
        await session.execute(update(CampaignRow).values(percent=12.5, control_phase=PhaseKind.EXTRACTION))
    data: Data = (await desk.ask(alice, QUERY, id=node_ids.encode("Campaign", ident)))["campaign"]
    return data


def told(found: Data, name: str) -> list[Any]:
    return [one[name] for one in found["phases"]]


async def test_nothing_has_begun(gallery: Gallery, desk: Desk) -> None:
    """A total of 0 is 100 percent only of what was looked at."""
    found = await seen(gallery, desk, generation=FRESH, dns=FRESH | {"status": PhaseStatus.NOT_STARTED})
    assert found["counts"] == {"total": "0", "processed": "0"}
    assert (found["ratePerMinute"], found["etaAt"], found["error"]) == (None, None, None)
    assert told(found, "status") == ["CONFIGURED", "NOT_STARTED", *["CONFIGURED"] * 4]
    assert told(found, "configured") == [True, False, *[True] * 4]
    assert told(found, "percent") == [0] * 6


async def test_what_a_campaign_sums_up_is_what_its_row_says(gallery: Gallery, desk: Desk) -> None:
    found = await seen(gallery, desk)
    assert (found["percent"], found["controlPhase"]) == (12.5, "EXTRACTION")


async def test_there_was_nothing_to_do(gallery: Gallery, desk: Desk) -> None:
    done: dict[str, object] = {"status": PhaseStatus.COMPLETED}
    found = await seen(gallery, desk, **{kind.lower(): done for kind in PhaseKind})
    assert told(found, "percent") == [100] * 6


async def test_what_was_left_out_has_done_nothing(gallery: Gallery, desk: Desk) -> None:
    found = await seen(gallery, desk, generation=DONE, dns={"status": PhaseStatus.SKIPPED})
    assert told(found, "percent") == [100, *[0] * 5]


@pytest.mark.parametrize("status", [PhaseStatus.IN_PROGRESS, PhaseStatus.PAUSED])
async def test_the_phase_that_runs_or_is_paused_is_shown(
    gallery: Gallery, desk: Desk, status: PhaseStatus
) -> None:
    dns = {"status": status, "total": 8, "processed": 3, "succeeded": 1, "failed": 2}
    found = await seen(gallery, desk, generation=DONE, dns=dns)
    assert found["counts"] == {"total": "8", "processed": "3"}
    assert told(found, "percent") == [100, 37.5, 0, 0, 0, 0]


async def test_each_phase_has_a_pace_of_its_own(gallery: Gallery, desk: Desk) -> None:
    """Of the time in progress up to the last record of it: three in a minute and a half are two in one."""
    running = {"status": PhaseStatus.IN_PROGRESS, "total": 8, "progress_at": gallery.moment(60)}
    running |= {"running_since": gallery.moment()}
    found = await seen(
        gallery,
        desk,
        generation=DONE | {"ran_seconds": 30.0, "completed_at": gallery.moment(500)},
        dns=running | {"processed": 4, "is_held_back": True},
        http=running | {"processed": 3, "ran_seconds": 30.0},
    )
    assert told(found, "ratePerMinute")[:4] == [16, 4, 2, None]
    minutes = {
        kind: gallery.moment(60 + 60 * wait).isoformat().replace("+00:00", "Z")
        for kind, wait in ((DNS, 1), (HTTP, 2.5))
    }
    assert told(found, "etaAt")[:4] == [None, minutes[DNS], minutes[HTTP], None]
    assert told(found, "isHeldBack") == [False, True, False, False, False, False]


async def test_a_pause_changes_no_rate_and_leaves_no_end(gallery: Gallery, desk: Desk) -> None:
    """Nothing has moved since the phase was resumed, so its rate is still that of before, and counts from then."""
    before = {"total": 8, "processed": 4, "ran_seconds": 120.0, "progress_at": gallery.moment(120)}
    resumed = before | {"status": PhaseStatus.IN_PROGRESS, "running_since": gallery.moment(9000)}
    paused = before | {"status": PhaseStatus.PAUSED}
    found = await seen(gallery, desk, generation=DONE, dns=resumed, http=paused)
    assert told(found, "ratePerMinute")[1:3] == [2, 2]
    end = gallery.moment(9000 + 120).isoformat().replace("+00:00", "Z")
    assert told(found, "etaAt")[1:3] == [end, None]


async def test_of_a_campaign_that_has_ended_the_last_that_began_is_shown(
    gallery: Gallery, desk: Desk
) -> None:
    found = await seen(
        gallery, desk, generation=DONE, dns={"status": PhaseStatus.CANCELLED, "total": 8, "processed": 2}
    )
    assert found["counts"] == {"total": "8", "processed": "2"}


async def test_a_failed_phase_says_why_and_so_does_its_campaign(gallery: Gallery, desk: Desk) -> None:
    failed = {"status": PhaseStatus.FAILED, "error_code": "NO_PERSONA", "error_message": "None is enabled."}
    found = await seen(gallery, desk, generation=DONE, dns=failed)
    assert found["error"] == "None is enabled."
    assert told(found, "error")[1] == {"code": "NO_PERSONA", "message": "None is enabled."}
    assert told(found, "error")[0] is None
