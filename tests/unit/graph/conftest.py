"""The schema on real services and a real SQLite file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update

from auth.sealing import Sealer
from core.settings import Settings
from db.models import EventLogHeadRow
from graph.context import Services
from services.access import Access
from services.bulk import BulkOperations
from services.campaign_control import CampaignControl
from services.campaigns import Campaigns
from services.keyword_sets import KeywordSets
from services.personas import Personas
from services.pools import Pools
from services.principals import Principals
from services.proxies import Proxies
from services.proxy_lists import ProxyLists
from services.running_settings import RunningSettings
from services.scoring_profiles import ScoringProfiles
from tests.fakes.gallery import Gallery
from tests.fakes.house import House, open_house
from tests.fakes.stage import INCARNATION, Stage, open_stage
from tests.unit.graph.asking import Desk


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}") as house:
        yield house


@pytest.fixture
async def stage(house: House, tmp_path: Path) -> AsyncIterator[Stage]:
    """Streams and verbs on an empty database."""
    async with open_stage(house, tmp_path / "stage.key") as stage:
        yield stage


@pytest.fixture
async def gallery(tmp_path: Path) -> AsyncIterator[Gallery]:
    async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'gallery.db'}") as house:
        async with house.database.engines.writing() as session:
            await session.execute(update(EventLogHeadRow).values(incarnation=INCARNATION))
        yield Gallery(house)


@pytest.fixture
async def desk(gallery: Gallery, tmp_path: Path) -> Desk:
    return desk_of(gallery, tmp_path)


def desk_of(gallery: Gallery, tmp_path: Path) -> Desk:
    """A desk on a gallery's database; `tmp_path` is where it keeps its key."""
    database = gallery.house.database
    services = Services(
        campaigns=Campaigns(database),
        campaign_control=CampaignControl(database),
        proxies=Proxies(database, Sealer.from_file(tmp_path / "key")),
        proxy_lists=ProxyLists(database, Sealer.from_file(tmp_path / "key")),
        pools=Pools(database),
        clock=database.clock,
        personas=Personas(database),
        keyword_sets=KeywordSets(database),
        principals=Principals(database),
        access=Access(database),
        scoring_profiles=ScoringProfiles(database),
        settings=RunningSettings(database, Settings()),
        bulk=BulkOperations(database, Sealer.from_file(tmp_path / "key")),
    )
    return Desk(database.engines, services)
