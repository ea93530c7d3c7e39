"""Duplicating a campaign: the same configuration in a draft of the caller's, or a refusal that says what is missing."""

from dataclasses import dataclass
from uuid import UUID

import msgspec
import pytest

from auth.sealing import Sealer
from core.errors import Forbidden, NotFound, ValidationFailed, Violation
from core.ids import new_id
from db.models import CampaignRow, GenerationRangeRow, PhaseRow
from events.campaign_events import CampaignCreated
from services import configuring
from services.campaign_control import CampaignControl
from services.campaigns import CampaignDraft, CampaignPatch, Campaigns, copy_name
from services.keyword_sets import KeywordSets
from services.personas import PersonaPatch, Personas
from services.proxies import Proxies
from services.written import Written
from tests import factories
from tests.fakes.house import House
from vocabulary.campaigns import CampaignStatus, DnsConfig, HttpConfig, MicroCrawl, PhaseKind, PhaseStatus
from vocabulary.proxies import ProxyStrategy


@dataclass(frozen=True)
class Original:
    """A campaign of alice's with something of every kind; six events are in the log."""

    campaigns: Campaigns
    control: CampaignControl
    proxies: Proxies
    ident: UUID
    draft: CampaignDraft


@pytest.fixture
async def original(house: House) -> Original:
    personas, sets = Personas(house.database), KeywordSets(house.database)
    proxies = Proxies(house.database, Sealer([b"A" * 43 + b"="]))
    dns = [(await personas.create(house.alice, factories.dns_persona(name))).value for name in "ab"]
    http = (await personas.create(house.alice, factories.http_persona())).value
    words = (await sets.create(house.alice, factories.keyword_set())).value
    proxy = (await proxies.create(house.alice, factories.proxy())).value.id
    draft = CampaignDraft(
        name="hunt",
        generation=factories.generation(count=4),
        dns=DnsConfig(
            (dns[1], dns[0]),
            batch_size=7,
            retry_attempts=2,
            rotation_interval_seconds=0.5,
            speed_per_minute=9,
        ),
        http=HttpConfig(
            (http,),
            (words,),
            ("lamp",),
            (proxy,),
            batch_size=8,
            retry_attempts=3,
            rotation_interval_seconds=1.5,
            speed_per_minute=60,
            http_port=81,
            https_port=444,
            strategy=ProxyStrategy.RANDOM,
            micro_crawl=MicroCrawl(2, 2048),
        ),
    )
    campaigns = Campaigns(house.database)
    return Original(
        campaigns,
        CampaignControl(house.database),
        proxies,
        (await campaigns.create(house.alice, draft)).value,
        draft,
    )


async def stored(house: House, ident: UUID) -> CampaignDraft:
    """What a campaign is configured to do."""
    async with house.database.engines.reading() as session:
        return await configuring.stored(session, await session.get_one(CampaignRow, ident))


async def test_a_copy_has_the_same_configuration_and_is_a_draft(house: House, original: Original) -> None:
    house.clock.advance(5)
    head = await house.head()
    written = await original.campaigns.duplicate(house.alice, original.ident)
    assert written == Written(written.value, head + 1)
    assert written.value != original.ident
    assert await house.events(head) == [CampaignCreated(campaign_id=written.value, name="hunt (copy)")]
    assert await house.owners_and_actors(head) == [(house.alice.id, "alice")]
    assert await stored(house, written.value) == msgspec.structs.replace(original.draft, name="hunt (copy)")
    assert await stored(house, original.ident) == original.draft
    async with house.database.engines.reading() as session:
        row = await session.get_one(CampaignRow, written.value)
        phases = [await session.get_one(PhaseRow, (row.id, kind)) for kind in PhaseKind]
    assert (row.status, row.created_at, row.started_at) == (CampaignStatus.DRAFT, house.now, None)
    assert {phase.status for phase in phases} == {PhaseStatus.CONFIGURED}


async def test_a_copy_of_what_has_ended_takes_no_results_and_goes_on_in_the_space(
    house: House, original: Original
) -> None:
    await original.control.start(house.alice, original.ident)
    await original.control.cancel(house.alice, original.ident)
    copy = (await original.campaigns.duplicate(house.alice, original.ident, " again ")).value
    assert (await stored(house, copy)).name == "again"
    assert await house.count(GenerationRangeRow) == 1
    await original.control.start(house.alice, copy)
    async with house.database.engines.reading() as session:
        reserved = await session.get_one(GenerationRangeRow, (copy, 0))
    assert (reserved.lower, reserved.upper) == (4, 8)


