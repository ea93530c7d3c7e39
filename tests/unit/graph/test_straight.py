"""What is told of rows at once is what is told of the objects that are made of them."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bench.filling import Size, fill
from graph import straight
from graph.context import Context
from graph.core_execution import CORE_SCHEMA, run
from graph.plans import Plans
from tests.fakes.gallery import Gallery
from tests.fakes.house import open_house
from tests.servers.postgres import PostgresServer
from tests.unit.graph.asking import Desk
from tests.unit.graph.conftest import desk_of
from vocabulary.operations import Request

FEW = Size(domains=4, events=12, proxies=12, campaigns=12, named=12)
CAMPAIGNS = """{ campaigns(first: 100) { nodes {
  __typename id name status mode version controlPhase percent createdAt updatedAt startedAt completedAt archivedAt
} } }"""
POOLS = """{ proxyPools(first: 100) { nodes {
  id name description enabled strategy healthCheckEnabled healthCheckIntervalSeconds maxRetries timeoutSeconds version
  createdAt updatedAt
} } }"""
PROXIES = "{ proxies(first: 100) { nodes { id name address } } }"


@pytest.fixture(params=["asyncpg", "psycopg"])
def postgres(request: pytest.FixtureRequest, postgres_server: PostgresServer) -> tuple[PostgresServer, str]:
    """A server, which is started before a loop runs, and each driver of it."""
    return postgres_server, request.param


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each list was told of its rows at once."""
    told: list[bool] = []
    own = straight.Straight.told

    def noted(self: straight.Straight, rows: Any, node: Any) -> Any:
        told.append(False)
        found = own(self, rows, node)
        told[-1] = True
        return found

    monkeypatch.setattr(straight.Straight, "told", noted)
    return told


@pytest.mark.parametrize("query", [CAMPAIGNS, POOLS, PROXIES])
async def test_rows_are_told_as_the_objects_are(
    gallery: Gallery, desk: Desk, told: list[bool], query: str
) -> None:
    await fill(desk.engines, FEW)
    (connection,) = (await desk.both(gallery.house.admin, query)).values()
    assert connection["nodes"]
    # What a proxy is told as is worked out of several columns.
    assert told == [query is not PROXIES]


async def test_rows_of_postgres_are_told_at_once_too(
    postgres: tuple[PostgresServer, str], tmp_path: Path, told: list[bool]
) -> None:
    server, driver = postgres
    database = await server.create_database()
    async with open_house(database.sqlalchemy_url(driver)) as house:
        desk = desk_of(Gallery(house), tmp_path)
        await fill(desk.engines, FEW)
        for query in (CAMPAIGNS, POOLS):
            (connection,) = (await desk.both(house.admin, query)).values()
            assert len(connection["nodes"]) > 1
    await server.drop_database(database)
    assert told == [True, True]


async def test_what_ids_and_moments_are_told_as_is_kept_once_for_all_documents(
    gallery: Gallery, desk: Desk, told: list[bool]
) -> None:
    await fill(desk.engines, FEW)
    kept = [straight._idents("Campaign"), straight._moment, straight._moment_or_null]
    sizes = []
    for name in "ab":
        await desk.both(gallery.house.admin, CAMPAIGNS.replace("campaigns", f"{name}: campaigns"))
        sizes.append([each.cache_info().currsize for each in kept])  # type: ignore[attr-defined]
    assert told == [True, True]
    assert sizes[0] == sizes[1]
    assert all(size > 0 for size in sizes[0])


async def test_only_the_name_of_the_type(gallery: Gallery, desk: Desk) -> None:
    await gallery.put_together([gallery.campaign_row(gallery.house.alice, f"c{n}", n) for n in range(3)])
    found = await desk.both(gallery.house.alice, "{ campaigns { nodes { __typename } } }")
    assert found["campaigns"]["nodes"] == [{"__typename": "Campaign"}] * 3


async def test_moments_and_nulls(gallery: Gallery, desk: Desk, told: list[bool]) -> None:
    await gallery.put_together([gallery.campaign_row(gallery.house.alice, f"c{n}", n) for n in range(3)])
    async with desk.engines.writing() as session:
        for name, moment in [("c0", "2026-01-01 12:00:00.000000"), ("c1", "1999-12-31 23:59:59.000007")]:
            changed = text("UPDATE campaigns SET started_at = :moment WHERE name = :name")
            await session.execute(changed, {"moment": moment, "name": name})
    found = await desk.both(gallery.house.alice, CAMPAIGNS)
    moments = {one["name"]: one["startedAt"] for one in found["campaigns"]["nodes"]}
    assert (moments["c0"], moments["c1"]) == ("2026-01-01T12:00:00Z", "1999-12-31T23:59:59.000007Z")
    assert told == [True]


async def test_a_value_that_nobody_knows_is_found_by_the_objects(
    gallery: Gallery, desk: Desk, told: list[bool]
) -> None:
    await gallery.put_together([gallery.campaign_row(gallery.house.alice, "a")])
    async with desk.engines.writing() as session:
        await session.execute(text("UPDATE campaigns SET status = 'UNHEARD_OF'"))
    plan = Plans(CORE_SCHEMA).of(Request(query=CAMPAIGNS, operation_name=None, variables={}, extensions={}))
    context = Context(gallery.house.alice, desk.services, desk.engines)
    result = await run(plan, {}, context)
    await context.close()
    assert "UNHEARD_OF" in str(result.errors)
    assert True not in told
