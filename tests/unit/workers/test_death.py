"""Workers that die and databases that go away: the counts at the end are those of a life without trouble."""

import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest

from core.clock import SystemClock
from db.models import TalliesRow
from events.campaign_events import PhaseCompleted
from events.domain_events import DomainsChanged
from sandbox.keywords import AD_HOC_KEYWORD
from sandbox.sandbox import Sandbox
from tests.fakes.house import House, open_house
from tests.fakes.shop import Shop, counted, demo_generation, open_shop, sandbox_settings
from tests.servers.postgres import Database, PostgresServer
from vocabulary.campaigns import CampaignMode, CampaignStatus, DnsConfig, HttpConfig, PhaseKind, PhaseStatus
from vocabulary.checks import CheckStatus
from vocabulary.leads import Rejection

NAMES = 60
LEASE = 0.5
ROOT = Path(__file__).parents[3]


async def campaign(shop: Shop, box: Sandbox, mode: CampaignMode = CampaignMode.FULL_SEQUENCE) -> UUID:
    return await shop.campaign(
        demo_generation(NAMES),
        DnsConfig((await shop.dns_persona(box.dns, concurrency=5),), batch_size=9),
        HttpConfig(
            (await shop.http_persona(concurrency=5),),
            keyword_set_ids=await shop.demo_keyword_sets(),
            ad_hoc_keywords=(AD_HOC_KEYWORD,),
            batch_size=7,
            http_port=box.http_port,
            https_port=box.https_port,
        ),
        mode,
    )


async def processed(shop: Shop, ident: UUID) -> int:
    """How much is finished, over all phases."""
    return sum([(await shop.phase(ident, kind)).processed for kind in PhaseKind])


async def reaches(shop: Shop, ident: UUID, number: int) -> None:
    async def reached() -> bool:
        return await processed(shop, ident) >= number

    await shop.until(reached)


async def assert_exact(shop: Shop, box: Sandbox, ident: UUID) -> None:
    """Every count, in the tables, in the phases and in the events, is the sandbox's own, and nothing came twice."""
    domains = await shop.domains(ident)
    truth = box.world.totals(site.name for site in box.world.sites[:NAMES])
    dns, http = counted(domains)
    assert [domain.name for domain in domains] == [site.name for site in box.world.sites[:NAMES]]
    assert (dns, http) == (Counter(truth.dns), Counter(truth.http))
    assert Counter(domain.rejection for domain in domains) == Counter(truth.rejections)
    accepted = sum(number for (status, _), number in http.items() if status is CheckStatus.OK)
    expected = [
        (NAMES, NAMES, NAMES),
        (NAMES, NAMES, truth.resolved),
        (truth.resolved, truth.resolved, accepted),
        *[(accepted, accepted, accepted)] * 3,
    ]
    counts = [event.counts for event in await shop.events(PhaseCompleted)]
    assert [(each.total, each.processed, each.succeeded) for each in counts] == expected
    rows = [await shop.phase(ident, kind) for kind in PhaseKind]
    assert [(row.total, row.processed, row.succeeded) for row in rows] == expected
    assert [row.open_shards for row in rows] == [0] * len(PhaseKind)
    assert await told_twice(shop) == set()
    async with shop.database.engines.reading() as session:
        row = await session.get_one(TalliesRow, ident)
        assert {kind: getattr(row, kind.lower()) for kind in Rejection if kind is not Rejection.PENDING} == {
            kind: truth.rejections.get(kind, 0) for kind in Rejection if kind is not Rejection.PENDING
        }


async def told_twice(shop: Shop) -> set[tuple[PhaseKind, int]]:
    """What more than one event says to have been decided."""
    changes = await shop.events(DomainsChanged)
    told = Counter((event.phase, change.offset) for event in changes for change in event.changed)
    return {decision for decision, times in told.items() if times > 1}


@asynccontextmanager
async def worker_process(
    shop: Shop, box: Sandbox, seconds: float = 0.0
) -> AsyncIterator[asyncio.subprocess.Process]:
    settings = {
        "database_url": shop.database.engines.url.render_as_string(hide_password=False),
        "allowed_networks": "127.0.0.0/8",
        "allowed_ports": "1-65535",
        "ca_file": str(box.ca_file),
        "lease_seconds": LEASE,
        "flush_seconds": 0.05,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.worker_process", json.dumps(settings), *([str(seconds)] if seconds else []),
        cwd=ROOT, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


@pytest.fixture(params=["sqlite", "asyncpg"])
def driver(request: pytest.FixtureRequest) -> tuple[str, PostgresServer | None]:
    needs = request.param != "sqlite"
    return request.param, request.getfixturevalue("postgres_server") if needs else None


@pytest.fixture
async def any_house(driver: tuple[str, PostgresServer | None], tmp_path: Path) -> AsyncIterator[House]:
    name, server = driver
    if server is None:
        async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'any.db'}") as house:
            yield house
        return
    database = await server.create_database()
    async with open_house(database.sqlalchemy_url(name)) as house:
        yield house
    await server.drop_database(database)


