"""What is told of leads: each domain with its evidence, what a campaign's domains sum up to, and lists of them."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from db.models import EventRow, PhaseRow, TalliesRow
from events.campaign_events import CampaignUpdated
from graph import node_ids
from graph.insights import Insights
from tests.fakes.gallery import Gallery
from tests.fakes.scored import score
from tests.unit.graph.asking import Data, Desk
from tests.unit.graph.test_snapshot import statements
from vocabulary.campaigns import PhaseKind
from vocabulary.leads import Bucket, LeadStatus, PageWarning, Rejection

DOMAIN = """
  keywordsUnique microcrawlGain warnings bucket
  features { bytesRead textLength uniqueKeywords effectiveUniqueKeywords hits hitsPerKilobyte maxShare anchorShare
    gainedKeywords zones { zone hits } titleHasKeyword hasStructure internalLinks externalLinks }
  richness { score variety prominence density spread length gain penalty }
  score { score completeness components { component status value weight contribution reason } factor factorReason }
  parked { isParked confidence evidence { signal weight detail } }
  lead { status rejection reason }
"""
SUMMARY = """
  funnel { generated dnsValid httpValid keywordHits analyzed highPotential leads }
  rejections { qualified lowScore noKeywords parked dnsError dnsTimeout httpError httpTimeout analyzed pending generated
    balanced note }
  buckets { bucket count }
  kpis { totalAnalyzed keywordCoveragePct avgRichness warningRatePct medianGain stuffingCount repetitionCount
    anchorCount }
  warnings { warning count }
  momentum { considered up { name delta } down { name before after delta } histogram { lower upper count } }
  advice { code }
