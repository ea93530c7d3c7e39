"""Running a phase anew: all that follows from it is taken back, and the same figures come out again."""

from uuid import UUID

import pytest
from sqlalchemy import delete

from core.errors import Conflict, ValidationFailed
from core.ids import new_id
from db.models import AnalysisConfigRow, CampaignProxyRow, PageRow, PhasePersonaRow
from db.repositories import analysis_configs
from events.campaign_events import (
    CampaignProgress,
    CampaignStatusChanged,
    CampaignUpdated,
    PhaseReset,
    PhaseStarted,
)
from services.scoring_profiles import ScoringProfileDraft, ScoringProfiles
from tests.fakes.crew import Crew
from tests.fakes.house import House
from tests.fakes.recount import Figures, assert_consistent, recount
from tests.fakes.shop import Shop
from tests.unit.services.test_handing_over import begun, mixed
from vocabulary.campaigns import CampaignMode, CampaignStatus, PhaseKind, PhaseStart, PhaseStatus
from vocabulary.checks import CheckStatus
from vocabulary.leads import ScoringConfig

GENERATION, DNS, HTTP, EXTRACTION, ANALYSIS, ENRICHMENT = PhaseKind


@pytest.fixture
async def done(shop: Shop, crew: Crew) -> UUID:
    """A campaign that ran to its end, with a fate of every sort."""
    crew.batch = 9
    ident = await begun(shop, batch=9)
    await crew.run(fate=mixed)
    return ident


async def figures(shop: Shop, ident: UUID) -> Figures:
    async with shop.database.engines.reading() as session:
        await assert_consistent(session, ident)
        return await recount(session, ident)


@pytest.mark.parametrize("kind", [kind for kind in PhaseKind if kind is not GENERATION])
async def test_the_same_work_comes_to_the_same_figures(
    house: House, shop: Shop, crew: Crew, done: UUID, kind: PhaseKind
) -> None:
    before, events = await figures(shop, done), await house.head()
    scores = {row.offset: row.score for row in await shop.domains(done)}
    async with shop.database.engines.writing() as session:
        session.add(PageRow(campaign_id=done, offset=0, content=b"x"))
    await shop.control.rerun_phase(house.alice, done, kind)
    taken = await figures(shop, done)
    behind = list(PhaseKind)[list(PhaseKind).index(kind) :]
    assert [taken.counts[each].processed for each in behind] == [0] * len(behind)
    assert taken.pending == before.pending + _undone(before, kind)
    assert await house.count(PageRow) == (0 if kind in {DNS, HTTP} else 1)
    told = await house.events(events)
    assert isinstance(told[0], CampaignStatusChanged)
    assert [event.phase for event in told if isinstance(event, PhaseReset)] == behind[1:]
    assert isinstance(told[-2], CampaignProgress)
    assert isinstance(told[-1], PhaseStarted)
    assert (told[-1].phase, told[-1].cause) == (kind, PhaseStart.RERUN)
    if kind is not ENRICHMENT:
        kept = {row.offset: row.previous_score for row in await shop.domains(done)}
        assert {offset: score for offset, score in kept.items() if score is not None} == {
            offset: score for offset, score in scores.items() if score
        }
    await crew.run(fate=mixed)
    assert await figures(shop, done) == before
    assert (await shop.row(done)).status is CampaignStatus.COMPLETED


def _undone(before: Figures, kind: PhaseKind) -> int:
    """How many domains were decided on by a phase or those behind it."""
    tallies = before.tallies
    undone = tallies.qualified + tallies.low_score + tallies.no_keywords + tallies.parked
    if kind in {DNS, HTTP}:
        undone += tallies.http_error + tallies.http_timeout
    if kind is DNS:
        undone += tallies.dns_error + tallies.dns_timeout
    return undone


async def test_another_outcome_moves_the_tallies(house: House, shop: Shop, crew: Crew, done: UUID) -> None:
    await shop.control.rerun_phase(house.alice, done, HTTP)
    await crew.run(fate=lambda kind, _offset: CheckStatus.TIMEOUT if kind is HTTP else CheckStatus.OK)
    after = await figures(shop, done)
    assert after.tallies.http_timeout == after.counts[HTTP].total > 0
    assert (after.tallies.qualified, after.tallies.keyword_hits, after.counts[EXTRACTION].total) == (0, 0, 0)


