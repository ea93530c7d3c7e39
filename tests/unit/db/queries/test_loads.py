"""Filters of domains, activity and proxies, and loads of many things at once, on every database."""

from datetime import UTC, datetime
from uuid import UUID

from auth.principal import Principal
from core.ids import new_id
from db.models import DomainRow, GenerationRangeRow, GenerationSpaceRow, Model
from db.queries import activity, campaigns, domains, keyword_sets, personas, principals, proxies
from db.queries.activity import ACTIVITY, ActivityFilter, ActivityOrderField
from db.queries.domains import DOMAINS, DomainFilter, DomainOrderField
from db.queries.listing import Wanted
from db.queries.proxies import ProxyFilter, Record, Stats
from events.campaign_events import CampaignCreated, CampaignProgress
from tests.fakes.gallery import Gallery
from vocabulary.campaigns import Counts, PhaseKind
from vocabulary.checks import CheckStatus, DnsReason, HttpReason, KeywordHit, Zone
from vocabulary.proxies import ProxyHealth, ProxyProtocol

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def domain_rows(campaign_id: UUID) -> list[Model]:
    """Five domains: unresolved, resolved, fetched without and with a hit, and one that failed over HTTP."""
    hit = KeywordHit(pattern='say "5%"', zone=Zone.BODY, count=2, context='x "pattern":"lamp", y')
    rows = [
        DomainRow(campaign_id=campaign_id, offset=10 + n, name=f"d{n}.test", tld=".test", checked_at=NOW)
        for n in range(5)
    ]
    rows[0].dns_status, rows[0].dns_reason = CheckStatus.ERROR, DnsReason.NXDOMAIN
    for row in rows[1:]:
        row.dns_status = CheckStatus.OK
    rows[2].http_status = rows[3].http_status = CheckStatus.OK
    rows[3].matched, rows[3].hits = True, (hit,)
    rows[4].http_status, rows[4].http_reason = CheckStatus.TIMEOUT, HttpReason.TIMEOUT
    return [*rows]


async def offsets(gallery: Gallery, caller: Principal, wanted: DomainFilter) -> list[int]:
    async with gallery.house.database.engines.reading() as session:
        page = Wanted(wanted, DomainOrderField.OFFSET, descending=False, limit=99)
        [rows] = await DOMAINS.pages(session, caller.scope, [page])
        [count] = await DOMAINS.counts(session, caller.scope, [wanted])
    assert count == len(rows)
    return [row.offset for row in rows]


async def test_domains_are_narrowed_by_each_filter(any_gallery: Gallery) -> None:
    house = any_gallery.house
    ident = await any_gallery.campaign(house.alice, domains=0)
    await any_gallery.put_together(domain_rows(ident))
    cases = {
        DomainFilter(ident): [10, 11, 12, 13, 14],
        DomainFilter(ident, dns_status=(CheckStatus.ERROR, CheckStatus.PENDING)): [10],
        DomainFilter(ident, dns_reason=(DnsReason.NXDOMAIN,)): [10],
        DomainFilter(ident, http_status=(CheckStatus.OK,)): [12, 13],
        DomainFilter(ident, http_reason=(HttpReason.TIMEOUT,)): [14],
        DomainFilter(ident, matched=True): [13],
        DomainFilter(ident, matched=False, http_status=(CheckStatus.OK,)): [12],
        DomainFilter(ident, name_contains="D4."): [14],
        DomainFilter(ident, keyword='say "5%"'): [13],
        DomainFilter(ident, keyword='say "5'): [],
        DomainFilter(ident, keyword="lamp"): [],
        DomainFilter(new_id()): [],
    }
    for wanted, found in cases.items():
        assert await offsets(any_gallery, house.alice, wanted) == found, wanted
    assert await offsets(any_gallery, house.bob, DomainFilter(ident)) == []
    assert await offsets(any_gallery, house.admin, DomainFilter(ident, matched=True)) == [13]