"""


async def scored(gallery: Gallery) -> tuple[Any, str]:
    """A campaign of six domains: three leads, one of them warned, one parked, and two that are pending."""
    ident = await gallery.campaign(gallery.house.alice, domains=6)
    database = gallery.house.database
    await score(database, ident, 0, score=0.9, previous_score=0.4, bucket=Bucket.HIGH_POTENTIAL)
    await score(database, ident, 1, PageWarning.STUFFING, PageWarning.ANCHORS, microcrawl_gain=0.1)
    await score(database, ident, 2, previous_score=0.6, microcrawl_gain=0.0, richness=0.2)
    await score(
        database, ident, 3, score=0.1, is_parked=True, rejection=Rejection.PARKED, microcrawl_gain=0.2,
        lead_status=LeadStatus.NO_MATCH, bucket=Bucket.LOW_VALUE, keywords_unique=0, matched=False,
    )  # fmt: skip
    async with database.engines.writing() as session:
        await session.execute(
            update(TalliesRow).values(qualified=3, parked=1, keyword_hits=3, high_potential=1)
        )
        counted = {PhaseKind.DNS_VALIDATION: 5, PhaseKind.HTTP_KEYWORD_VALIDATION: 4}
        for kind, succeeded in counted.items():
            await session.execute(update(PhaseRow).where(PhaseRow.kind == kind).values(succeeded=succeeded))
    return ident, node_ids.encode("Campaign", ident)


async def summary(desk: Desk, caller: Any, ident: str) -> Data:
    query = f"query ($id: ID!) {{ campaign(id: $id) {{ {SUMMARY} }} }}"
    data: Data = (await desk.ask(caller, query, id=ident))["campaign"]
    return data


async def test_a_domain_says_all_that_was_found_out(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    key, _ = await scored(gallery)
    node = node_ids.encode("Domain", key, 1)
    found = (await desk.ask(alice, f"query ($id: ID!) {{ domain(id: $id) {{ {DOMAIN} }} }}", id=node))[
        "domain"
    ]
    components = [
        {
            "component": "KEYWORD_DENSITY", "status": "OK", "value": 0.5, "weight": 1.0, "contribution": 0.5,
            "reason": "3 hits",
        },
        {
            "component": "FRESHNESS", "status": "UNAVAILABLE", "value": 0.0, "weight": 0.0, "contribution": 0.0,
            "reason": "no date",
        },
    ]  # fmt: skip
    assert found == {
        "keywordsUnique": 2,
        "microcrawlGain": 0.1,
        "warnings": ["STUFFING", "ANCHORS"],
        "bucket": "EMERGING",
        "features": {
            "bytesRead": "2048", "textLength": 900, "uniqueKeywords": 2, "effectiveUniqueKeywords": 1, "hits": 3,
            "hitsPerKilobyte": 1.5, "maxShare": 0.66, "anchorShare": 0.33, "gainedKeywords": 1,
            "zones": [{"zone": "TITLE", "hits": 1}, {"zone": "BODY", "hits": 2}], "titleHasKeyword": True,
            "hasStructure": True, "internalLinks": 4, "externalLinks": 5,
        },
        "richness": {
            "score": 0.5, "variety": 0.1, "prominence": 0.2, "density": 0.3, "spread": 0.4, "length": 0.6,
            "gain": 0.7, "penalty": 0.0,
        },
        "score": {
            "score": 0.5, "completeness": "PARTIAL", "components": components, "factor": 0.9,
            "factorReason": "in doubt",
        },
        "parked": {
            "isParked": False, "confidence": 0.25,
            "evidence": [{"signal": "TINY_PAGE", "weight": 0.5, "detail": "12 characters"}],
        },
        "lead": {"status": "MATCH", "rejection": "QUALIFIED", "reason": "It has all that it takes."},
    }  # fmt: skip
    query = "query ($id: ID!) { scoreBreakdown(domainId: $id) { score completeness } }"
    told = await desk.ask(alice, query, id=node)
    assert told["scoreBreakdown"] == {"score": 0.5, "completeness": "PARTIAL"}
    for other, caller in (
        (node, gallery.house.bob),
        (node_ids.encode("Domain", key, 5), alice),
        ("x", alice),
    ):
        assert await desk.ask(caller, query, id=other) == {"scoreBreakdown": None}


async def test_a_campaign_sums_its_domains_up(gallery: Gallery, desk: Desk) -> None:
    _, ident = await scored(gallery)
    assert await summary(desk, gallery.house.alice, ident) == {
        "funnel": {
            "generated": "6", "dnsValid": "5", "httpValid": "4", "keywordHits": "3", "analyzed": "4",
            "highPotential": "1", "leads": "3",
        },
        "rejections": {
            "qualified": "3", "lowScore": "0", "noKeywords": "0", "parked": "1", "dnsError": "0", "dnsTimeout": "0",
            "httpError": "0", "httpTimeout": "0", "analyzed": "4", "pending": "2", "generated": "6",
            "balanced": True, "note": None,
        },
        "buckets": [
            {"bucket": "HIGH_POTENTIAL", "count": "1"}, {"bucket": "EMERGING", "count": "2"},
            {"bucket": "AT_RISK", "count": "0"}, {"bucket": "LEAD_CANDIDATE", "count": "0"},
            {"bucket": "LOW_VALUE", "count": "1"}, {"bucket": "OTHER", "count": "0"},
        ],
        "kpis": {
            "totalAnalyzed": "4", "keywordCoveragePct": 75.0, "avgRichness": 0.425, "warningRatePct": 33.33,
            "medianGain": 0.2, "stuffingCount": "1", "repetitionCount": "0", "anchorCount": "1",
        },
        "warnings": [
            {"warning": "STUFFING", "count": "1"}, {"warning": "REPETITION", "count": "0"},
            {"warning": "ANCHORS", "count": "1"},
        ],
        "momentum": {
            "considered": "2",
            "up": [{"name": "n00000.test", "delta": 0.5}],
            "down": [{"name": "n00002.test", "before": 0.6, "after": 0.5, "delta": -0.1}],
            "histogram": [
                {"lower": -1.0, "upper": -0.2, "count": "0"}, {"lower": -0.2, "upper": -0.02, "count": "1"},
                {"lower": -0.02, "upper": 0.02, "count": "0"}, {"lower": 0.02, "upper": 0.2, "count": "0"},
                {"lower": 0.2, "upper": 1.0, "count": "1"},
            ],
        },
        "advice": [],
    }  # fmt: skip


async def test_an_account_that_is_wrong_says_so(gallery: Gallery, desk: Desk) -> None:
    _, ident = await scored(gallery)
    async with gallery.house.database.engines.writing() as session:
        await session.execute(update(TalliesRow).values(parked=0))
    told = (await summary(desk, gallery.house.alice, ident))["rejections"]
    assert (told["balanced"], told["note"]) == (
        False,
        "3 were decided on and 2 are pending, but 6 were generated.",
    )


@pytest.mark.parametrize("campaigns", [1, 2, 5])
async def test_the_statements_do_not_grow_with_the_page(gallery: Gallery, desk: Desk, campaigns: int) -> None:
    for _ in range(campaigns):
        await gallery.campaign(gallery.house.alice)
    with statements(desk.engines) as seen:
        await desk.ask(gallery.house.alice, f"{{ campaigns {{ nodes {{ {SUMMARY} }} }} }}")
    # The page, its phases and tallies, then positions and values of four scans, of which one takes two statements.
    assert len(seen) == 12, "\n".join(seen)


async def test_what_was_read_is_kept_until_something_happens(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    key, ident = await scored(gallery)
    await gallery.tell(CampaignUpdated(campaign_id=key, name="a", changed=("name",)), alice, alice)
    query = "query ($id: ID!) { campaign(id: $id) { buckets { count } } }"
    counts = []
    for _ in range(2):
        with statements(desk.engines) as seen:
            await desk.ask(alice, query, id=ident)
        counts.append(len(seen))
    await gallery.tell(CampaignUpdated(campaign_id=key, name="b", changed=("name",)), alice, alice)
    with statements(desk.engines) as seen:
        await desk.ask(alice, query, id=ident)
    assert [*counts, len(seen)] == [counts[0], counts[0] - 1, counts[0]]


async def test_what_was_read_is_not_used_for_another_event_at_the_same_position(
    gallery: Gallery, desk: Desk
) -> None:
    """As it is in a log that was restored, and has reached the position anew."""
    alice = gallery.house.alice
    key, ident = await scored(gallery)
    position = await gallery.tell(CampaignUpdated(campaign_id=key, name="a", changed=("name",)), alice, alice)
    query = "query ($id: ID!) { campaign(id: $id) { buckets { bucket count } } }"
    before = await desk.ask(alice, query, id=ident)
    async with gallery.house.database.engines.writing() as session:
        await session.execute(
            update(EventRow).where(EventRow.position == position).values(tag=EventRow.tag + 1)
        )
    await score(gallery.house.database, key, 1, bucket=Bucket.LOW_VALUE)
    assert await desk.ask(alice, query, id=ident) != before


async def test_nothing_is_kept_for_long(gallery: Gallery, desk: Desk) -> None:
    house = gallery.house
    desk.services = replace(desk.services, insights=Insights(house.clock))
    _, ident = await scored(gallery)
    query = "query ($id: ID!) { campaign(id: $id) { buckets { count } } }"
    counts = []
    for seconds in (0, 29, 1):
        house.clock.advance(seconds)
        with statements(desk.engines) as seen:
            await desk.ask(house.alice, query, id=ident)
        counts.append(len(seen))
    assert counts == [counts[0], counts[0] - 1, counts[0]]


@pytest.mark.parametrize(
    ("wanted", "offsets"),
    [
        ({"leadStatus": ["MATCH"]}, "012"),
        ({"rejection": ["PARKED", "LOW_SCORE"]}, "3"),
        ({"rejection": ["PENDING"]}, "45"),
        ({"minScore": 0.5}, "012"),
        ({"minScore": 0}, "0123"),
        ({"maxScore": 0.5}, "123"),
        ({"minScore": 0.2, "maxScore": 0.6}, "12"),
        ({"notParked": True}, "01245"),
        ({"notParked": False}, "3"),
        ({"tld": ".test"}, "012345"),
        ({"tld": ".com"}, ""),
        ({"tlds": [".com", ".test"]}, "012345"),
        ({"tlds": [".com", ".net"]}, ""),
        ({"tlds": []}, ""),
        ({"tlds": [".test"], "tld": ".com"}, ""),
        ({"minLength": 11}, "012345"),
        ({"minLength": 12}, ""),
        ({"minLength": 1, "maxLength": 11}, "012345"),
        ({"maxLength": 10}, ""),
        ({"minLength": None, "maxLength": None, "tlds": None}, "012345"),
        ({"onlyFailed": True}, ""),
        ({"onlyFailed": False}, "012345"),
        ({"warnings": "HAS"}, "1"),
        ({"warnings": "NONE"}, "02345"),
        ({"keyword": "lamp"}, ""),
    ],
)
async def test_filters_narrow_domains(
    gallery: Gallery, desk: Desk, wanted: dict[str, object], offsets: str
) -> None:
    _, ident = await scored(gallery)
    query = """query ($id: ID!, $filter: DomainFilter) { campaign(id: $id) {
      domains(filter: $filter) { totalCount nodes { offset } } } }"""
    found = (await desk.ask(gallery.house.alice, query, id=ident, filter=wanted))["campaign"]["domains"]
    assert "".join(one["offset"] for one in found["nodes"]) == offsets
    assert found["totalCount"] == str(len(offsets))


@pytest.mark.parametrize(
    ("field", "offsets"),
    [
        ("SCORE", "021354"),
        ("RICHNESS", "310254"),
        ("KEYWORDS_UNIQUE", "210543"),
        ("MICROCRAWL_GAIN", "031542"),
        ("CHECKED_AT", "543210"),
    ],
)
async def test_pages_of_domains_joined_are_the_list(
    gallery: Gallery, desk: Desk, field: str, offsets: str
) -> None:
    _, ident = await scored(gallery)
    query = """query ($id: ID!, $after: String, $order: DomainOrder) { campaign(id: $id) {
      domains(first: 2, after: $after, orderBy: $order) { nodes { offset } pageInfo { endCursor hasNextPage } } } }"""
    for direction in ("DESC", "ASC"):
        found, page = "", {"pageInfo": {"endCursor": None, "hasNextPage": True}}
        while page["pageInfo"]["hasNextPage"]:
            order = {"field": field, "direction": direction}
            after = page["pageInfo"]["endCursor"]
            asked = {"id": ident, "after": after, "order": order}
            page = (await desk.ask(gallery.house.alice, query, **asked))["campaign"]["domains"]
            found += "".join(one["offset"] for one in page["nodes"])
        assert len(set(found)) == 6
        assert (found if direction == "DESC" else found[::-1]) == offsets


@pytest.mark.parametrize(
    ("rejection", "is_failed"),
    [(one, one.name.startswith(("DNS_", "HTTP_"))) for one in Rejection],
    ids=[one.name for one in Rejection],
)
async def test_only_lookups_and_fetches_fail(
    gallery: Gallery, desk: Desk, rejection: Rejection, is_failed: bool
) -> None:
    key, ident = await scored(gallery)
    await score(gallery.house.database, key, 4, rejection=rejection)
    query = """query ($id: ID!) { campaign(id: $id) {
      domains(filter: {onlyFailed: true}) { nodes { offset } } } }"""
    found = (await desk.ask(gallery.house.alice, query, id=ident))["campaign"]["domains"]
    assert [one["offset"] for one in found["nodes"]] == (["4"] if is_failed else [])


@pytest.mark.parametrize(
    ("wanted", "code", "message"),
    [
        ({"minLength": 0}, "BAD_FILTER", "`minLength` is from 1 to 253."),
        ({"maxLength": 254}, "BAD_FILTER", "`maxLength` is from 1 to 253."),
        ({"minLength": -1, "maxLength": 7}, "BAD_FILTER", "`minLength` is from 1 to 253."),
        ({"minLength": 8, "maxLength": 7}, "BAD_FILTER", "`minLength` is not above `maxLength`."),
        ({"tlds": [".com"] * 101}, "LIMIT_EXCEEDED", "`tlds` takes 100 values at most."),
        ({"tlds": [".com", "." + "x" * 255]}, "LIMIT_EXCEEDED", "`tlds` takes 255 characters at most."),
    ],
)
async def test_filters_have_limits(
    gallery: Gallery, desk: Desk, wanted: dict[str, object], code: str, message: str
) -> None:
    _, ident = await scored(gallery)
    query = """query ($id: ID!, $filter: DomainFilter) { campaign(id: $id) {
      domains(filter: $filter) { totalCount } } }"""
    errors = await desk.refused(gallery.house.alice, query, id=ident, filter=wanted)
    assert errors == [(code, message)]


async def test_a_score_is_from_0_to_1(gallery: Gallery, desk: Desk) -> None:
    _, ident = await scored(gallery)
    query = "query ($id: ID!) { campaign(id: $id) { domains(filter: {minScore: 27}) { totalCount } } }"
    errors = await desk.refused(gallery.house.alice, query, id=ident)
    assert errors == [("BAD_FILTER", "`minScore` is from 0 to 1.")]
