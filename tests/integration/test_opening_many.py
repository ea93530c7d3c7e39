"""Who comes at once is recognised and let in at once, on PostgreSQL too."""

import asyncio
from pathlib import Path

import pytest

from services.principals import Principals
from tests.fakes.house import open_house
from tests.fakes.stage import open_stage
from tests.servers.postgres import PostgresServer
from tests.unit.graph.test_openings import CAMPAIGN
from tests.unit.graph.test_streams import Scene
from vocabulary.access import Role
from vocabulary.operations import Rejected


async def test_many_who_come_to_some_streams(postgres_server: PostgresServer, tmp_path: Path) -> None:
    url = (await postgres_server.create_database()).sqlalchemy_url()
    async with open_house(url) as house, open_stage(house, tmp_path / "key") as stage:
        scenes = [await Scene.of(stage, house.alice, name) for name in ("one", "two")]
        first = await stage.subscribe(house.alice, CAMPAIGN, id=scenes[0].id)
        opened = await asyncio.gather(
            *(stage.subscribe(house.admin, CAMPAIGN, id=each.id) for each in scenes * 5)
        )
        assert opened[0].key == first.key
        assert len({each.key for each in opened}) == 2
        with pytest.raises(Rejected):
            await stage.subscribe(house.bob, CAMPAIGN, id=scenes[0].id)
        principals = Principals(house.database)
        token, _ = await principals.create_token("alice", "token", Role.VIEWER)
        found = await asyncio.gather(*(principals.authenticate(token) for _ in range(5)))
        assert {(each.name, each.role) for each in found} == {("alice", Role.VIEWER)}