async def test_domains_are_found_by_campaign_and_offset(any_gallery: Gallery) -> None:
    house = any_gallery.house
    one, two = await any_gallery.campaign(house.alice), await any_gallery.campaign(house.bob)
    wanted = [(one, 0), (one, 2), (one, 9), (two, 1)]
    async with house.database.engines.reading() as session:
        assert set(await domains.by_ids(session, house.alice.scope, wanted)) == {(one, 0), (one, 2)}
        assert set(await domains.by_ids(session, house.admin.scope, wanted)) == {(one, 0), (one, 2), (two, 1)}


async def test_the_feed_has_what_people_look_at_and_only_theirs(gallery: Gallery) -> None:
    house = gallery.house
    ident, other = new_id(), new_id()
    await gallery.tell(CampaignCreated(campaign_id=ident, name="one"), house.alice, house.alice)
    house.clock.advance(10)
    await gallery.tell(CampaignCreated(campaign_id=other, name="two"), house.alice, house.admin)
    progress = CampaignProgress(campaign_id=ident, phase=PhaseKind.DNS_VALIDATION, counts=Counts())
    await gallery.tell(progress, house.alice, house.alice)
    await gallery.tell(CampaignCreated(campaign_id=other, name="three"), house.bob, house.bob)
    await gallery.tell(CampaignCreated(campaign_id=other, name="four"), None, house.admin)
    cases = {
        ActivityFilter(): [2, 1],
        ActivityFilter(campaign_id=ident): [1],
        ActivityFilter(entity_type="CAMPAIGN", entity_id=other): [2],
        ActivityFilter(entity_type="PROXY"): [],
        ActivityFilter(kinds=("CampaignCreated",)): [2, 1],
        ActivityFilter(kinds=("CampaignDeleted",)): [],
        ActivityFilter(actor_id=house.admin.id): [2],
        ActivityFilter(since=gallery.moment(0)): [2],
        ActivityFilter(until=gallery.moment(0)): [1],
    }
    async with house.database.engines.reading() as session:
        for wanted, found in cases.items():
            page = Wanted(wanted, ActivityOrderField.POSITION, descending=True, limit=9)
            [rows] = await ACTIVITY.pages(session, house.alice.scope, [page])
            assert [row.position for row in rows] == found, wanted
        assert await ACTIVITY.counts(session, house.admin.scope, [ActivityFilter()]) == [4]
        assert set(await activity.by_positions(session, house.alice.scope, [1, 2, 3, 4, 5])) == {1, 2}


async def test_proxies_are_counted_by_what_is_known_of_them(any_gallery: Gallery) -> None:
    house = any_gallery.house
    rows = [any_gallery.proxy_row(house.alice, health) for health in (*ProxyHealth, ProxyHealth.HEALTHY)]
    rows[0].enabled = False
    # Three were never tested well and are not in the average; one of eight uses went wrong.
    rows[1].latency_ms, rows[2].latency_ms = 100, 251
    rows[1].success_count, rows[2].success_count, rows[3].failure_count = 3, 4, 1
    await any_gallery.put_together([*rows, any_gallery.proxy_row(house.bob)])
    async with house.database.engines.reading() as session:
        found = await proxies.stats(session, house.alice.scope, None)
        assert found == Stats(5, 4, 2, 1, 1, 1, Record(7, 1, 175.5))
        assert found.record.success_rate == 0.875
        filters = [
            ProxyFilter(enabled=False),
            ProxyFilter(protocol=(ProxyProtocol.HTTP,)),
            ProxyFilter(health=(ProxyHealth.HEALTHY, ProxyHealth.UNHEALTHY)),
            ProxyFilter(search=rows[2].name.upper()),
        ]
        assert await proxies.PROXIES.counts(session, house.alice.scope, filters) == [1, 0, 3, 1]


async def test_no_proxies_are_counted_as_none(gallery: Gallery) -> None:
    async with gallery.house.database.engines.reading() as session:
        found = await proxies.stats(session, gallery.house.alice.scope, None)
    assert found == Stats(0, 0, 0, 0, 0, 0, Record(0, 0, None))
    assert found.record.success_rate is None


