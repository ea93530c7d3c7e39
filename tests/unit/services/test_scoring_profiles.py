"""Verbs on scoring profiles: versions that stay as they were, exact events, exact refusals."""

import msgspec
import pytest
from sqlalchemy import select, update

from core.errors import Conflict, Forbidden, NotFound, ValidationFailed
from core.ids import new_id
from db.models import (
    AnalysisConfigRow,
    CampaignRow,
    ScoringProfileRow,
    ScoringVersionRow,
)
from db.repositories import scoring_profiles as rows
from db.scope import EVERYTHING
from events.scoring_events import ScoringProfileCreated, ScoringProfileDeleted, ScoringProfileUpdated
from services.scoring_profiles import ScoringProfileDraft, ScoringProfilePatch, ScoringProfiles
from services.written import Written
from tests.fakes.house import House
from vocabulary.campaigns import CampaignMode, CampaignStatus
from vocabulary.leads import ScoringConfig, Weights

STRICT = ScoringConfig(match_score=0.6, grace_score=0.5, weights=Weights(freshness=0.0))


def draft(name: str = "strict", config: ScoringConfig = STRICT) -> ScoringProfileDraft:
    return ScoringProfileDraft(name=name, config=config)


async def versions(house: House) -> dict[int, ScoringConfig]:
    async with house.database.engines.reading() as session:
        wanted = select(ScoringVersionRow).order_by(ScoringVersionRow.version)
        return {row.version: row.config for row in (await session.execute(wanted)).scalars()}


async def test_create_stores_the_first_version_and_records_it(house: House) -> None:
    written = await ScoringProfiles(house.database).create(house.alice, draft())
    assert await house.events() == [ScoringProfileCreated(profile_id=written.value, name="strict")]
    assert await versions(house) == {1: STRICT}
    async with house.database.engines.reading() as session:
        assert await rows.newest(session, written.value, house.alice.scope) == (1, STRICT)
        assert await rows.newest(session, written.value, house.bob.scope) is None


async def test_an_update_is_a_new_version_and_the_old_one_stays(house: House) -> None:
    profiles = ScoringProfiles(house.database)
    made = await profiles.create(house.alice, draft())
    looser = msgspec.structs.replace(STRICT, match_score=0.55)
    patch = ScoringProfilePatch(description="for spring", config=looser)
    written = await profiles.update(house.alice, made.value, patch, expected_version=1)
    assert written == Written(made.value, 2)
    assert await versions(house) == {1: STRICT, 2: looser}
    assert await house.events(1) == [
        ScoringProfileUpdated(
            profile_id=made.value, name="strict", version=2, changed=("description", "config")
        )
    ]
    await profiles.update(house.alice, made.value, ScoringProfilePatch(name="looser"))
    assert await versions(house) == {1: STRICT, 2: looser, 3: looser}


async def test_an_update_that_changes_nothing_is_no_version(house: House) -> None:
    profiles = ScoringProfiles(house.database)
    made = await profiles.create(house.alice, draft())
    patch = ScoringProfilePatch(name="strict", config=STRICT, description=None)
    assert await profiles.update(house.alice, made.value, patch) == Written(made.value, 1)
    assert await versions(house) == {1: STRICT}


async def test_who_saw_an_older_version_is_refused(house: House) -> None:
    profiles = ScoringProfiles(house.database)
    made = await profiles.create(house.alice, draft())
    await profiles.update(house.alice, made.value, ScoringProfilePatch(name="second"))
    with pytest.raises(Conflict) as refused:
        await profiles.update(house.alice, made.value, ScoringProfilePatch(name="third"), expected_version=1)
    assert (refused.value.detail.code, refused.value.detail.current_state) == ("VERSION_MISMATCH", "2")
    assert len(await versions(house)) == 2


async def test_all_broken_rules_are_told_at_once_in_the_words_of_the_schema(house: House) -> None:
    profiles = ScoringProfiles(house.database)
    broken = ScoringConfig(match_score=2.0, parked_factor=-1.0, weights=Weights(title_keyword=1.5))
    with pytest.raises(ValidationFailed) as refused:
        await profiles.create(house.alice, draft(" ", broken))
    paths = {violation.path for violation in refused.value.violations}
    assert paths == {
        ("name",),
        ("config", "matchScore"),
        ("config", "parkedFactor"),
        ("config", "weights", "titleKeyword"),
    }
    made = await profiles.create(house.alice, draft())
    with pytest.raises(ValidationFailed):
        await profiles.update(house.alice, made.value, ScoringProfilePatch(name="new", config=broken))
    assert await house.head() == 1