async def test_a_rerun_in_steps_waits_behind_the_phase(
    house: House, shop: Shop, crew: Crew, done: UUID
) -> None:
    await shop.campaigns.set_mode(house.alice, done, CampaignMode.STEP_BY_STEP)
    await shop.control.rerun_phase(house.alice, done, EXTRACTION)
    await crew.run()
    assert (await shop.row(done)).status is CampaignStatus.WAITING
    assert (await shop.phase(done, ANALYSIS)).status is PhaseStatus.CONFIGURED


async def test_nothing_is_run_anew_while_anything_is_under_way(house: House, shop: Shop, done: UUID) -> None:
    await shop.control.rerun_phase(house.alice, done, ANALYSIS)
    before = await house.head()
    for kind in (DNS, HTTP, ENRICHMENT):
        with pytest.raises(Conflict) as refused:
            await shop.control.rerun_phase(house.alice, done, kind)
        detail = refused.value.detail
        assert (detail.code, detail.blocking_phase) == ("RERUN_PRECONDITION_FAILED", ANALYSIS)
    assert await house.head() == before


async def test_a_lost_reference_is_told_and_never_left_out(house: House, shop: Shop, done: UUID) -> None:
    async with shop.database.engines.writing() as session:
        mine = (PhasePersonaRow.campaign_id == done) & (PhasePersonaRow.kind == HTTP)
        await session.execute(delete(PhasePersonaRow).where(mine))
    with pytest.raises(ValidationFailed, match="has lost 1 of its 1 personas"):
        await shop.control.rerun_phase(house.alice, done, HTTP)
    await shop.control.rerun_phase(house.alice, done, ANALYSIS)
    assert await house.count(CampaignProxyRow) == 0


async def test_a_skipped_phase_can_run_after_all_if_it_is_configured(
    house: House, shop: Shop, crew: Crew
) -> None:
    ident = await begun(shop)
    await shop.control.skip_phase(house.alice, ident, HTTP)
    await crew.run()
    assert (await figures(shop, ident)).pending == 9
    await shop.control.rerun_phase(house.alice, ident, HTTP)
    await crew.run()
    assert (await figures(shop, ident)).tallies.qualified == 9


async def test_rescoring_assigns_a_profile_pins_it_and_fetches_nothing(
    house: House, shop: Shop, crew: Crew, done: UUID
) -> None:
    profiles = ScoringProfiles(shop.database)
    config = ScoringConfig(match_score=0.9)
    profile = (await profiles.create(house.alice, ScoringProfileDraft("strict", config))).value
    before = await house.head()
    await shop.control.rescore(house.alice, done, profile)
    events = await house.events(before)
    (updated,) = [event for event in events if isinstance(event, CampaignUpdated)]
    assert (updated.changed, updated.version) == (("analysis",), 2)
    assert [event.phase for event in events if isinstance(event, PhaseStarted)] == [ANALYSIS]
    async with shop.database.engines.reading() as session:
        row = await session.get_one(AnalysisConfigRow, done)
        assert (row.profile_id, row.profile_version, row.scoring) == (profile, 1, config)
    await crew.run(fate=mixed)
    await figures(shop, done)
    await shop.control.rescore(house.alice, done, None)
    async with shop.database.engines.reading() as session:
        row = await session.get_one(AnalysisConfigRow, done)
        assert (row.profile_id, row.profile_version, row.scoring) == (None, 0, ScoringConfig())


async def test_a_profile_that_is_not_there_changes_nothing(house: House, shop: Shop, done: UUID) -> None:
    before = await house.head()
    with pytest.raises(ValidationFailed) as refused:
        await shop.control.rescore(house.alice, done, new_id())
    assert [one.path for one in refused.value.violations] == [("analysis", "profileId")]
    assert await house.head() == before
    async with shop.database.engines.reading() as session:
        assert (await analysis_configs.get(session, done)).profile_id is None
