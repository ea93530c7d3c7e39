"""What a campaign may use: what its owner sees by now, and whoever lets a phase begin or go on sees, too."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import msgspec
import pytest

from auth.principal import Principal
from core.errors import ValidationFailed, Violation
from db.models import AnalysisConfigRow
from services.access import Access
from services.campaigns import CampaignDraft, CampaignPatch
from services.course import Course
from services.failing import fail
from services.jobs import Jobs
from services.personas import PersonaPatch
from services.pools import PoolDraft, Pools
from services.principals import Principals
from services.proxies import ProxyPatch
from services.scoring_profiles import ScoringProfileDraft, ScoringProfilePatch, ScoringProfiles
from services.written import transaction
from tests import factories
from tests.fakes.crew import Crew
from tests.fakes.house import House
from tests.fakes.shop import Shop
from vocabulary.access import WORKER, Role
from vocabulary.campaigns import (
    AnalysisConfig,
    CampaignMode,
    CampaignStatus,
    DnsConfig,
    HttpConfig,
    PhaseKind,
    PhaseStatus,
)
from vocabulary.leads import ScoringConfig, Weights

GENERATION, DNS, HTTP, EXTRACTION, ANALYSIS, ENRICHMENT = PhaseKind
FULL, STEPS = CampaignMode.FULL_SEQUENCE, CampaignMode.STEP_BY_STEP
SECRET = ScoringConfig(weights=Weights(title_keyword=0.125, keyword_density=0.875))

PERSONA = (("dns", "personaIds", "0"), "no persona with this id is visible to you")
HIDDEN = {
    "dns": (PERSONA,),
    "http": (
        (("http", "personaIds", "0"), "no persona with this id is visible to you"),
        (("http", "keywordSetIds", "0"), "no keyword set with this id is visible to you"),
        (("http", "proxyIds", "0"), "no proxy with this id is visible to you"),
    ),
    "analysis": ((("analysis", "profileId"), "no scoring profile with this id is visible to you"),),
}
ALL = tuple(each for part in HIDDEN.values() for each in part)


@dataclass(frozen=True)
class Lent:
    """Things of alice's, and campaigns of the admin's that use them."""

    shop: Shop
    dns: DnsConfig
    http: HttpConfig
    profile: UUID
    own_dns: DnsConfig
    own_http: HttpConfig
    other_admin: Principal

    @property
    def house(self) -> House:
        return self.shop.house

    @property
    def lesser(self) -> Principal:
        """The admin, with a token for less or with a lower role: either way what one request knows is this."""
        return msgspec.structs.replace(self.house.admin, role=Role.OPERATOR)

    async def campaign(self, mode: CampaignMode = FULL, **parts: object) -> UUID:
        analysis = AnalysisConfig(self.profile)
        draft = CampaignDraft("hunt", factories.generation(), self.dns, self.http, analysis, mode)
        made = await self.shop.campaigns.create(self.house.admin, msgspec.structs.replace(draft, **parts))
        return made.value

    async def own(self, mode: CampaignMode = FULL) -> UUID:
        """One that uses what is the admin's own, but is scored by alice's profile."""
        return await self.campaign(mode, dns=self.own_dns, http=self.own_http)

    async def demote(self) -> None:
        access = Access(self.shop.database)
        await access.set_role(self.other_admin, self.house.admin.id, Role.OPERATOR)

    async def rewrite(self) -> None:
        """Alice changes what nobody else may know."""
        profiles = ScoringProfiles(self.shop.database)
        await profiles.update(self.house.alice, self.profile, ScoringProfilePatch(config=SECRET))

    async def scoring(self, ident: UUID) -> tuple[int | None, ScoringConfig | None]:
        async with self.shop.database.engines.reading() as session:
            row = await session.get_one(AnalysisConfigRow, ident)
            return row.profile_version, row.scoring

    async def fail(self, ident: UUID, kind: PhaseKind) -> None:
        async with transaction(self.shop.database) as unit:
            course = await Course.take(unit, ident, WORKER)
            assert course is not None
            fail(course, course.phases[kind], "X", "x")


@pytest.fixture
async def lent(shop: Shop) -> Lent:
    house = shop.house
    dns, http = DnsConfig((await shop.dns_persona("192.0.2.1:53"),)), (await shop.http_persona(),)
    words = (await shop.keyword_sets.create(house.alice, factories.keyword_set())).value
    proxy = (await shop.proxies.create(house.alice, factories.proxy())).value.id
    profile = await ScoringProfiles(shop.database).create(
        house.alice, ScoringProfileDraft("strict", ScoringConfig())
    )
    own_dns = (await shop.personas.create(house.admin, factories.dns_persona())).value
    own_http = (await shop.personas.create(house.admin, factories.http_persona())).value
    root = (await Principals(shop.database).create("root", Role.ADMIN)).value
    return Lent(
        shop,
        dns,
        HttpConfig(http, (words,), proxy_ids=(proxy,)),
        profile.value,
        DnsConfig((own_dns,)),
        HttpConfig((own_http,), ad_hoc_keywords=("solar",)),
        Principal(root, "root", Role.ADMIN),
    )


async def refused(lent: Lent, call: Callable[[], Awaitable[object]]) -> tuple[Violation, ...]:
    """The violations that a call is refused with, which must have written nothing."""
    head = await lent.house.head()
    with pytest.raises(ValidationFailed) as told:
        await call()
    assert await lent.house.head() == head
    return told.value.violations


def violations(*told: tuple[tuple[str, ...], str], to: str = "you") -> tuple[Violation, ...]:
    return tuple(Violation(path, text.replace("to you", f"to {to}")) for path, text in told)


@pytest.mark.parametrize("demoted", [True, False])
async def test_nothing_begins_that_uses_what_its_owner_or_the_caller_may_not_see(
    lent: Lent, demoted: bool
) -> None:
    """An admin who is one no more, and an admin's token that may do less."""
    control, ident = lent.shop.control, await lent.campaign()
    steps = await lent.campaign(STEPS)
    if demoted:
        await lent.demote()
    assert await refused(lent, lambda: control.start(lent.lesser, ident)) == violations(*ALL)
    assert await refused(lent, lambda: control.start_phase(lent.lesser, ident, GENERATION)) == violations(
        *ALL
    )
    # Step by step it goes as far as it uses nothing of others.
    await control.start(lent.lesser, steps)


