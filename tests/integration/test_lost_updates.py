"""No change by version is lost, on either database: `make bench NAME=lost-updates`, made small and in one process."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from graphql import GraphQLInputObjectType, get_named_type
from sqlalchemy import update

from bench.lost_updates.fuzz import fuzz
from bench.lost_updates.kinds import Json, kinds
from db.models import EventLogHeadRow
from graph.schema import schema
from tests.fakes.gallery import Gallery
from tests.fakes.house import House, open_house
from tests.fakes.stage import INCARNATION
from tests.servers.postgres import PostgresServer
from tests.unit.graph.conftest import desk_of

ENOUGH = 60


@pytest.fixture(params=["sqlite", "postgres"])
async def house(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_server: PostgresServer
) -> AsyncIterator[House]:
    if request.param == "sqlite":
        async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}") as house:
            yield house
        return
    database = await postgres_server.create_database()
    async with open_house(database.sqlalchemy_url()) as house:
        yield house
    await postgres_server.drop_database(database)


async def test_no_change_by_version_is_lost(house: House, tmp_path: Path) -> None:
    async with house.database.engines.writing() as session:
        await session.execute(update(EventLogHeadRow).values(incarnation=INCARNATION))
    desk = desk_of(Gallery(house), tmp_path)
    asked: Counter[str] = Counter()

    async def ask(query: str, variables: Json) -> Json:
        asked[query.partition("(")[0]] += 1
        return await desk.ask(house.alice, query, **variables)

    seed = random.randrange(1_000_000)
    found = await fuzz(ask, clients=4, of_each=1, seed=seed, over=lambda: asked["mutation Change"] > ENOUGH)
    assert found.wrong == [], f"seed {seed}"
    assert found.accepted.total() > ENOUGH / 4
    assert found.refused.total() > 0


def test_all_changes_by_version_are_tried() -> None:
    mutations = schema._schema.mutation_type
    assert mutations is not None
    by_version = {
        name
        for name, field in mutations.fields.items()
        if isinstance(given := get_named_type(field.args["input"].type), GraphQLInputObjectType)
        and "expectedVersion" in given.fields
    }
    assert {change for kind in kinds([], []) for change in kind.changes} == by_version
