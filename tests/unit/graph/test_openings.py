"""A further subscription: nothing is built for it again, and it is authorised as the first one was."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.errors import Unavailable
from graph import node_ids, openings
from graph.core_execution import compiled
from graph.enums import ResetReason
from graph.followed import Followed
from graph.loaders import Loaders
from graph.reading import Reading
from graph.streams.campaigns import CampaignSource
from services.pools import PoolDraft
from tests.fakes.stage import Stage, cursor_at, open_stage
from tests.unit.graph.test_streams import Scene
from vocabulary.operations import Rejected

CAMPAIGN = """subscription ($id: ID!, $after: Cursor) {
  campaignEvents(campaignId: $id, after: $after) { __typename }
}"""
DOMAINS = CAMPAIGN.replace("campaignEvents", "domainEvents")
POOL = "subscription ($id: ID!) { proxyEvents(poolId: $id) { __typename } }"
SETTINGS = "subscription { resourceEvents(kinds: [SETTINGS]) { __typename } }"
ACTIVITY = "subscription ($after: Cursor) { activity(after: $after) { __typename } }"
MANY = 30


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was built: the field of each executor."""
    fields: list[str] = []

    def counted(plan: Any, *rest: Any) -> Any:
        fields.append(plan.field)
        return compiled(plan, *rest)

    monkeypatch.setattr(openings, "compiled", counted)
    return fields


async def refusal(stage: Stage, caller: Any, query: str, **variables: object) -> dict[str, Any]:
    with pytest.raises(Rejected) as refused:
        await stage.subscribe(caller, query, **variables)
    (error,) = refused.value.errors
    return error


def begins(followed: Followed) -> tuple[int | None, object]:
    return followed.after, followed.opening


async def test_all_that_come_at_once_are_one_statement_and_one_executor(
    stage: Stage, built: list[str]
) -> None:
    scene = await Scene.of(stage, stage.house.alice)
    first = await stage.subscribe(stage.house.alice, CAMPAIGN, id=scene.id)
    before = stage.engines.statements
    others = await asyncio.gather(
        *(stage.subscribe(stage.house.alice, CAMPAIGN, id=scene.id) for _ in range(MANY))
    )
    # The first who asks asks alone, and the next one for all others.
    assert stage.engines.statements - before == 2
    assert built == ["campaignEvents"]
    assert {each.key for each in others} == {first.key}


async def test_everybody_is_authorised_though_another_has_prepared_it(stage: Stage) -> None:
    house = stage.house
    scene = await Scene.of(stage, house.alice)
    pool = (await stage.services.pools.create(house.alice, PoolDraft("pool"))).value
    asked: list[tuple[str, dict[str, object]]] = [
        (CAMPAIGN, {"id": scene.id}),
        (DOMAINS, {"id": scene.id}),
        (POOL, {"id": node_ids.encode("ProxyPool", pool)}),
    ]
    for query, variables in asked:
        kept = [await stage.subscribe(caller, query, **variables) for caller in (house.alice, house.admin)]
        assert kept
        error = await refusal(stage, house.bob, query, **variables)
        assert error["extensions"]["code"] == "NOT_FOUND"
        # In the same moment as those who may, too.
        found = await asyncio.gather(
            *(stage.subscribe(each, query, **variables) for each in (house.alice, house.bob, house.admin)),
            return_exceptions=True,
        )
        assert [isinstance(each, Rejected) for each in found] == [False, True, False]
    followed = await stage.subscribe(house.admin, SETTINGS)
    assert (await refusal(stage, house.alice, SETTINGS))["extensions"]["code"] == "FORBIDDEN"
    assert followed.field == "resourceEvents"


async def test_who_comes_after_the_end_is_refused_while_others_still_follow(stage: Stage) -> None:
    scene = await Scene.of(stage, stage.house.alice)
    kept = await stage.subscribe(stage.house.alice, CAMPAIGN, id=scene.id)
    await scene.delete()
    error = await refusal(stage, stage.house.alice, CAMPAIGN, id=scene.id)
    assert error["extensions"]["code"] == "NOT_FOUND"
    assert kept.after is None


async def test_a_refusal_is_told_where_it_stands_in_ones_own_document(stage: Stage) -> None:
    """The first one refused was not prepared by anybody, the second one is of another document than what was."""
    scene, house = await Scene.of(stage, stage.house.alice), stage.house
    other = "\n\n  " + CAMPAIGN
    first = await refusal(stage, house.bob, CAMPAIGN, id=scene.id)
    kept = [await stage.subscribe(house.alice, query, id=scene.id) for query in (CAMPAIGN, other)]
    assert await refusal(stage, house.bob, CAMPAIGN, id=scene.id) == first
    second = await refusal(stage, house.bob, other, id=scene.id)
    assert kept[0].key == kept[1].key
    assert first["path"] == second["path"] == ["campaignEvents"]
    assert [first["locations"][0]["line"], second["locations"][0]["line"]] == [2, 4]


