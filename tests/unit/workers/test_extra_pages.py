"""A campaign that wants extra pages gets them; one that does not gets the front page."""

import pytest

from db.repositories import pages
from sandbox.behaviours import Web
from sandbox.sandbox import Sandbox
from tests.fakes.shop import Shop
from vocabulary.campaigns import DnsConfig, HttpConfig, MicroCrawl
from vocabulary.checks import KeywordHit, Zone
from vocabulary.pages import PageSnapshot


async def fetched(
    shop: Shop, box: Sandbox, crawl: MicroCrawl | None
) -> tuple[PageSnapshot, tuple[KeywordHit, ...]]:
    """What was kept of the front page of a plain site, which links to /welcome, and its hits."""
    http = HttpConfig(
        persona_ids=(await shop.http_persona(),),
        ad_hoc_keywords=("lamp",),
        http_port=box.http_port,
        https_port=box.https_port,
        micro_crawl=crawl,
    )
    offset = box.world.sites.index(box.world.having(Web.PLAIN)[0])
    ident = await shop.only(offset, DnsConfig((await shop.dns_persona(box.dns),)), http)
    await shop.finished(ident)
    (domain,) = await shop.domains(ident)
    async with shop.house.database.engines.reading() as session:
        (content,) = (await pages.within(session, ident, range(offset, offset + 1))).values()
    return pages.unpack(content), domain.hits


@pytest.mark.effect("http.micro_crawl")
async def test_extra_pages_are_fetched_for_a_campaign_that_wants_them(shop: Shop, box: Sandbox) -> None:
    await shop.work()
    page, hits = await fetched(shop, box, None)
    assert (page.extra_pages, hits) == (0, (KeywordHit("lamp", Zone.BODY, 1),))
    page, hits = await fetched(shop, box, MicroCrawl())
    assert (page.extra_pages, hits) == (1, (KeywordHit("lamp", Zone.BODY, 2),))
    assert page.extra_bytes == page.bytes_read
