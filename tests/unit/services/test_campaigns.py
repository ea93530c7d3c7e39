"""Making, changing and deleting campaigns: exact events, exact refusals, nothing written when refused."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import msgspec
import pytest

from core.errors import Conflict, Forbidden, NotFound, ValidationFailed, Violation
from core.ids import new_id
from db.models import CampaignRow, DomainRow, GenerationConfigRow, PhasePersonaRow, PhaseRow, ShardRow
from db.repositories import campaigns as rows
from events.campaign_events import CampaignCreated, CampaignDeleted, CampaignUpdated
from services.campaign_control import CampaignControl
from services.campaigns import CampaignDraft, CampaignPatch, Campaigns
from services.keyword_sets import KeywordSets
from services.personas import PersonaPatch, Personas
from services.written import Written
from tests import factories
from tests.fakes.house import House
from vocabulary.campaigns import (
    AnalysisConfig,
    CampaignStatus,
    DnsConfig,
    HttpConfig,
    MicroCrawl,
    PhaseKind,
    PhaseStatus,
)


@dataclass(frozen=True)
class Parts:
    """What a campaign of alice's refers to; three events are in the log."""

    dns: UUID
    http: UUID
    words: UUID

    def draft(self, name: str = "hunt") -> CampaignDraft:
        return factories.campaign(self.dns, self.http, name)


@pytest.fixture
async def parts(house: House) -> Parts:
    personas = Personas(house.database)
    dns = await personas.create(house.alice, factories.dns_persona())
    http = await personas.create(house.alice, factories.http_persona())
    words = await KeywordSets(house.database).create(house.alice, factories.keyword_set())
    return Parts(dns.value, http.value, words.value)


@pytest.fixture
def campaigns(house: House) -> Campaigns:
    return Campaigns(house.database)


@pytest.fixture
def control(house: House) -> CampaignControl:
    return CampaignControl(house.database)


async def refusal(
    call: Callable[[], Awaitable[object]], house: House, position: int = 3
) -> tuple[Violation, ...]:
    """The violations that a call is refused with, which must have written nothing."""
    with pytest.raises(ValidationFailed) as refused:
        await call()
    assert await house.head() == position
    return refused.value.violations


async def test_create_makes_a_draft_with_its_phases_and_configurations(
    house: House, campaigns: Campaigns, parts: Parts
) -> None:
    draft = parts.draft(" hunt ")
    http = HttpConfig(
        persona_ids=(parts.http,), keyword_set_ids=(parts.words,), ad_hoc_keywords=("a", "b"), http_port=81
    )
    written = await campaigns.create(house.alice, msgspec.structs.replace(draft, http=http))
    assert written.position == 4
    assert await house.events(3) == [CampaignCreated(campaign_id=written.value, name="hunt")]
    async with house.database.engines.reading() as session:
        row = await session.get_one(CampaignRow, written.value)
        phases = [await session.get_one(PhaseRow, (written.value, kind)) for kind in PhaseKind]
        assert await rows.generation_config(session, row.id) == draft.generation
        assert await rows.dns_config(session, row.id) == factories.dns_of(draft)
        assert await rows.http_config(session, row.id) == http
    assert (row.owner_id, row.name, row.status) == (house.alice.id, "hunt", CampaignStatus.DRAFT)
    assert (row.created_at, row.started_at, row.completed_at) == (house.now, None, None)
    assert [(phase.ordinal, phase.status) for phase in phases] == [
        (ordinal, PhaseStatus.CONFIGURED) for ordinal in range(1, 7)
    ]
    assert house.bell.settled[-1][3] is False


