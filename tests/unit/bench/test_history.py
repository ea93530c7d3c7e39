"""The judge finds every fault that there can be in a history, and nothing in one that has none."""

import random
from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.history import (
    Logged,
    Received,
    activity,
    campaign_events,
    domain_events,
    judge,
    owned_by,
    position_of,
    proxy_events,
    resource_events,
)
from events import cursor

CAMPAIGNS = UUID(int=1), UUID(int=2)
TYPES = {
    "CampaignStatusChanged": "CAMPAIGN",
    "CampaignProgress": "CAMPAIGN",
    "DomainsChanged": "CAMPAIGN",
    "CampaignDeleted": "CAMPAIGN",
    "PersonaUpdated": "PERSONA",
    "KeywordSetUpdated": "KEYWORD_SET",
    "ProxyChanged": "PROXY",
}
QUIET = {"CampaignProgress", "DomainsChanged"}
BEGIN = 7
FAR = 10_000
TAG = 5

Fault = Callable[[list[Received], int], list[Received]]


def row(position: int, kind: str, campaign: UUID = CAMPAIGNS[0]) -> Logged:
    entity = TYPES[kind]
    belongs = campaign if entity == "CAMPAIGN" else None
    owner = UUID(int=8 + position % 2)
    return Logged(position, kind, UUID(int=position), belongs, entity, kind not in QUIET, owner, tag=TAG)


def frame(position: int, kind: str, connection: int = 1, **more: object) -> Received:
    made = Received("one", connection, cursor.encode("0" * 12, position, TAG), kind)
    return msgspec.structs.replace(made, **more)