async def test_each_phase_is_judged_by_what_it_uses(lent: Lent, crew: Crew) -> None:
    control, ident = lent.shop.control, await lent.campaign(STEPS)
    await lent.demote()
    for kind in PhaseKind:
        part = {DNS: "dns", HTTP: "http", ANALYSIS: "analysis"}.get(kind)
        begin = partial(control.start_phase, lent.lesser, ident, kind)
        if part is None:
            await begin()
            await crew.run()
        else:
            assert await refused(lent, begin) == violations(*HIDDEN[part])
            await control.skip_phase(lent.lesser, ident, kind)


async def test_another_admin_is_told_that_it_is_the_owner_who_does_not_see(lent: Lent) -> None:
    control, ident = lent.shop.control, await lent.campaign()
    await lent.demote()
    said = await refused(lent, lambda: control.start(lent.other_admin, ident))
    assert said == violations(*ALL, to="the campaign's owner")


async def test_whoever_is_an_admin_still_starts_it_for_themselves_and_for_others(lent: Lent) -> None:
    control = lent.shop.control
    await control.start(lent.house.admin, await lent.campaign())
    await control.start(lent.other_admin, await lent.campaign())


async def test_nobody_gives_a_campaign_what_its_owner_may_not_see(lent: Lent) -> None:
    """An admin may look at a campaign of alice's and change it, but not lend her what is theirs."""
    house, campaigns = lent.house, lent.shop.campaigns
    draft = CampaignDraft("hers", factories.generation(), lent.dns, lent.http)
    hers = (await campaigns.create(house.alice, draft)).value
    pool = (await Pools(lent.shop.database).create(house.admin, PoolDraft("theirs"))).value
    http = msgspec.structs.replace(lent.own_http, pool_id=pool)
    patch = CampaignPatch(dns=lent.own_dns, http=http)
    said = await refused(lent, lambda: campaigns.update(house.admin, hers, patch))
    assert said == violations(
        PERSONA,
        (("http", "personaIds", "0"), "no persona with this id is visible to you"),
        (("http", "poolId"), "no pool with this id is visible to you"),
        to="the campaign's owner",
    )
    await campaigns.update(house.admin, hers, CampaignPatch(dns=lent.dns, http=lent.http))


@pytest.mark.parametrize("demoted", [True, False])
async def test_what_was_paused_or_has_failed_does_not_go_on(lent: Lent, demoted: bool) -> None:
    control, ident = lent.shop.control, await lent.campaign()
    await control.start(lent.house.admin, ident)
    await control.pause(lent.house.admin, ident)
    if demoted:
        await lent.demote()
    assert await refused(lent, lambda: control.resume(lent.lesser, ident)) == violations(*ALL)
    await lent.fail(ident, GENERATION)
    said = await refused(lent, lambda: control.retry_phase(lent.lesser, ident, GENERATION))
    assert said == violations(*ALL)
    # One phase alone of a campaign that runs step by step is another thing.
    await lent.shop.campaigns.set_mode(lent.lesser, ident, STEPS)
    await control.retry_phase(lent.lesser, ident, GENERATION)
    # And it must not come to run through, now that it runs.
    said = await refused(lent, lambda: lent.shop.campaigns.set_mode(lent.lesser, ident, FULL))
    assert said == violations(*ALL)


async def test_what_is_disabled_lets_a_paused_campaign_go_on(lent: Lent) -> None:
    """Workers pass it over; only to begin with it is refused."""
    control, ident = lent.shop.control, await lent.campaign()
    await control.start(lent.house.admin, ident)
    await control.pause(lent.house.admin, ident)
    disabled = PersonaPatch(enabled=False)
    await lent.shop.personas.update(lent.house.alice, lent.dns.persona_ids[0], disabled)
    await lent.shop.proxies.update(lent.house.alice, lent.http.proxy_ids[0], ProxyPatch(enabled=False))
    await control.resume(lent.house.admin, ident)