async def test_a_name_is_taken_by_the_same_owner_only(house: House) -> None:
    profiles = ScoringProfiles(house.database)
    await profiles.create(house.alice, draft())
    await profiles.create(house.bob, draft())
    other = await profiles.create(house.alice, draft("other"))
    for refusable in (
        profiles.create(house.alice, draft()),
        profiles.update(house.alice, other.value, ScoringProfilePatch(name="strict")),
    ):
        with pytest.raises(Conflict) as refused:
            await refusable
        assert refused.value.detail.code == "ALREADY_EXISTS"


async def campaign_with(house: House, profile_id: object, status: CampaignStatus) -> object:
    """The rows of a campaign as far as a profile knows of one."""
    ident = new_id()
    async with house.database.engines.writing() as session:
        row = CampaignRow(
            id=ident,
            owner_id=house.alice.id,
            name="hunt",
            status=status,
            mode=CampaignMode.STEP_BY_STEP,
            version=1,
            created_at=house.now,
            updated_at=house.now,
        )
        session.add(row)
        await session.flush()
        session.add(
            AnalysisConfigRow(campaign_id=ident, profile_id=profile_id, profile_version=1, scoring=STRICT)
        )
    return ident


@pytest.mark.parametrize("status", [CampaignStatus.DRAFT, CampaignStatus.WAITING, CampaignStatus.RUNNING])
async def test_a_profile_in_use_cannot_be_deleted(house: House, status: CampaignStatus) -> None:
    profiles = ScoringProfiles(house.database)
    made = await profiles.create(house.alice, draft())
    await campaign_with(house, made.value, status)
    with pytest.raises(Conflict) as refused:
        await profiles.delete(house.alice, made.value)
    assert refused.value.detail.code == "IN_USE"
    assert "hunt" in str(refused.value)
    assert await house.count(ScoringVersionRow) == 1
    async with house.database.engines.writing() as session:
        await session.execute(update(CampaignRow).values(status=CampaignStatus.CANCELLED))
    await profiles.delete(house.alice, made.value)


async def test_an_ended_campaign_loses_the_link_and_keeps_what_it_was_scored_by(house: House) -> None:
    profiles = ScoringProfiles(house.database)
    made = await profiles.create(house.alice, draft())
    ident = await campaign_with(house, made.value, CampaignStatus.ARCHIVED)
    assert await profiles.delete(house.alice, made.value) == Written(made.value, 2)
    assert await house.events(1) == [ScoringProfileDeleted(profile_id=made.value, name="strict")]
    assert await house.count(ScoringProfileRow) == await house.count(ScoringVersionRow) == 0
    async with house.database.engines.reading() as session:
        config = await session.get_one(AnalysisConfigRow, ident)
        assert (config.profile_id, config.profile_version, config.scoring) == (None, 1, STRICT)


async def test_somebody_elses_profile_is_not_found_and_an_admin_may(house: House) -> None:
    profiles = ScoringProfiles(house.database)
    made = await profiles.create(house.alice, draft())
    with pytest.raises(NotFound) as refused:
        await profiles.update(house.bob, made.value, ScoringProfilePatch(name="mine"))
    assert refused.value.noun == "scoring profile"
    with pytest.raises(NotFound):
        await profiles.delete(house.bob, made.value)
    await profiles.update(house.admin, made.value, ScoringProfilePatch(name="admin's"))
    assert await house.owners_and_actors(1) == [(house.alice.id, "admin")]
    async with house.database.engines.reading() as session:
        assert await rows.newest(session, made.value, EVERYTHING) == (2, STRICT)


async def test_a_viewer_changes_nothing(house: House) -> None:
    profiles = ScoringProfiles(house.database)
    with pytest.raises(Forbidden):
        await profiles.create(house.viewer, draft())
    with pytest.raises(Forbidden):
        await profiles.update(house.viewer, new_id(), ScoringProfilePatch())
    with pytest.raises(Forbidden):
        await profiles.delete(house.viewer, new_id())