async def test_all_broken_rules_of_all_parts_are_told_at_once(
    house: House, campaigns: Campaigns, parts: Parts
) -> None:
    stranger = new_id()
    draft = CampaignDraft(
        name="",
        generation=msgspec.structs.replace(factories.generation("com"), character_set="", suffix_length=11),
        dns=DnsConfig(persona_ids=(parts.http, stranger), batch_size=1001, retry_attempts=6),
        http=HttpConfig(persona_ids=(parts.dns,), batch_size=501, http_port=0, https_port=65536),
    )
    violations = await refusal(lambda: campaigns.create(house.alice, draft), house)
    assert [(v.path, v.limit) for v in violations] == [
        (("name",), "1..255"),
        (("generation", "suffixLength"), "0..10"),
        (("generation", "characterSet"), "1..1000"),
        (("generation", "tlds", "0"), None),
        (("dns", "batchSize"), "1..1000"),
        (("dns", "retryAttempts"), "0..5"),
        (("dns", "personaIds", "1"), None),
        (("dns", "personaIds", "0"), "DNS"),
        (("http", "keywordSetIds"), "1.."),
        (("http", "batchSize"), "1..500"),
        (("http", "httpPort"), "1..65535"),
        (("http", "httpsPort"), "1..65535"),
        (("http", "personaIds", "0"), "HTTP"),
    ]
    assert await house.count(CampaignRow) == 0


async def test_a_space_beyond_int64_is_refused(house: House, campaigns: Campaigns, parts: Parts) -> None:
    def draft(characters: int) -> CampaignDraft:
        chosen = "".join(chr(point) for point in range(0x4E00, 0x4E00 + characters))
        config = msgspec.structs.replace(factories.generation(), character_set=chosen, suffix_length=10)
        return msgspec.structs.replace(parts.draft(), generation=config)

    # 78 to the 10th is the last tenth power below 2 to the 63rd.
    await campaigns.create(house.alice, draft(78))
    beyond = draft(79)
    [violation] = await refusal(lambda: campaigns.create(house.alice, beyond), house, 4)
    assert (violation.path, violation.limit) == (("generation", "characterSet"), f"..{2**63 - 1}")


@pytest.mark.parametrize(
    ("part", "broken", "path", "limit"),
    [
        ("dns", {"persona_ids": ()}, ("dns", "personaIds"), "1..10"),
        ("dns", {"persona_ids": tuple(new_id() for _ in range(11))}, ("dns", "personaIds"), "1..10"),
        ("http", {"persona_ids": ()}, ("http", "personaIds"), "1..10"),
        ("http", {"proxy_ids": tuple(new_id() for _ in range(101))}, ("http", "proxyIds"), "0..100"),
        (
            "http",
            {"keyword_set_ids": tuple(new_id() for _ in range(101))},
            ("http", "keywordSetIds"),
            "0..100",
        ),
        (
            "http",
            {"ad_hoc_keywords": tuple(str(i) for i in range(1001))},
            ("http", "adHocKeywords"),
            "0..1000",
        ),
        ("http", {"ad_hoc_keywords": ("ok", " ")}, ("http", "adHocKeywords", "1"), "1..255"),
        ("http", {"ad_hoc_keywords": ("x" * 256,)}, ("http", "adHocKeywords", "0"), "1..255"),
        ("http", {"ad_hoc_keywords": ("x\0",)}, ("http", "adHocKeywords", "0"), None),
        ("http", {"ad_hoc_keywords": ("x", "y", "x")}, ("http", "adHocKeywords", "2"), None),
        ("http", {"proxy_ids": (new_id(),)}, ("http", "proxyIds", "0"), None),
        ("http", {"keyword_set_ids": (new_id(),)}, ("http", "keywordSetIds", "0"), None),
        ("http", {"retry_attempts": -1}, ("http", "retryAttempts"), "0..5"),
        ("dns", {"batch_size": 0}, ("dns", "batchSize"), "1..1000"),
        (
            "dns",
            {"rotation_interval_seconds": 3600.1},
            ("dns", "rotationIntervalSeconds"),
            "0..3600",
        ),
        ("http", {"rotation_interval_seconds": -0.1}, ("http", "rotationIntervalSeconds"), "0..3600"),
        ("dns", {"speed_per_minute": -1}, ("dns", "speedPerMinute"), "0..1000000"),
        ("http", {"speed_per_minute": 1_000_001}, ("http", "speedPerMinute"), "0..1000000"),
        ("http", {"pool_id": new_id()}, ("http", "poolId"), None),
        ("http", {"micro_crawl": MicroCrawl(11)}, ("http", "microCrawl", "maxPages"), "1..10"),
        ("http", {"micro_crawl": MicroCrawl(0)}, ("http", "microCrawl", "maxPages"), "1..10"),
        (
            "http",
            {"micro_crawl": MicroCrawl(3, 500_001)},
            ("http", "microCrawl", "byteBudget"),
            "1024..500000",
        ),
    ],
)
async def test_each_limit_is_held(
    house: House,
    campaigns: Campaigns,
    parts: Parts,
    part: str,
    broken: dict[str, object],
    path: tuple[str, ...],
    limit: str | None,
) -> None:
    draft = parts.draft()
    config = msgspec.structs.replace(getattr(draft, part), **broken)
    wrong = msgspec.structs.replace(draft, **{part: config})
    violations = await refusal(lambda: campaigns.create(house.alice, wrong), house)
    assert [(v.path, v.limit) for v in violations] == [(path, limit)]