async def test_kill_9_again_and_again(any_house: House, box: Sandbox) -> None:
    """Each worker is killed soon after it has done something, wherever that is; the last one may finish."""
    async with open_shop(any_house, SystemClock(), sandbox_settings(box)) as shop:
        ident = await campaign(shop, box)
        await shop.start(ident)
        for _ in range(3):
            before = await processed(shop, ident)
            async with worker_process(shop, box) as worker:
                await reaches(shop, ident, before + 5)
                worker.send_signal(signal.SIGKILL)
                assert await worker.wait() == -signal.SIGKILL
        async with worker_process(shop, box):
            assert await shop.finished(ident) is CampaignStatus.COMPLETED
        await assert_exact(shop, box, ident)


LATER = (PhaseKind.EXTRACTION, PhaseKind.ANALYSIS, PhaseKind.ENRICHMENT)


async def test_kill_9_in_each_phase_behind_the_fetch(any_house: House, box: Sandbox) -> None:
    """Each of these phases loses its worker when a part is written and more is worked out; another goes on."""
    async with open_shop(any_house, SystemClock(), sandbox_settings(box)) as shop:
        ident = await campaign(shop, box, CampaignMode.STEP_BY_STEP)
        runner = await shop.work()
        for kind in (kind for kind in PhaseKind if kind not in LATER):
            await shop.start(ident)
            await completes(shop, ident, kind)
        await runner.close()
        for kind in LATER:
            await shop.start(ident)
            async with worker_process(shop, box, seconds=0.05) as worker:
                await begins(shop, ident, kind)
                worker.send_signal(signal.SIGKILL)
                assert await worker.wait() == -signal.SIGKILL
            row = await shop.phase(ident, kind)
            assert 0 < row.processed < row.total
            async with worker_process(shop, box):
                await completes(shop, ident, kind)
        assert (await shop.row(ident)).status is CampaignStatus.COMPLETED
        await assert_exact(shop, box, ident)


async def begins(shop: Shop, ident: UUID, kind: PhaseKind) -> None:
    async def has_begun() -> bool:
        return (await shop.phase(ident, kind)).processed > 0

    await shop.until(has_begun)


async def completes(shop: Shop, ident: UUID, kind: PhaseKind) -> None:
    async def is_complete() -> bool:
        return (await shop.phase(ident, kind)).status is PhaseStatus.COMPLETED

    await shop.until(is_complete)


async def test_two_workers_of_which_one_dies(any_house: House, box: Sandbox) -> None:
    async with open_shop(any_house, SystemClock(), sandbox_settings(box)) as shop:
        ident = await campaign(shop, box)
        await shop.start(ident)
        async with worker_process(shop, box) as doomed:
            await reaches(shop, ident, NAMES + 5)
            other = await shop.work()
            await reaches(shop, ident, NAMES + 20)
            doomed.send_signal(signal.SIGKILL)
            assert await shop.finished(ident) is CampaignStatus.COMPLETED
        await assert_exact(shop, box, ident)
        assert other.answers


@pytest.fixture
async def postgres(postgres_server: PostgresServer) -> AsyncIterator[Database]:
    database = await postgres_server.create_database()
    yield database
    if not postgres_server.running:
        await postgres_server.start()
    await postgres_server.drop_database(database)


async def test_an_outage_of_the_database_costs_nothing_but_time(
    postgres_server: PostgresServer, postgres: Database, box: Sandbox
) -> None:
    settings = sandbox_settings(box)
    async with (
        open_house(postgres.sqlalchemy_url()) as house,
        open_shop(house, SystemClock(), settings) as shop,
    ):
        ident = await campaign(shop, box)
        runner = await shop.work()
        await shop.start(ident)
        await reaches(shop, ident, NAMES + 20)
        await postgres_server.kill()
        await postgres_server.start()
        assert await shop.finished(ident) is CampaignStatus.COMPLETED
        await assert_exact(shop, box, ident)
        assert {shard.attempts for shard in await shop.shards()} == {0}
        assert not runner.held


async def test_a_pause_in_the_middle_and_a_worker_that_goes_home(shop: Shop, box: Sandbox) -> None:
    ident = await campaign(shop, box)
    first = await shop.work()
    await shop.start(ident)
    await reaches(shop, ident, NAMES + 15)
    await shop.control.pause(shop.house.alice, ident)

    async def is_quiet() -> bool:
        return not first.held

    await shop.until(is_quiet)
    at_rest = await processed(shop, ident)
    await first.close()
    second = await shop.work()
    assert await processed(shop, ident) == at_rest
    assert not second.held
    await shop.control.resume(shop.house.alice, ident)
    assert await shop.finished(ident) is CampaignStatus.COMPLETED
    await assert_exact(shop, box, ident)