@pytest.mark.parametrize("demoted", [True, False])
async def test_a_new_scoring_takes_nothing_anew_from_a_profile_that_is_out_of_sight(
    lent: Lent, crew: Crew, demoted: bool
) -> None:
    """What the campaign was scored by when it began stays; what the profile says since is told to nobody by it."""
    control, ident = lent.shop.control, await lent.own()
    await control.start(lent.house.admin, ident)
    await crew.run()
    assert (await lent.shop.row(ident)).status is CampaignStatus.COMPLETED
    if demoted:
        await lent.demote()
    await lent.rewrite()
    hidden = violations(*HIDDEN["analysis"])
    assert await refused(lent, lambda: control.rescore(lent.lesser, ident)) == hidden
    assert await refused(lent, lambda: control.rescore(lent.lesser, ident, lent.profile)) == hidden
    for kind in (EXTRACTION, ANALYSIS):
        said = await refused(lent, partial(control.rerun_phase, lent.lesser, ident, kind))
        assert said == hidden
    assert await lent.scoring(ident) == (1, ScoringConfig())
    await control.rescore(lent.lesser, ident, None)
    await crew.run()
    assert await lent.scoring(ident) == (0, ScoringConfig())


async def test_no_phase_begins_by_itself_with_what_its_owner_sees_no_more(lent: Lent, crew: Crew) -> None:
    """It waits for somebody, who can say what shall be used instead."""
    control, ident = lent.shop.control, await lent.campaign()
    await control.start(lent.house.admin, ident)
    await lent.demote()
    await crew.run()
    assert (await lent.shop.row(ident)).status is CampaignStatus.WAITING
    assert (await lent.shop.phase(ident, DNS)).status is PhaseStatus.CONFIGURED
    patch = CampaignPatch(dns=lent.own_dns, http=lent.own_http, analysis=AnalysisConfig())
    await lent.shop.campaigns.update(lent.lesser, ident, patch)
    await control.start(lent.lesser, ident)
    await crew.run()
    assert (await lent.shop.row(ident)).status is CampaignStatus.COMPLETED


async def test_an_analysis_that_would_begin_by_itself_waits(lent: Lent, crew: Crew) -> None:
    control, ident = lent.shop.control, await lent.own()
    await control.start(lent.house.admin, ident)
    await crew.run(GENERATION, DNS)
    await lent.demote()
    await lent.rewrite()
    await crew.run()
    assert (await lent.shop.row(ident)).status is CampaignStatus.WAITING
    assert (await lent.shop.phase(ident, EXTRACTION)).status is PhaseStatus.COMPLETED
    assert await lent.scoring(ident) == (None, None)
    assert await refused(lent, lambda: control.start(lent.lesser, ident)) == violations(*HIDDEN["analysis"])


async def test_workers_pass_over_what_the_owner_sees_no_more(lent: Lent, crew: Crew) -> None:
    jobs, ident = Jobs(lent.shop.database, lent.shop.sealer), await lent.campaign()
    await lent.shop.control.start(lent.house.admin, ident)
    await crew.run(GENERATION)
    await crew.step(DNS)
    dns, http = await crew.take(DNS), await crew.take(HTTP)
    assert dns is not None
    assert http is not None
    before, fetched = await jobs.dns(dns.claim), await jobs.http(http.claim)
    assert before is not None
    assert fetched is not None
    assert fetched.route is not None
    assert [*before.personas] == [*lent.dns.persona_ids]
    assert [*fetched.personas] == [*lent.http.persona_ids]
    assert [proxy.id for proxy in fetched.route.proxies] == [*lent.http.proxy_ids]
    assert fetched.rules
    await lent.demote()
    before, fetched = await jobs.dns(dns.claim), await jobs.http(http.claim)
    assert before is not None
    assert fetched is not None
    # A route without proxies is not none: the campaign does not go directly.
    assert fetched.route is not None
    assert (before.personas, fetched.personas, fetched.resolvers) == ({}, {}, {})
    assert (fetched.rules, fetched.route.proxies) == ([], [])


async def test_a_campaign_goes_on_although_its_owner_was_deactivated(lent: Lent, crew: Crew) -> None:
    """It is the organisation's work; whoever wants it to stop pauses it."""
    ident = await lent.own()
    await lent.shop.control.start(lent.house.admin, ident)
    await Access(lent.shop.database).deactivate(lent.other_admin, lent.house.admin.id)
    await crew.run(GENERATION)
    await lent.shop.control.pause(lent.other_admin, ident)
    assert not await crew.step()
    await lent.shop.control.resume(lent.other_admin, ident)
    await crew.run()
    assert (await lent.shop.row(ident)).status is CampaignStatus.COMPLETED
