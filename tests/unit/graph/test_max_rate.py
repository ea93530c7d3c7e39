"""`maxRate`: what it may be, who shares, and that nothing but progress is left out whatever it is."""

from itertools import pairwise
from typing import Any

import pytest

from events import cursor
from tests.fakes.stage import Frame, Stage, Watcher
from tests.unit.graph.test_campaign_streams import LIST, ListView
from tests.unit.graph.test_replay_equals_snapshot import CAMPAIGN, LIVES, CampaignView, Hunt
from vocabulary.operations import Rejected

SELDOM = 0.001
PROGRESS = "CampaignProgress"


def rated(query: str) -> str:
    """The same subscription with a rate, and with what was left out."""
    query = query.replace("$after: Cursor)", "$after: Cursor, $rate: Float)")
    query = query.replace("after: $after)", "after: $after, maxRate: $rate)")
    query = query.replace("... on CampaignChanged {", "... on CampaignChanged { skipped")
    return query.replace("... on CampaignProgress {", "... on CampaignProgress { skipped")


@pytest.fixture
async def hunt(stage: Stage) -> Hunt:
    hunt = Hunt(stage)
    await hunt.make()
    return hunt


async def live(hunt: Hunt, life: str) -> None:
    for verb in LIVES[life].split():
        hunt.later()
        await getattr(hunt, verb)()


async def watch(stage: Stage, hunt: Hunt, rate: float | None, **given: object) -> Watcher:
    return await stage.watch(hunt.alice, rated(CAMPAIGN), id=hunt.id, rate=rate, **given)


async def fresh(stage: Stage, hunt: Hunt, query: str, **variables: object) -> Frame:
    watcher = await stage.watch(hunt.alice, query, **variables)
    frame = await watcher.next()
    watcher.leave()
    return frame


def but_progress(frames: list[Frame]) -> list[Frame]:
    return [frame for frame in frames if frame["__typename"] != PROGRESS]


@pytest.mark.parametrize("life", ["to the end", "with pauses", "a shard fails"])
async def test_only_progress_is_left_out_and_never_the_last(stage: Stage, hunt: Hunt, life: str) -> None:
    opened = await fresh(stage, hunt, CAMPAIGN, id=hunt.id)
    start = await stage.cursor_of(await stage.head())
    watchers = [await watch(stage, hunt, rate, after=start) for rate in (None, SELDOM)]
    await live(hunt, life)
    # Those who come later read it in the log.
    watchers += [await watch(stage, hunt, rate, after=start) for rate in (None, SELDOM)]
    every, seldom, later_every, later_seldom = [await one.until(await stage.head()) for one in watchers]
    assert every == later_every
    now = (await fresh(stage, hunt, CAMPAIGN, id=hunt.id))["campaign"]
    for frames in (seldom, later_seldom):
        assert but_progress(frames) == but_progress(every)
        _has_the_last_before_each_end(frames)
        _says_what_was_left_out(frames, every)
        view = CampaignView(opened)
        for frame in frames:
            view.apply(frame)
        assert view.snapshot() == now


def _has_the_last_before_each_end(frames: list[Frame]) -> None:
    for last, end in pairwise(frames):
        if end["__typename"] in {"PhaseCompleted", "PhaseFailed", "PhasePaused"}:
            assert (last["__typename"], last["counts"]) == (PROGRESS, end["counts"])


def _says_what_was_left_out(frames: list[Frame], every: list[Frame]) -> None:
    told = [frame["skipped"] for frame in frames if frame["__typename"] == PROGRESS]
    assert len(told) + sum(told) == len(every) - len(but_progress(every))
    assert {frame["skipped"] for frame in every if frame["__typename"] == PROGRESS} == {0}