@pytest.mark.parametrize(
    "declared", ["Cursor", "Cursor!", f'Cursor = "{cursor_at(0)}"'], ids=["optional", "needed", "default"]
)
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"after": None},
        {"after": cursor_at(0)},
        {"after": cursor_at(0, "0" * 12)},
        {"after": 1},
        {"after": "?"},
    ],
    ids=["no", "null", "known", "unknown", "number", "bad"],
)
async def test_where_it_goes_on_is_read_as_graphql_core_reads_it(
    stage: Stage, declared: str, given: dict[str, object]
) -> None:
    query = ACTIVITY.replace("Cursor", declared)

    async def opened() -> object:
        try:
            return begins(await stage.subscribe(stage.house.alice, query, **given))
        except Rejected as refused:
            return msgspec.json.encode(refused.errors)

    alone = await opened()
    kept = await stage.subscribe(stage.house.alice, query, after=cursor_at(0))
    assert kept.after == 0
    assert await opened() == alone


async def test_a_further_one_goes_on_from_its_own_place(stage: Stage, built: list[str]) -> None:
    scene = await Scene.of(stage, stage.house.alice)
    head = await scene.rename("one", "two", "three")
    kept = [
        await stage.subscribe(stage.house.alice, CAMPAIGN, id=scene.id, after=await stage.cursor_of(place))
        for place in range(head - 2, head + 1)
    ]
    last = await stage.subscribe(stage.house.alice, CAMPAIGN, await stage.cursor_of(head), id=scene.id)
    assert [each.after for each in (*kept, last)] == [head - 2, head - 1, head, head]
    assert built == ["campaignEvents"]


async def test_places_behind_the_window_are_known_in_the_same_snapshot(stage: Stage, tmp_path: Path) -> None:
    scene = await Scene.of(stage, stage.house.alice)
    head = await scene.rename(*(str(number) for number in range(20)))
    # As in a process that has come after all that.
    async with open_stage(stage.house, tmp_path / "again.key", window_events=2) as again:
        assert again.hub.since > 3
        places = [await stage.cursor_of(place) for place in (1, 2, head)]
        other_past = cursor_at(1, "f" * 12)
        opened = await asyncio.gather(
            *(
                again.subscribe(stage.house.alice, CAMPAIGN, id=scene.id, after=place)
                for place in [*places, other_past]
            )
        )
        assert [each.after for each in opened] == [1, 2, head, None]
        assert opened[-1].opening is ResetReason.LOG_REPLACED


async def test_a_defect_that_one_meets_is_not_the_end_of_the_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes = [await Scene.of(stage, stage.house.alice, name) for name in ("one", "two", "three")]
    real = CampaignSource.authorise

    async def authorise(self: CampaignSource, context: Any) -> None:
        if self.campaign_id == scenes[1].key:
            await context.reading.run(_broken)
        await real(self, context)

    monkeypatch.setattr(CampaignSource, "authorise", authorise)
    found = await asyncio.gather(
        *(stage.subscribe(stage.house.alice, CAMPAIGN, id=each.id) for each in [*scenes, *scenes]),
        return_exceptions=True,
    )
    assert [isinstance(each, Rejected) for each in found] == [False, True, False] * 2


async def _broken(_session: object) -> None:
    raise ZeroDivisionError


async def test_an_outage_is_that_of_all_and_then_over(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Scene.of(stage, stage.house.alice)

    async def fail(*_args: object, **_rest: object) -> None:
        raise Unavailable("gone")

    def opening() -> list[Any]:
        return [stage.subscribe(stage.house.alice, CAMPAIGN, id=scene.id) for _ in range(MANY)]

    with monkeypatch.context() as patch:
        for way in ("run", "look"):
            patch.setattr(Reading, way, fail)
        found = await asyncio.gather(*opening(), return_exceptions=True)
        assert all(isinstance(each, Unavailable) for each in found)
    assert len({each.key for each in await asyncio.gather(*opening())}) == 1


async def test_one_that_is_cancelled_takes_nothing_from_the_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await Scene.of(stage, stage.house.alice)
    asking, go = asyncio.Event(), asyncio.Event()
    real: Callable[..., Any] = CampaignSource.authorise

    async def authorise(self: CampaignSource, context: Any) -> None:
        asking.set()
        await go.wait()
        await real(self, context)

    monkeypatch.setattr(CampaignSource, "authorise", authorise)
    async with asyncio.TaskGroup() as tasks:
        first, *others = [
            tasks.create_task(stage.subscribe(stage.house.alice, CAMPAIGN, id=scene.id)) for _ in range(MANY)
        ]
        await asking.wait()
        first.cancel()
        await asyncio.wait([first])
        go.set()
    assert first.cancelled()
    assert len({each.result().key for each in others}) == 1


async def test_what_one_may_see_is_read_for_that_one(stage: Stage) -> None:
    """Two with different eyes never share what a loader has found."""
    scene, house = await Scene.of(stage, stage.house.alice), stage.house
    loaders: list[Loaders] = []
    real = CampaignSource.authorise

    async def authorise(self: CampaignSource, context: Any) -> None:
        loaders.append(context.loaders)
        await real(self, context)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CampaignSource, "authorise", authorise)
        await asyncio.gather(
            *(
                stage.subscribe(each, CAMPAIGN, id=scene.id)
                for each in (house.alice, house.alice, house.bob, house.alice, house.admin)
            ),
            return_exceptions=True,
        )
    # The first asked alone; then alice, bob, alice and the admin together.
    assert loaders[1] is loaders[3]
    assert len({id(each) for each in loaders}) == 4