async def test_the_copy_belongs_to_whoever_made_it(house: House, original: Original) -> None:
    """An admin may refer to what is anybody's, so the copy does."""
    head = await house.head()
    copy = (await original.campaigns.duplicate(house.admin, original.ident)).value
    assert await house.owners_and_actors(head) == [(house.admin.id, "admin")]
    async with house.database.engines.reading() as session:
        assert (await session.get_one(CampaignRow, copy)).owner_id == house.admin.id


async def test_references_that_are_disabled_are_told_with_their_paths(
    house: House, original: Original
) -> None:
    patch = PersonaPatch(enabled=False)
    await Personas(house.database).update(house.alice, factories.dns_of(original.draft).persona_ids[1], patch)
    head = await house.head()
    with pytest.raises(ValidationFailed) as refused:
        await original.campaigns.duplicate(house.alice, original.ident)
    assert refused.value.violations == (Violation(("dns", "personaIds", "1"), "this persona is disabled"),)
    assert (await house.head(), await house.count(CampaignRow)) == (head, 1)


async def test_references_that_are_gone_are_told_and_never_left_out_in_silence(
    house: House, original: Original
) -> None:
    """Without its proxy a copy would fetch directly."""
    config = original.draft
    await original.control.cancel(house.alice, original.ident)
    await Personas(house.database).delete(house.alice, factories.dns_of(config).persona_ids[1])
    await KeywordSets(house.database).delete(house.alice, factories.http_of(config).keyword_set_ids[0])
    await original.proxies.delete(house.alice, factories.http_of(config).proxy_ids[0])
    head = await house.head()
    with pytest.raises(ValidationFailed) as refused:
        await original.campaigns.duplicate(house.alice, original.ident, "")
    assert [(one.path, one.message) for one in refused.value.violations] == [
        (("dns", "personaIds"), "has lost 1 of its 2 personas, deleted since it was configured"),
        (("http", "keywordSetIds"), "has lost 1 of its 1 keyword sets, deleted since it was configured"),
        (("http", "proxyIds"), "has lost 1 of its 1 proxies, deleted since it was configured"),
        (("name",), "must have 1 to 255 characters"),
    ]
    assert (await house.head(), await house.count(CampaignRow)) == (head, 1)


async def test_what_was_taken_out_of_a_draft_is_not_gone(house: House, original: Original) -> None:
    http = msgspec.structs.replace(factories.http_of(original.draft), proxy_ids=())
    dns = msgspec.structs.replace(
        factories.dns_of(original.draft), persona_ids=factories.dns_of(original.draft).persona_ids[:1]
    )
    await original.campaigns.update(house.alice, original.ident, CampaignPatch(dns=dns, http=http))
    await original.proxies.delete(house.alice, factories.http_of(original.draft).proxy_ids[0])
    copy = (await original.campaigns.duplicate(house.alice, original.ident)).value
    assert await stored(house, copy) == CampaignDraft("hunt (copy)", original.draft.generation, dns, http)


@pytest.mark.parametrize("name", ["", " ", "x" * 256, "a\nb"])
async def test_a_name_that_breaks_a_rule_is_refused(house: House, original: Original, name: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await original.campaigns.duplicate(house.alice, original.ident, name)
    assert [one.path for one in refused.value.violations] == [("name",)]
    assert await house.count(CampaignRow) == 1


@pytest.mark.parametrize(
    ("name", "copied"),
    [
        ("hunt", "hunt (copy)"),
        ("hunt (copy)", "hunt (copy) (copy)"),
        ("x" * 248, "x" * 248 + " (copy)"),
        ("x" * 255, "x" * 248 + " (copy)"),
        ("x" * 247 + " yyyyyyy", "x" * 247 + " (copy)"),
    ],
)
def test_a_copy_is_named_after_its_original_within_the_limit(name: str, copied: str) -> None:
    assert copy_name(name) == copied
    assert len(copied) <= 255


async def test_somebody_elses_campaign_is_not_found_and_a_viewer_copies_nothing(
    house: House, original: Original
) -> None:
    for ident in (original.ident, new_id()):
        with pytest.raises(NotFound) as refused:
            await original.campaigns.duplicate(house.bob, ident)
        assert refused.value.ident == str(ident)
        with pytest.raises(Forbidden):
            await original.campaigns.duplicate(house.viewer, ident)
    assert await house.count(CampaignRow) == 1