def told(rows: Sequence[Logged], begin: int = BEGIN) -> list[Received]:
    """A history without a fault, over ever more connections."""
    first = frame(begin, "ActivitySnapshot")
    return [first, *(frame(each.position, each.type, 1 + each.position // 5) for each in rows)]


def everything(_row: Logged) -> bool:
    return True


def drop(frames: list[Received], place: int) -> list[Received]:
    return frames[:place] + frames[place + 1 :]


def repeat(frames: list[Received], place: int) -> list[Received]:
    return [*frames[: place + 1], *frames[place:]]


def repeat_later(frames: list[Received], place: int) -> list[Received]:
    return [*frames, frames[place]]


def swap(frames: list[Received], place: int) -> list[Received]:
    return [*frames[:place], frames[-1], *frames[place + 1 : -1], frames[place]]


def forge_the_type(frames: list[Received], place: int) -> list[Received]:
    return [*frames[:place], msgspec.structs.replace(frames[place], type="PhaseFailed"), *frames[place + 1 :]]


def forge_the_place(frames: list[Received], place: int) -> list[Received]:
    return [*frames[:place], frame(FAR, frames[place].type), *frames[place + 1 :]]


def forge_the_tag(frames: list[Received], place: int) -> list[Received]:
    other = cursor.encode("0" * 12, position_of(frames[place].cursor), TAG + 1)
    return [*frames[:place], msgspec.structs.replace(frames[place], cursor=other), *frames[place + 1 :]]


def start_over(frames: list[Received], place: int) -> list[Received]:
    at = msgspec.structs.replace(frames[place], type="ActivitySnapshot", connection=999)
    return [*frames[: place + 1], at, *frames[place + 1 :]]


def reset(frames: list[Received], place: int) -> list[Received]:
    at = msgspec.structs.replace(frames[place], type="StreamReset", reset="RETENTION", connection=999)
    return [*frames[: place + 1], at, *frames[place + 1 :]]


FAULTS: dict[str, tuple[Fault, str]] = {
    "drop": (drop, "missing"),
    "repeat": (repeat, "duplicated"),
    "repeat later": (repeat_later, "duplicated"),
    "swap": (swap, "reordered"),
    "forge the type": (forge_the_type, "foreign"),
    "forge the place": (forge_the_place, "foreign"),
    "forge the tag": (forge_the_tag, "foreign"),
    "start over": (start_over, "restarts"),
    "reset": (reset, "resets"),
}
KINDS = st.lists(st.sampled_from(sorted(TYPES.keys() - {"CampaignProgress"})), min_size=3, max_size=30)


@given(kinds=KINDS)
def test_a_history_without_a_fault_is_clean(kinds: list[str]) -> None:
    log = [row(position, kind) for position, kind in enumerate(kinds, start=1)]
    verdict = judge(log, everything, told(log[BEGIN:]), len(log))
    assert verdict.clean
    assert (verdict.expected, verdict.received) == (len(log[BEGIN:]),) * 2


@pytest.mark.parametrize("fault", FAULTS)
@given(kinds=KINDS, chance=st.randoms(use_true_random=False))
def test_one_fault_is_found(fault: str, kinds: list[str], chance: random.Random) -> None:
    """Wherever it is, after the frame with which everything begins."""
    done, name = FAULTS[fault]
    log = [row(position, kind) for position, kind in enumerate(kinds, start=BEGIN + 1)]
    frames = told(log)
    verdict = judge(log, everything, done(frames, chance.randrange(1, len(frames) - 1)), FAR)
    assert not verdict.clean
    assert getattr(verdict, name), verdict


@given(kinds=KINDS, chance=st.randoms(use_true_random=False))
def test_an_event_of_another_stream_is_foreign(kinds: list[str], chance: random.Random) -> None:
    log = [row(position, kind) for position, kind in enumerate(kinds, start=BEGIN + 1)]
    other = chance.choice(log)
    verdict = judge(log, lambda each: each.position != other.position, told(log), BEGIN + len(log))
    assert verdict.foreign == (other.position,)


def test_what_the_log_has_after_the_end_is_not_asked_for() -> None:
    log = [row(position, "PersonaUpdated") for position in range(1, 5)]
    assert judge(log, everything, told(log[:2], begin=0), 2).clean
    assert judge(log, everything, told(log[:3], begin=0), 2).clean
    assert judge(log, everything, told(log[:2], begin=0), 3).missing == (3,)


def test_nothing_is_known_of_who_did_not_begin() -> None:
    log = [row(1, "PersonaUpdated")]
    assert not judge([], everything, [], 0).clean
    assert judge([], everything, [], 0, after=0).clean
    assert not judge(log, everything, told(log)[1:], 1).clean
    assert judge(log, everything, told(log)[1:], 1, after=0).clean
    assert judge(log, everything, told([]), 1, after=0).missing == (1,)


def test_what_the_snapshot_holds_is_not_told_again() -> None:
    log = [row(position, "PersonaUpdated") for position in range(1, 5)]
    assert judge(log, everything, told(log[1:], begin=2), 4).duplicated == (2,)


def test_the_law_begins_anew_after_a_reset() -> None:
    """What the log no longer held is not owed; what was between the snapshots is not told."""
    log = [row(position, "PersonaUpdated") for position in range(6, 9)]
    frames = [
        *told([row(1, "PersonaUpdated")], begin=0),
        frame(6, "StreamReset", 2, reset="RETENTION"),
        *told(log[1:])[1:],
    ]
    gone = [row(1, "PersonaUpdated"), *log]
    verdict = judge(gone, everything, frames, 8, resets_allowed=1)
    assert verdict.clean
    assert (verdict.resets, verdict.expected, verdict.connections) == (1, 3, 2)
    assert judge(gone, everything, [*frames[:-2], *frames[-1:]], 8, resets_allowed=1).missing == (7,)


def test_a_log_that_was_replaced_says_nothing_of_what_was_before() -> None:
    """Positions begin anew, and what was told of the other log has only to be in order."""
    log = [row(1, "PersonaUpdated"), row(2, "ProxyChanged")]
    before = [frame(0, "ActivitySnapshot"), frame(1, "KeywordSetUpdated"), frame(9, "KeywordSetUpdated")]
    after = [frame(1, "StreamReset", 2, reset="LOG_REPLACED"), frame(2, "ProxyChanged", 2)]
    assert judge(log, everything, [*before, *after], 2, resets_allowed=1).clean
    swapped = [before[0], before[2], before[1], *after]
    assert judge(log, everything, swapped, 2, resets_allowed=1).reordered == (1,)


@given(kept=st.lists(st.booleans(), min_size=1, max_size=20))
def test_what_was_left_out_is_at_least_what_the_frames_say(kept: list[bool]) -> None:
    """A frame may count what this subscriber has from elsewhere, but no more than there was."""
    kept = [*kept, True]
    log = [row(position, "CampaignProgress") for position in range(1, len(kept) + 1)]
    frames, skipped = [frame(0, "CampaignSnapshot")], 0
    for each, keep in zip(log, kept, strict=True):
        skipped += 1
        if keep:
            frames.append(frame(each.position, each.type, skipped=skipped - 1))
            skipped = 0
    verdict = judge(log, everything, frames, len(log))
    assert verdict.clean
    assert verdict.skipped == kept.count(False)
    said = frames[-1].skipped
    for lie, clean in ((said - 1, said == 0), (len(log) - 1, True), (len(log), False)):
        frames[-1] = msgspec.structs.replace(frames[-1], skipped=max(0, lie))
        assert judge(log, everything, frames, len(log)).clean == clean


def test_progress_that_never_comes_is_missing() -> None:
    log = [row(1, "CampaignProgress"), row(2, "CampaignProgress", CAMPAIGNS[1]), row(3, "CampaignProgress")]
    frames = [frame(0, "CampaignListSnapshot"), frame(3, "CampaignProgress", skipped=1)]
    assert judge(log, everything, frames, 3).missing == (2,)


def test_a_frame_after_the_end_tells_of_what_was_left_out_before_it() -> None:
    log = [row(position, "CampaignProgress") for position in (1, 2, 3)]
    for said, missing in ((2, ()), (1, (1,)), (0, (1, 2))):
        frames = [frame(0, "CampaignSnapshot"), frame(3, "CampaignProgress", skipped=said)]
        assert judge(log, everything, frames, 2).missing == missing
    begun = [frame(0, "CampaignSnapshot")]
    assert judge(log, everything, begun, 2).missing == (1, 2)


def test_batches_and_activities_are_told_under_other_names() -> None:
    log = [row(1, "DomainsChanged"), row(2, "PersonaUpdated")]
    frames = [frame(0, "DomainSnapshot"), frame(1, "DomainEventBatch"), frame(2, "ActivityAdded")]
    assert judge(log, everything, frames, 2).clean
    assert judge(log, everything, [*frames[:2], frame(2, "PERSONA_UPDATED")], 2).clean
    swapped = [frames[0], frame(1, "ActivityAdded"), frame(2, "DomainEventBatch")]
    assert judge(log, everything, swapped, 2).foreign == (1, 2)


def test_which_rows_belong_to_which_stream() -> None:
    log = [row(position, kind) for position, kind in enumerate(TYPES, start=1)]
    log.append(row(8, "CampaignProgress", CAMPAIGNS[1]))

    def of(concerns: Callable[[Logged], bool]) -> list[int]:
        return [each.position for each in log if concerns(each)]

    assert of(activity()) == [1, 4, 5, 6, 7]
    assert of(activity(CAMPAIGNS[0])) == [1, 4]
    assert of(activity(kinds={"PersonaUpdated", "CampaignProgress"})) == [5]
    assert of(resource_events({"PERSONA", "KEYWORD_SET"})) == [5, 6]
    assert of(campaign_events(CAMPAIGNS[0])) == [1, 2, 4]
    assert of(campaign_events(CAMPAIGNS[1])) == [8]
    assert of(domain_events(CAMPAIGNS[0])) == [3, 4]
    assert of(proxy_events()) == [7]
    assert of(owned_by(UUID(int=9), activity())) == [1, 5, 7]