async def test_what_is_named_twice_is_told(house: House, campaigns: Campaigns, parts: Parts) -> None:
    draft = msgspec.structs.replace(parts.draft(), dns=DnsConfig(persona_ids=(parts.dns, parts.dns)))
    violations = await refusal(lambda: campaigns.create(house.alice, draft), house)
    assert violations == (Violation(("dns", "personaIds", "1"), "stands in the list already"),)


async def test_somebody_elses_persona_is_as_one_that_is_not_there(
    house: House, campaigns: Campaigns, parts: Parts
) -> None:
    violations = await refusal(lambda: campaigns.create(house.bob, parts.draft()), house)
    assert violations == (
        Violation(("dns", "personaIds", "0"), "no persona with this id is visible to you"),
        Violation(("http", "personaIds", "0"), "no persona with this id is visible to you"),
    )
    await campaigns.create(house.admin, parts.draft())


async def test_a_disabled_persona_is_refused_at_creation_and_at_start(
    house: House, campaigns: Campaigns, control: CampaignControl, parts: Parts
) -> None:
    made = await campaigns.create(house.alice, parts.draft())
    await Personas(house.database).update(house.alice, parts.dns, PersonaPatch(enabled=False))
    disabled = (Violation(("dns", "personaIds", "0"), "this persona is disabled"),)
    assert await refusal(lambda: campaigns.create(house.alice, parts.draft()), house, 5) == disabled
    assert await refusal(lambda: control.start(house.alice, made.value), house, 5) == disabled
    async with house.database.engines.reading() as session:
        assert (await session.get_one(CampaignRow, made.value)).status is CampaignStatus.DRAFT


async def test_update_names_the_parts_that_really_changed(
    house: House, campaigns: Campaigns, parts: Parts
) -> None:
    draft = parts.draft()
    made = await campaigns.create(house.alice, draft)
    house.clock.advance(1)
    http = HttpConfig(persona_ids=(parts.http,), keyword_set_ids=(parts.words,))
    patch = CampaignPatch(name="chase", generation=draft.generation, dns=factories.dns_of(draft), http=http)
    written = await campaigns.update(house.alice, made.value, patch)
    assert written == Written(made.value, 5)
    assert await house.events(4) == [
        CampaignUpdated(campaign_id=made.value, name="chase", changed=("name", "http"), version=2, http=http)
    ]
    async with house.database.engines.reading() as session:
        assert await rows.http_config(session, made.value) == http
        assert await rows.dns_config(session, made.value) == factories.dns_of(draft)
        assert (await session.get_one(CampaignRow, made.value)).updated_at == house.now


async def test_an_update_that_changes_nothing_is_no_event(
    house: House, campaigns: Campaigns, parts: Parts
) -> None:
    draft = parts.draft()
    made = await campaigns.create(house.alice, draft)
    same = CampaignPatch(draft.name, draft.generation, factories.dns_of(draft), factories.http_of(draft))
    assert await campaigns.update(house.alice, made.value, same) == Written(made.value, 4)
    assert await campaigns.update(house.alice, made.value, CampaignPatch()) == Written(made.value, 4)
    assert await house.head() == 4


async def test_a_refused_update_leaves_everything_as_it_was(
    house: House, campaigns: Campaigns, parts: Parts
) -> None:
    draft = parts.draft()
    made = await campaigns.create(house.alice, draft)
    patch = CampaignPatch(name="chase", dns=DnsConfig(persona_ids=(parts.dns,), batch_size=0))
    violations = await refusal(lambda: campaigns.update(house.alice, made.value, patch), house, 4)
    assert [v.path for v in violations] == [("dns", "batchSize")]
    async with house.database.engines.reading() as session:
        assert (await session.get_one(CampaignRow, made.value)).name == "hunt"
        assert await rows.dns_config(session, made.value) == factories.dns_of(draft)