@pytest.mark.parametrize("life", ["to the end", "it cannot go on"])
async def test_a_list_comes_to_be_the_list_of_now(stage: Stage, hunt: Hunt, life: str) -> None:
    filters: list[dict[str, Any]] = [{}, {"statuses": ["RUNNING"]}, {"phase": "DNS_VALIDATION"}]
    watchers = [await stage.watch(hunt.alice, rated(LIST), filter=wanted, rate=SELDOM) for wanted in filters]
    views = [ListView(await watcher.next()) for watcher in watchers]
    await live(hunt, life)
    for wanted, watcher, view in zip(filters, watchers, views, strict=True):
        now = (await fresh(stage, hunt, LIST, filter=wanted))["campaigns"]
        while view.snapshot() != now:
            view.apply(await watcher.next())


async def test_a_list_says_how_much_of_its_progress_was_left_out(stage: Stage, hunt: Hunt) -> None:
    start = await stage.cursor_of(await stage.head())
    await live(hunt, "to the end")
    frames = [
        await (await stage.watch(hunt.alice, rated(LIST), after=start, rate=rate)).until(await stage.head())
        for rate in (None, SELDOM)
    ]
    every, seldom = [[one for one in each if one["__typename"] == "CampaignChanged"] for each in frames]
    left_out = len(every) - len(seldom)
    assert 0 < left_out == sum(frame["skipped"] for frame in seldom)
    assert {frame["skipped"] for frame in every} == {0}


async def test_what_is_no_rate_is_refused(stage: Stage, hunt: Hunt) -> None:
    for query, given in ((rated(CAMPAIGN), {"id": hunt.id}), (rated(LIST), {})):
        for rate in (0, -1, 4.001, 0.0009, 1e308):
            with pytest.raises(Rejected) as refusal:
                await stage.subscribe(hunt.alice, query, **given, rate=rate)
            (error,) = refusal.value.errors
            assert error["extensions"] == {"code": "VALIDATION_FAILED"}
            assert error["message"] == (
                "`maxRate` is from 0.001 to 4 a second; leave it out to be told of all progress."
            )


async def test_a_rate_and_none_are_taken(stage: Stage, hunt: Hunt) -> None:
    for rate in (None, 0.001, 1, 4):
        stream = await stage.subscribe(hunt.alice, rated(CAMPAIGN), id=hunt.id, rate=rate)
        assert stream.max_rate == rate


async def test_who_asks_for_the_same_rate_shares_and_nobody_else(stage: Stage, hunt: Hunt) -> None:
    """A group has one rate, so it must be part of what makes two subscriptions equal."""
    literal = "subscription ($id: ID!) { campaignEvents(campaignId: $id, maxRate: %s) { __typename } }"
    by_default = literal.replace("$id: ID!", "$id: ID!, $r: Float = %s").replace("maxRate: %s", "maxRate: $r")
    asked: list[tuple[str, dict[str, object]]] = [
        (rated(CAMPAIGN), {"rate": None}),
        (rated(CAMPAIGN), {"rate": 1}),
        (rated(CAMPAIGN), {"rate": 2}),
        (literal % 1, {}),
        (literal % 2, {}),
        (by_default % 1, {}),
        (by_default % 2, {}),
    ]
    keys = [(await stage.subscribe(hunt.alice, query, id=hunt.id, **given)).key for query, given in asked]
    again = [(await stage.subscribe(hunt.alice, query, id=hunt.id, **given)).key for query, given in asked]
    assert keys == again
    assert len(set(keys)) == len(asked)


async def test_resuming_with_a_rate_has_nothing_twice(stage: Stage, hunt: Hunt) -> None:
    """Each frame's cursor is a place to go on from, and what comes is the rest of it."""
    start = await stage.cursor_of(await stage.head())
    await live(hunt, "to the end")
    last = await stage.head()
    frames = await (await watch(stage, hunt, SELDOM, after=start)).until(last)
    for number, frame in enumerate(frames[:-1]):
        rest = await (await watch(stage, hunt, SELDOM, after=frame["cursor"])).until(last)
        places = [cursor.decode(one["cursor"]).position for one in rest]
        assert places == [cursor.decode(one["cursor"]).position for one in frames[number + 1 :]]
