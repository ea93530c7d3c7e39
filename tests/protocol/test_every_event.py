"""Every event of the schema arrives over a real socket, caused by what causes it in the product.

One performance (`tests/protocol/opera.py`) is heard by all tests here. They are parametrized by the schema itself,
so a union that gets a member, or the feed a kind, that the performance does not bring about, fails.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from itertools import pairwise

import pytest
import pytest_asyncio

from events import cursor
from graph.enums import ActivityKind, ResetReason
from tests.protocol.audience import STREAMS, Json, union_of
from tests.protocol.bare import Told, over_a_socket, over_events
from tests.protocol.opera import TOKEN, Opera, playing
from vocabulary.campaigns import PhaseKind

MEMBERS = [(field, member.name) for field in STREAMS for member in union_of(field).types]
REASONS = [(field, reason.value) for field in STREAMS for reason in ResetReason]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opera(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Opera]:
    async with playing(tmp_path_factory.mktemp("opera")) as opera:
        await opera.play()
        yield opera


def of_type(opera: Opera, field: str, name: str) -> list[Json]:
    return [frame for frame in opera.heard[field] if frame["__typename"] == name]


@pytest.mark.parametrize(("field", "member"), MEMBERS)
def test_arrives(opera: Opera, field: str, member: str) -> None:
    """With all its fields: the client selects everything, and a frame with an error fails it."""
    frames = of_type(opera, field, member)
    assert frames
    assert all(frame["cursor"] for frame in frames)


@pytest.mark.parametrize("kind", list(ActivityKind), ids=lambda kind: kind.name)
def test_is_in_the_feed(opera: Opera, kind: ActivityKind) -> None:
    found = [
        frame["activity"]
        for frame in of_type(opera, "activity", "ActivityAdded")
        if frame["activity"]["kind"] == kind.name
    ]
    assert found
    assert all(one["detail"]["type"] == kind.value and one["summary"] for one in found)


@pytest.mark.parametrize(("field", "reason"), REASONS)
def test_a_stream_that_cannot_go_on_is_reset(opera: Opera, field: str, reason: str) -> None:
    (reset,) = [one for one in of_type(opera, field, "StreamReset") if one["reason"] == reason]
    union = union_of(field)
    assert reset["snapshot"]["__typename"] == union.types[0].name


def test_every_stream_is_in_the_order_of_the_log(opera: Opera) -> None:
    for following in opera.audience.followings.values():
        positions = [cursor.decode(frame["cursor"]).position for frame in following.frames]
        assert all(before < after for before, after in pairwise(positions)), following.field


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("way", [over_a_socket, over_events], ids=["socket", "events"])
@pytest.mark.parametrize("field", STREAMS)
async def test_every_frame_has_its_cursor_whatever_is_selected(
    opera: Opera, field: str, way: Callable[..., AsyncGenerator[Told, None]]
) -> None:
    """Snapshot, reset and events: the places are those that a client had who selected them."""
    known = [one for one in opera.audience.followings.values() if one.field == field]
    *_, replaced = [one for one in known if one.types[0] == "StreamReset"]
    longest = max((one for one in known if "maxRate" not in one.given), key=lambda one: len(one.frames))
    begun, *frames = [frame["cursor"] for frame in longest.frames]

    def frames_after(given: Json, after: str | None) -> AsyncGenerator[Told, None]:
        return way(opera.client, opera.api.url, TOKEN, field, {**given, "after": after})

    (kind, place), *_ = await _until(frames_after(replaced.given, None))
    assert kind == union_of(field).types[0].name
    assert cursor.decode(place).position >= cursor.decode(replaced.frames[0]["cursor"]).position
    (kind, _), *_ = await _until(frames_after(replaced.given, replaced.given["after"]))
    assert kind == "StreamReset"
    places = [place for _, place in await _until(frames_after(longest.given, begun), frames[-1])]
    # A list tells how a campaign is now, and there is less to tell of what is long past.
    assert places == ([one for one in frames if one in places] if field == "campaignList" else frames)


async def _until(told: AsyncGenerator[Told, None], place: str | None = None) -> list[Told]:
    """What comes up to that place, or the first if none is given."""
    found = []
    async with aclosing(told):
        async for one in told:
            found.append(one)
            if place in (None, one[1]):
                return found
    raise AssertionError(f"It ended with {found[-1:]}.")


def test_the_last_progress_comes_before_an_end_and_has_its_counts(opera: Opera) -> None:
    ends = {"PhaseCompleted", "PhaseFailed", "PhaseCancelled", "PhasePaused", "PhaseReset", "PhaseSkipped"}
    pairs = [
        (before, after)
        for following in opera.audience.followings.values()
        for before, after in pairwise(following.frames)
        if after["__typename"] in ends and before["__typename"] != "CampaignSnapshot"
    ]
    assert {after["__typename"] for _, after in pairs} == ends
    for before, after in pairs:
        assert (before["__typename"], before["phase"]) == ("CampaignProgress", after["phase"])
        assert before["counts"] == after["counts"]


def test_who_is_seldom_told_progress_is_told_everything_else(opera: Opera) -> None:
    """Three campaigns, one of which is completed, one cancelled and one failed."""
    ends = {"COMPLETED", "CANCELLED", "FAILED"}
    assert {one["current"] for _, seldom in opera.seldom for one in seldom.frames if "current" in one} > ends
    for following in opera.seldom:
        every, seldom = [[frame for frame in one.frames if not _moves(frame)] for one in following]
        assert every == seldom


def test_who_is_seldom_told_progress_is_told_how_much_was_left_out(opera: Opera) -> None:
    for every, seldom in opera.seldom:
        told = [frame["skipped"] for frame in seldom.frames if _moves(frame)]
        assert len(told) + sum(told) == len([frame for frame in every.frames if _moves(frame)])
        # Besides those that came right before something else.
        alone = [one for one, after in pairwise(seldom.frames) if _moves(one) and _moves(after)]
        assert len(alone) <= 1 + opera.seconds / 10


def _moves(frame: Json) -> bool:
    return bool(frame["__typename"] == "CampaignProgress")


def test_a_deleted_campaigns_stream_is_complete(opera: Opera) -> None:
    assert opera.deleted.complete
    assert opera.deleted.types[-1] == "CampaignDeleted"


def test_whoever_came_before_the_campaign_sees_its_whole_life(opera: Opera) -> None:
    """Phases overlap, so between the start and the end only what happens to each of them is in order."""
    life = [frame for frame in opera.deleted.frames if frame["__typename"] != "CampaignProgress"]
    types = [frame["__typename"] for frame in life]
    assert types[:6] == [
        "CampaignCreated",
        "CampaignUpdated",
        "PhaseConfigured",
        "ModeChanged",
        "CampaignUpdated",
        "CampaignStatusChanged",
    ]
    assert types[-2:] == ["CampaignStatusChanged", "CampaignDeleted"]
    once = ["PhaseAutoStarted", "PhaseCompleted"]
    assert {
        phase.value: [frame["__typename"] for frame in life if frame.get("phase") == phase.value]
        for phase in PhaseKind
    } == {
        "DOMAIN_GENERATION": ["PhaseStarted", "PhaseCompleted"],
        "DNS_VALIDATION": once,
        "HTTP_KEYWORD_VALIDATION": ["PhaseConfigured", *once],
        "EXTRACTION": once,
        "ANALYSIS": [*once, "PhaseStarted", "PhaseCompleted"],
        "ENRICHMENT": [*once, "PhaseReset", *once],
    }


def test_domains_are_told_of_batch_by_batch(opera: Opera) -> None:
    batches = of_type(opera, "domainEvents", "DomainEventBatch")
    assert {batch["kind"] for batch in batches} == {
        "GENERATED",
        "RESOLVED",
        "FETCHED",
        "EXTRACTED",
        "ANALYZED",
        "ENRICHED",
    }
    generated = [one["name"] for batch in batches for one in batch["generated"]]
    resolved = [one["name"] for batch in batches if batch["kind"] == "RESOLVED" for one in batch["changed"]]
    assert len(generated) == len(set(generated))
    assert sorted(generated) == sorted(resolved)
    assert all(len(batch["generated"]) + len(batch["changed"]) <= 100 for batch in batches)


def test_who_puts_and_drops_as_the_list_says_has_the_list(opera: Opera) -> None:
    snapshot, *events = opera.campaigns.frames
    known = {one["id"]: one for one in snapshot["campaigns"]}
    for event in events:
        if event["__typename"] == "CampaignRemoved":
            known.pop(event["campaignId"], None)
        else:
            known[event["campaign"]["id"]] = event["campaign"]
    assert sorted((one["name"], one["status"]) for one in known.values()) == [
        ("cancelled", "CANCELLED"),
        ("failed", "FAILED"),
        ("reset", "DRAFT"),
    ]


def test_an_admin_sees_what_the_process_counted_of_all_this(opera: Opera) -> None:
    stats = opera.stats
    assert (stats["clients"], stats["lag"]) == (1, "0")
    assert [one["field"] for one in stats["fields"]] == sorted(STREAMS)
    heard = sum(len(frames) for frames in opera.heard.values())
    assert 0 < int(stats["delivered"]) <= heard
    assert 0 < int(stats["published"]) <= int(stats["position"])
    assert stats["subscriptions"] == sum(one["subscriptions"] for one in stats["fields"]) > 0
