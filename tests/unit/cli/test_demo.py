"""The demo's folder, who hosts it, and what a start finds and makes."""

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cli.demo import seeding
from cli.demo.folder import DemoFolder
from cli.demo.world import Demo, taking_part, worker_settings
from core.clock import SystemClock
from core.errors import Misconfigured
from db.models import CampaignRow
from db.queries.campaigns import CAMPAIGNS, CampaignFilter, CampaignOrderField
from db.queries.listing import Wanted
from db.scope import EVERYTHING
from sandbox import world
from vocabulary.campaigns import CampaignStatus
from vocabulary.leads import Rejection
from web.app import ApiProcess
from web.foundation import migrate


@pytest.fixture
def folder(tmp_path: Path) -> DemoFolder:
    return DemoFolder(tmp_path / "demo")


@asynccontextmanager
async def running(demo: Demo) -> AsyncIterator[ApiProcess]:
    await migrate(demo.settings.database_url)
    async with ApiProcess.open(demo.settings, SystemClock()) as api:
        yield api


async def seeded(api: ApiProcess, demo: Demo, names: int) -> str:
    """What is said after seeding."""
    assert demo.sandbox is not None
    _, caller = await seeding.working_token(api, demo.folder)
    return await seeding.seed(api, caller, demo.sandbox, names)


async def campaigns(api: ApiProcess) -> list[CampaignRow]:
    """All campaigns, oldest first."""
    page = Wanted(CampaignFilter(), CampaignOrderField.CREATED_AT, descending=False, limit=100)
    async with api.ground.engines.reading() as session:
        (rows,) = await CAMPAIGNS.pages(session, EVERYTHING, [page])
    return rows


async def end(api: ApiProcess, demo: Demo) -> None:
    """Cancel the campaign that runs."""
    _, caller = await seeding.working_token(api, demo.folder)
    for row in await campaigns(api):
        if row.status is CampaignStatus.RUNNING:
            await api.services.campaign_control.cancel(caller, row.id)


async def test_each_start_takes_the_next_names_until_all_are_used(folder: DemoFolder) -> None:
    async with taking_part(folder, {"port": 0}) as demo, running(demo) as api:
        assert await seeded(api, demo, 300) == "Solar leads 1 runs over 300 of the world's 400 names."
        assert await seeded(api, demo, 300) == "Solar leads 1 is running."
        await end(api, demo)
        assert await seeded(api, demo, 300) == "Solar leads 2 runs over 100 of the world's 400 names."
        await end(api, demo)
        assert (await seeded(api, demo, 300)).startswith("All 400 names of the demo's world are used up")
        assert [row.name for row in await campaigns(api)] == ["Solar leads 1", "Solar leads 2"]


async def test_no_names_make_no_campaign(folder: DemoFolder) -> None:
    async with taking_part(folder, {"port": 0}) as demo, running(demo) as api:
        assert await seeded(api, demo, 0) == "No campaign was made, as --demo-names 0 asks."
        assert await campaigns(api) == []


async def test_a_campaign_goes_on_in_the_same_world_after_a_restart(folder: DemoFolder) -> None:
    async with taking_part(folder, {"port": 0}) as demo, running(demo) as api:
        token = folder.token()
        before = folder.read_ports()
        await seeded(api, demo, 400)
    async with taking_part(folder, {"port": 0}) as demo, running(demo) as api:
        assert folder.read_ports() == before
        assert folder.token() == token
        assert (await api.services.principals.authenticate(token)).name == "admin"
        assert await seeded(api, demo, 400) == "Solar leads 1 is running."


async def test_a_campaign_of_a_world_that_is_gone_makes_room_for_another(folder: DemoFolder) -> None:
    async with taking_part(folder, {"port": 0}) as demo, running(demo) as api:
        await seeded(api, demo, 40)
    (folder.path / "ports.json").unlink()
    async with taking_part(folder, {"port": 0}) as demo, running(demo) as api:
        assert await seeded(api, demo, 40) == "Solar leads 2 runs over 40 of the world's 400 names."
        assert [row.status for row in await campaigns(api)] == [
            CampaignStatus.CANCELLED,
            CampaignStatus.RUNNING,
        ]


async def test_a_database_that_does_not_know_the_token_gets_a_new_one(folder: DemoFolder) -> None:
    async with taking_part(folder, {"port": 0}) as demo, running(demo):
        pass
    for _ in range(2):
        folder.write_token("forgotten")
        async with taking_part(folder, {"port": 0}) as demo, running(demo) as api:
            token, caller = await seeding.working_token(api, folder)
            assert caller.name == "demo"
            assert token == folder.token() != "forgotten"


async def test_secrets_are_for_the_owner_only(folder: DemoFolder) -> None:
    async with taking_part(folder, {"port": 0}):
        folder.token()
        for path in (folder.token_file, folder.settings_file):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


async def test_of_two_that_come_at_once_one_is_the_host(folder: DemoFolder, tmp_path: Path) -> None:
    flags = {"database_url": f"sqlite+aiosqlite:///{tmp_path}/it's.db", "channel_url": "redis://127.0.0.1:1"}
    async with taking_part(folder, flags) as host, taking_part(folder, {}) as guest:
        assert host.sandbox is not None
        assert guest.sandbox is None
        for name in (
            "database_url",
            "channel_url",
            "probe_url",
            "ca_file",
            "allowed_networks",
            "allowed_ports",
            "bootstrap_token",
        ):
            assert getattr(guest.settings, name) == getattr(host.settings, name)
        worker = worker_settings(folder, {"worker_shards": "2"})
        assert worker.worker_shards == 2
        assert worker.secret_key_file == host.settings.secret_key_file


async def test_a_guest_that_memory_cannot_reach_is_refused(folder: DemoFolder) -> None:
    async with taking_part(folder, {}):
        with pytest.raises(Misconfigured, match=r"A demo runs in .* already, and memory:// cannot reach it"):
            async with taking_part(folder, {}):
                pass


async def test_a_worker_needs_a_demo_that_runs(folder: DemoFolder) -> None:
    async with taking_part(folder, {}):
        pass
    with pytest.raises(
        Misconfigured, match=r"No demo runs in .*: start `heliograph serve --demo` there first"
    ):
        worker_settings(folder, {})


async def test_a_port_that_was_taken_meanwhile_is_replaced(folder: DemoFolder) -> None:
    async with taking_part(folder, {}):
        before = folder.read_ports()
    busy = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", before.https)
    async with busy, taking_part(folder, {}):
        after = folder.read_ports()
    assert after.https != before.https
    assert 0 not in (after.dns, after.http, after.https, after.http_proxy, after.dead_proxy)


def test_one_campaign_shows_every_way_to_be_a_lead_or_none() -> None:
    shown = world.WORLD.totals(site.name for site in world.WORLD.sites[: seeding.NAMES])
    assert set(shown.rejections) == set(Rejection) - {Rejection.PENDING}
    assert shown.high_potential > 0