async def test_what_belongs_to_campaigns_is_loaded_for_many_at_once(any_gallery: Gallery) -> None:
    house = any_gallery.house
    idents = [await any_gallery.campaign(house.alice), await any_gallery.campaign(house.alice)]
    async with house.database.engines.reading() as session:
        phases = await campaigns.phases(session, idents)
        generations = await campaigns.generations(session, idents)
        tried = await campaigns.personas(session, house.alice.scope, idents)
        sets = await campaigns.keyword_sets(session, house.alice.scope, idents)
        through = await campaigns.proxies(session, house.alice.scope, idents)
        assert set(await campaigns.dns_configs(session, idents)) == set(idents)
        assert set(await campaigns.http_configs(session, idents)) == set(idents)
    assert {key: [row.kind for row in rows] for key, rows in phases.items()} == {
        key: list(PhaseKind) for key in idents
    }
    assert {key: [part.upper for part in one.ranges] for key, one in generations.items()} == {
        key: [3] for key in idents
    }
    kinds = (PhaseKind.DNS_VALIDATION, PhaseKind.HTTP_KEYWORD_VALIDATION)
    assert {key: {kind: len(rows) for kind, rows in by_kind.items()} for key, by_kind in tried.items()} == {
        ident: dict.fromkeys(kinds, 1) for ident in idents
    }
    assert {key: len(rows) for key, rows in sets.items()} == dict.fromkeys(idents, 1)
    assert {key: len(rows) for key, rows in through.items()} == dict.fromkeys(idents, 1)
    set_ids = [rows[0].id for rows in sets.values()]
    async with house.database.engines.reading() as session:
        rules = await keyword_sets.rules(session, set_ids)
        assert await keyword_sets.rule_counts(session, set_ids) == dict.fromkeys(set_ids, 2)
    assert [[row.pattern for row in rules[ident]] for ident in set_ids] == [["lamp", "candle"]] * 2


async def test_nothing_of_another_owner_is_loaded(gallery: Gallery) -> None:
    house = gallery.house
    ident = await gallery.campaign(house.alice)
    async with house.database.engines.reading() as session:
        mine = await campaigns.personas(session, house.alice.scope, [ident])
        persona_ids = [row.id for rows in mine[ident].values() for row in rows]
        [set_rows] = (await campaigns.keyword_sets(session, house.alice.scope, [ident])).values()
        [proxy_rows] = (await campaigns.proxies(session, house.alice.scope, [ident])).values()
        for scope, found in ((house.alice.scope, True), (house.bob.scope, False), (house.admin.scope, True)):
            assert bool(await campaigns.by_ids(session, scope, [ident])) is found
            assert bool(await campaigns.personas(session, scope, [ident])) is found
            assert bool(await campaigns.keyword_sets(session, scope, [ident])) is found
            assert bool(await campaigns.proxies(session, scope, [ident])) is found
            assert bool(await personas.by_ids(session, scope, persona_ids)) is found
            assert bool(await keyword_sets.by_ids(session, scope, [row.id for row in set_rows])) is found
            assert bool(await proxies.by_ids(session, scope, [row.id for row in proxy_rows])) is found
            assert bool(await principals.by_ids(session, scope, [house.alice.id])) is found


async def test_the_campaigns_of_a_space_are_those_that_got_something_of_it(any_gallery: Gallery) -> None:
    house = any_gallery.house
    owners = (house.alice, house.bob, house.alice, house.alice)
    rows = [any_gallery.campaign_row(owner) for owner in owners]
    await any_gallery.put_together([*rows])
    await any_gallery.put([GenerationSpaceRow(key=key, next_offset=5, total=5) for key in ("k", "other")])
    parts = zip(rows, ("k", "k", "k", "other"), ((0, 2), (2, 5), (5, 5), (0, 5)), strict=True)
    await any_gallery.put_together(
        [
            GenerationRangeRow(
                campaign_id=row.id,
                ordinal=0,
                tld=".test",
                space_key=key,
                lower=low,
                upper=high,
                position=low,
            )
            for row, key, (low, high) in parts
        ]
    )

    async def found(caller: Principal, most: int = 9) -> list[int]:
        async with house.database.engines.reading() as session:
            seen = await campaigns.in_space(session, caller.scope, "k", most)
        return [[row.id for row in rows].index(one.id) for one in seen]

    assert await found(house.admin) == [1, 0]
    assert await found(house.admin, 1) == [1]
    assert (await found(house.alice), await found(house.viewer)) == ([0], [])