async def test_a_part_stays_once_its_phase_has_begun(
    house: House, campaigns: Campaigns, control: CampaignControl, parts: Parts
) -> None:
    draft = parts.draft()
    made = await campaigns.create(house.alice, draft)
    started = await control.start(house.alice, made.value)
    with pytest.raises(Conflict) as refused:
        await campaigns.update(house.alice, made.value, CampaignPatch(generation=draft.generation))
    detail = refused.value.detail
    assert (detail.code, detail.current_state, detail.attempted) == (
        "INVALID_TRANSITION",
        "IN_PROGRESS",
        "UPDATE",
    )
    await campaigns.update(house.alice, made.value, CampaignPatch(name="chase"))
    assert await house.events(started.position) == [
        CampaignUpdated(campaign_id=made.value, name="chase", changed=("name",), version=2)
    ]


async def test_delete_takes_all_that_is_the_campaigns_own(
    house: House, campaigns: Campaigns, control: CampaignControl, parts: Parts
) -> None:
    made = await campaigns.create(house.alice, parts.draft())
    await control.start(house.alice, made.value)
    cancelled = await control.cancel(house.alice, made.value)
    async with house.database.engines.writing() as session:
        session.add(
            DomainRow(campaign_id=made.value, offset=0, name="xaa.com", tld=".com", checked_at=house.now)
        )
    written = await campaigns.delete(house.alice, made.value)
    assert await house.events(cancelled.position) == [CampaignDeleted(campaign_id=made.value, name="hunt")]
    assert written == Written(made.value, cancelled.position + 1)
    tables = (CampaignRow, PhaseRow, GenerationConfigRow, PhasePersonaRow, ShardRow, DomainRow)
    assert [await house.count(table) for table in tables] == [0] * len(tables)


async def test_somebody_elses_campaign_is_not_found(
    house: House, campaigns: Campaigns, control: CampaignControl, parts: Parts
) -> None:
    made = await campaigns.create(house.alice, parts.draft())
    for ident in (made.value, new_id()):
        with pytest.raises(NotFound) as refused:
            await campaigns.update(house.bob, ident, CampaignPatch(name="mine"))
        assert (refused.value.noun, refused.value.ident) == ("campaign", str(ident))
        for verb in (campaigns.delete, control.start, control.pause, control.resume, control.cancel):
            with pytest.raises(NotFound):
                await verb(house.bob, ident)
    assert await house.head() == 4


async def test_a_viewer_changes_nothing(
    house: House, campaigns: Campaigns, control: CampaignControl, parts: Parts
) -> None:
    announced = len(house.bell.announced)
    with pytest.raises(Forbidden):
        await campaigns.create(house.viewer, parts.draft())
    with pytest.raises(Forbidden):
        await campaigns.update(house.viewer, new_id(), CampaignPatch())
    for verb in (campaigns.delete, control.start, control.pause, control.resume, control.cancel):
        with pytest.raises(Forbidden):
            await verb(house.viewer, new_id())
    assert len(house.bell.announced) == announced


async def test_a_pool_is_named_in_place_of_proxies_and_not_beside_them(
    house: House, campaigns: Campaigns, parts: Parts
) -> None:
    http = HttpConfig((parts.http,), ad_hoc_keywords=("x",), proxy_ids=(new_id(),), pool_id=new_id())
    draft = msgspec.structs.replace(parts.draft(), http=http)
    violations = await refusal(lambda: campaigns.create(house.alice, draft), house)
    assert Violation(("http", "poolId"), "cannot be given beside proxies; name either") in violations


async def test_a_profile_that_is_not_there_is_told(house: House, campaigns: Campaigns, parts: Parts) -> None:
    draft = msgspec.structs.replace(parts.draft(), analysis=AnalysisConfig(new_id()))
    violations = await refusal(lambda: campaigns.create(house.alice, draft), house)
    assert [one.path for one in violations] == [("analysis", "profileId")]
