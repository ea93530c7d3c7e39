"""Readers of a quiet stream, who have had everything, in the midst of many events that do not concern them."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from core.ids import new_id
from core.settings import Settings
from events.campaign_events import CampaignUpdated
from events.outbox import record
from graph import node_ids
from services.retention import Retention
from tests import factories
from tests.fakes.house import open_house
from tests.fakes.stage import Stage, open_stage
from tests.integration.waiting import until
from tests.servers.postgres import PostgresServer
from vocabulary.access import WORKER

CAMPAIGN = """
subscription ($id: ID!, $rate: Float) { campaignEvents(campaignId: $id, maxRate: $rate) {
  __typename
  ... on StreamReset { reason }
} }
"""
IN_MEMORY = 300
OTHERS = 1_000
AT_ONCE = 300
"""More than a group keeps."""


@pytest.fixture
def sqlite_place(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'house.db'}"


@pytest.fixture
async def postgres_place(postgres_server: PostgresServer) -> AsyncIterator[str]:
    database = await postgres_server.create_database()
    yield database.sqlalchemy_url()
    await postgres_server.drop_database(database)


@pytest.fixture(params=["sqlite_place", "postgres_place"])
def place(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


@pytest.fixture
async def stage(place: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with (
        open_house(place) as house,
        open_stage(house, tmp_path / "key", window_events=IN_MEMORY) as stage,
    ):
        yield stage


async def make_campaign(stage: Stage) -> UUID:
    verbs, alice = stage.services, stage.house.alice
    dns = (await verbs.personas.create(alice, factories.dns_persona())).value
    http = (await verbs.personas.create(alice, factories.http_persona())).value
    return (await verbs.campaigns.create(alice, factories.campaign(dns, http))).value


async def happen(stage: Stage, campaign: UUID, count: int) -> int:
    """So many events of one campaign, in one transaction."""
    async with stage.database.write() as unit:
        for _ in range(count):
            event = CampaignUpdated(campaign_id=campaign, name="hunt", changed=("name",))
            record(unit, event, actor=WORKER, owner_id=stage.house.alice.id)
    return unit.position


@pytest.mark.parametrize("rate", [None, 2.0])
async def test_one_burst_resets_nobody_and_the_log_is_read_only_for_it(
    stage: Stage, rate: float | None
) -> None:
    """The log is no longer kept from where their last frame was, but nothing of what was pruned concerns them."""
    campaign = await make_campaign(stage)
    watcher = await stage.watch(
        stage.house.alice, CAMPAIGN, id=node_ids.encode("Campaign", campaign), rate=rate
    )
    assert (await watcher.next())["__typename"] == "CampaignSnapshot"
    quiet_since = watcher.position
    head = await happen(stage, new_id(), OTHERS)
    # Who follows the log for all groups has passed by what is pruned now.
    await until(lambda: stage.groups._commons.distributor.position == head)
    retention = Retention(stage.database, Settings())
    while await retention.prune(head) != head:
        pass
    end = await happen(stage, campaign, AT_ONCE)
    window = watcher.member.source.window
    await until(lambda: window.beyond(end - 1))
    assert (watcher.member.position, window.floor) == (quiet_since, end - 256)
    told = await watcher.until(end)
    assert {frame["__typename"] for frame in told} == {"CampaignUpdated"}
    assert len(told) == AT_ONCE
    assert stage.meter.counts["resets"] == 0
    assert stage.meter.counts["replays"] <= 3
