"""The schema on real services and a real SQLite file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update

from auth.sealing import Sealer
from db.models import EventLogHeadRow
from graph.context import Services
from services.campaigns import Campaigns
from services.keyword_sets import KeywordSets
from services.personas import Personas
from services.principals import Principals
from services.proxies import Proxies
from tests.fakes.gallery import Gallery
from tests.fakes.house import open_house
from tests.unit.graph.asking import Desk

INCARNATION = "0123456789ab"


@pytest.fixture
async def gallery(tmp_path: Path) -> AsyncIterator[Gallery]:
    async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'gallery.db'}") as house:
        async with house.database.engines.writing() as session:
            await session.execute(update(EventLogHeadRow).values(incarnation=INCARNATION))
        yield Gallery(house)


@pytest.fixture
async def desk(gallery: Gallery, tmp_path: Path) -> Desk:
    database = gallery.house.database
    services = Services(
        campaigns=Campaigns(database),
        proxies=Proxies(database, Sealer.from_file(tmp_path / "key")),
        personas=Personas(database),
        keyword_sets=KeywordSets(database),
        principals=Principals(database),
    )
    return Desk(database.engines, services)
