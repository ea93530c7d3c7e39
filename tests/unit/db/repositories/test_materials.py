"""What later phases work on, read from the real table, on a campaign that is nothing but rows."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from core.ids import new_id
from db.models import AnalysisConfigRow, CampaignRow, DomainRow, PageRow
from db.repositories import materials, pages
from db.repositories.verdicts import DnsResult, HttpResult
from leads.extraction import extract
from tests.fakes.house import House, open_house
from vocabulary.campaigns import CampaignMode, CampaignStatus
from vocabulary.checks import CheckStatus, DnsVerdict, HttpVerdict, KeywordHit, Zone
from vocabulary.leads import ScoringConfig
from vocabulary.pages import Link, PageSnapshot

OK, PENDING, ERROR = CheckStatus.OK, CheckStatus.PENDING, CheckStatus.ERROR
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
HIT = KeywordHit("solar", Zone.BODY, 2)
PAGE = PageSnapshot(
    bytes_read=5000,
    final_url="https://a.test/",
    text="solar ☀ " * 500,
    links=(Link("ads.example", 3),),
    last_modified=AT,
)
FEATURES = extract(PAGE, (HIT,))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}") as house:
        yield house


async def campaign(house: House, scoring: ScoringConfig | None = None) -> UUID:
    ident = new_id()
    async with house.database.engines.writing() as session:
        row = CampaignRow(
            id=ident,
            owner_id=house.alice.id,
            name="hunt",
            status=CampaignStatus.RUNNING,
            mode=CampaignMode.FULL_SEQUENCE,
            created_at=AT,
            updated_at=AT,
        )
        session.add(row)
        await session.flush()
        session.add(AnalysisConfigRow(campaign_id=ident, scoring=scoring))
    return ident


async def domain(house: House, campaign_id: UUID, offset: int, **columns: Any) -> None:
    async with house.database.engines.writing() as session:
        session.add(
            DomainRow(
                campaign_id=campaign_id,
                offset=offset,
                name=f"n{offset}.test",
                tld=".test",
                checked_at=AT,
                **{"dns_status": OK, "http_status": OK, **columns},
            )
        )


def fetched(offset: int, page: PageSnapshot | None) -> HttpResult:
    return HttpResult(offset, HttpVerdict(OK if page else ERROR, page=page), UUID(int=1))


def test_a_page_comes_back_as_it_was_packed_and_smaller() -> None:
    packed = pages.pack([fetched(3, PAGE), fetched(4, None), DnsResult(5, DnsVerdict(OK), UUID(int=1))])
    assert list(packed) == [3]
    assert pages.unpack(packed[3]) == PAGE
    assert len(packed[3]) < len(PAGE.text) / 10


async def test_only_fresh_pages_are_stored_and_none_twice(house: House) -> None:
    ident = await campaign(house)
    packed = pages.pack([fetched(1, PAGE), fetched(2, PAGE)])
    async with house.database.engines.writing() as session:
        await pages.store(session, ident, packed, {1})
        await pages.store(session, ident, packed, {2})
        await pages.store(session, ident, packed, set())
    async with house.database.engines.reading() as session:
        assert set(await pages.within(session, ident, range(2))) == {1}
        assert set(await pages.within(session, ident, range(9))) == {1, 2}
    async with house.database.engines.writing() as session:
        await pages.remove(session, ident)
        assert (await session.execute(select(func.count()).select_from(PageRow))).scalar_one() == 0


async def test_what_waits_for_extraction(house: House) -> None:
    ident = await campaign(house)
    await domain(house, ident, 0, hits=(HIT,), http_bytes=10, http_title="T", http_final_url="u")
    await domain(house, ident, 1)
    await domain(house, ident, 2, http_status=ERROR)
    await domain(house, ident, 3, extraction_status=OK)
    await domain(house, ident, 4)
    async with house.database.engines.writing() as session:
        await pages.store(session, ident, pages.pack([fetched(1, PAGE)]), {1})
    async with house.database.engines.reading() as session:
        found = await materials.extractable(session, ident, range(4))
    assert set(found) == {0, 1}
    assert found[0] == materials.Extractable(0, None, (HIT,), 10, "u", "T")
    assert found[1].content is not None
    assert pages.unpack(found[1].content) == PAGE


async def test_who_shares_a_page_is_counted_over_the_whole_campaign(house: House) -> None:
    """Also outside of the shard, also those that are analysed already; no error page, no other campaign."""
    ident, other = await campaign(house), await campaign(house)
    ready = {"extraction_status": OK, "features": FEATURES, "http_checked_at": AT}
    await domain(house, ident, 0, http_content_hash="same", dns_cnames=("a.test",), **ready)
    await domain(house, ident, 1, http_content_hash="own", **ready)
    await domain(house, ident, 2, http_content_hash=None, **ready)
    await domain(house, ident, 7, http_content_hash="same", analysis_status=OK, **ready)
    await domain(house, ident, 8, http_content_hash="same")
    await domain(house, ident, 9, http_content_hash="same", http_status=ERROR)
    await domain(house, other, 1, http_content_hash="same", **ready)
    async with house.database.engines.reading() as session:
        found = await materials.analysable(session, ident, range(8))
    assert {offset: each.shared_by for offset, each in found.items()} == {0: 2, 1: 0, 2: 0}
    assert found[0] == materials.Analysable(0, FEATURES, ("a.test",), 2, AT)


async def test_what_waits_to_be_decided_and_by_what_it_is(house: House) -> None:
    strict = ScoringConfig(match_score=0.9)
    ident, plain = await campaign(house, strict), await campaign(house)
    await domain(house, ident, 0, analysis_status=OK, features=FEATURES)
    await domain(house, ident, 1, analysis_status=OK, enrichment_status=OK)
    await domain(house, ident, 2)
    async with house.database.engines.reading() as session:
        found = await materials.decidable(session, ident, range(9))
        assert found == {0: materials.Decidable(0, OK, OK, FEATURES, None, None)}
        assert await materials.scoring(session, ident) == strict
        assert await materials.scoring(session, plain) == ScoringConfig()
