"""Groups: no gap and no duplicate, one execution for all, and no task left behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live.commons import GroupLimits
from live.groups import Groups
from live.operations import Rejected
from tests.fakes.hub import FakeHub
from tests.fakes.streams import CountingMeter, FakeStream, Reader
from tests.integration.waiting import until


class House:
    """A hub and the groups that follow it."""

    def __init__(self, head: int = 0, limits: GroupLimits | None = None) -> None:
        self.hub = FakeHub(head)
        self.meter = CountingMeter()
        self.groups = Groups(self.hub, self.meter, limits or GroupLimits(retry_seconds=0.001))

    def stream(self, topic: str = "a", *, after: int | None = None, key: str | None = None) -> FakeStream:
        return FakeStream(self.hub, topic, after=after, key=key)

    def join(self, topic: str = "a", *, after: int | None = None) -> Reader:
        return Reader(self.groups, self.stream(topic, after=after))


@asynccontextmanager
async def opened(head: int = 0, limits: GroupLimits | None = None) -> AsyncIterator[House]:
    house = House(head, limits)
    try:
        yield house
    finally:
        await house.groups.close()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with opened() as house:
        yield house


class TestJoining:
    async def test_a_new_stream_opens_with_its_snapshot_and_deltas_follow(self, house: House) -> None:
        house.hub.publish("a", "a")
        reader = house.join()
        await reader.until(2)
        house.hub.publish("a", "b", "a")
        await reader.until(3, 5)
        assert reader.seen == [("snapshot", 2), ("event", 3), ("event", 5)]

    async def test_a_snapshot_ahead_of_the_hub_hides_what_it_already_shows(self, house: House) -> None:
        house.hub.commit("a", "a")
        reader = house.join()
        await reader.until(2)
        house.hub.publish("a")
        await reader.until(3)
        assert reader.seen == [("snapshot", 2), ("event", 3)]

    async def test_a_cursor_ahead_of_the_hub_waits_for_what_follows_it(self, house: House) -> None:
        house.hub.commit("a", "a")
        reader = house.join(after=2)
        house.hub.publish("a")
        await reader.until(3)
        assert reader.positions == [3]

    async def test_a_cursor_behind_replays_and_goes_live(self, house: House) -> None:
        house.hub.publish("a", "b", "a", "a")
        reader = house.join(after=1)
        await reader.until(3, 4)
        house.hub.publish("a")
        await reader.until(5)
        assert reader.positions == [3, 4, 5]

    async def test_a_cursor_behind_retention_gets_one_reset_and_goes_live(self, house: House) -> None:
        house.hub.publish("a", "a", "a")
        house.hub.prune(2)
        reader = house.join(after=1)
        await reader.until(3)
        house.hub.publish("a")
        await reader.until(4)
        assert reader.seen == [("reset", 3), ("event", 4)]
        assert house.meter.counts["resets"] == 1

    async def test_nothing_is_fetched_before_somebody_takes(self, house: House) -> None:
        house.hub.publish("a")
        house.join(after=0)
        assert house.hub.reads == []


class TestSilence:
    """An event that matches may turn out, when it is rendered, to say nothing to the stream."""

    async def test_live_it_is_passed_over(self, house: House) -> None:
        stream = house.stream()
        stream.silent = {1, 3}
        reader = Reader(house.groups, stream)
        await reader.until(0)
        house.hub.publish("a", "a", "a", "a")
        await reader.until(2, 4)
        assert reader.seen == [("snapshot", 0), ("event", 2), ("event", 4)]

    async def test_in_a_replay_it_is_passed_over(self, house: House) -> None:
        house.hub.publish("a", "a", "a", "a")
        stream = house.stream(after=0)
        stream.silent = {1, 4}
        reader = Reader(house.groups, stream)
        await reader.until(2, 3)
        house.hub.publish("a")
        await reader.until(5)
        assert reader.seen == [("event", 2), ("event", 3), ("event", 5)]

    async def test_a_page_without_a_frame_is_not_the_end(self, house: House) -> None:
        house.hub.publish("a", "a")
        stream = house.stream(after=0)
        stream.silent = {1, 2}
        reader = Reader(house.groups, stream)
        house.hub.publish("a")
        await reader.until(3)
        assert reader.seen == [("event", 3)]


class TestSharing:
    async def test_equal_streams_are_rendered_once(self, house: House) -> None:
        stream = house.stream(after=0)
        readers = [Reader(house.groups, stream), *(house.join(after=0) for _ in range(9))]
        house.hub.publish("a", "a")
        for reader in readers:
            await reader.until(1, 2)
        assert stream.renders == [1, 2]
        assert len(house.groups) == 1

    async def test_frames_are_the_same_bytes(self, house: House) -> None:
        first, second = house.join(after=0), house.join(after=0)
        house.hub.publish("a")
        await until(lambda: first.calls == 1)
        assert first.member.take(1)[0].frame is second.member.take(1)[0].frame

    async def test_other_keys_are_other_groups(self, house: House) -> None:
        house.join("a")
        house.join("b")
        assert len(house.groups) == 2

    async def test_members_at_one_place_share_a_page_of_the_log(self, house: House) -> None:
        house.hub.publish("a", "a")
        readers = [house.join(after=0) for _ in range(20)]
        for reader in readers:
            reader.read()
        for reader in readers:
            await reader.until(1, 2)
        assert house.hub.reads == [0]

    async def test_an_event_that_does_not_match_wakes_nobody(self, house: House) -> None:
        reader, other = house.join("a", after=0), house.join("b", after=0)
        house.hub.publish("b")
        await other.until(1)
        assert reader.calls == 0
        house.hub.publish("a")
        await reader.until(2)
        assert reader.positions == [2]
        assert reader.calls == 1


class TestLag:
    async def test_a_member_below_the_window_reads_the_log_without_loss(self) -> None:
        async with opened(limits=GroupLimits(frames=2, page=3)) as house:
            slow, fast = house.join(after=0), house.join(after=0)
            for position in range(1, 21):
                house.hub.publish("a")
                await fast.until(position)
            await slow.until(20)
            assert slow.positions == list(range(1, 21))

    async def test_the_window_is_bounded_in_bytes(self) -> None:
        async with opened(limits=GroupLimits(bytes=50)) as house:
            slow, fast = house.join(after=0), house.join(after=0)
            for position in range(1, 11):
                house.hub.publish("a")
                await fast.until(position)
            assert repr(fast.member.source.window) == "<FrameWindow 2 frames, 41 bytes above 8>"
            await slow.until(10)
            assert slow.positions == list(range(1, 11))

    async def test_a_group_behind_retention_resets_its_members(self, house: House) -> None:
        reader = house.join(after=0)
        house.hub.commit("a", "a", "a")
        house.hub.prune(3)
        house.hub.hear()
        await reader.until(3)
        assert reader.seen == [("reset", 3)]

    async def test_a_small_appetite_is_served_in_order(self, house: House) -> None:
        house.hub.publish(*"aaaaa")
        reader = house.join(after=0)
        reader.read()
        await until(lambda: reader.calls > 0)
        while len(reader.seen) < 5:
            reader.read(limit=2)
            assert reader.member.more is (len(reader.seen) < 5)
        assert reader.positions == [1, 2, 3, 4, 5]


class TestEnding:
    async def test_a_last_frame_finishes_the_member(self, house: House) -> None:
        reader = house.join(after=0)
        house.hub.publish("a", "a!", "a")
        await reader.until(1, 2)
        reader.read()
        assert reader.member.finished
        assert reader.positions == [1, 2]

    async def test_the_last_member_ends_the_group(self, house: House) -> None:
        first, second = house.join(), house.join()
        await first.until(0)
        house.groups.leave(first.member)
        assert len(house.groups) == 1
        house.groups.leave(second.member)
        house.groups.leave(second.member)
        assert repr(house.groups) == "<Groups 0 groups, 0 members>"
        await until(lambda: len(house.groups.owner) == 0)
        assert house.meter.counts == {"subscriptions": 0, "groups": 0}

    async def test_leaving_cancels_what_is_being_fetched(self, house: House) -> None:
        stream = house.stream()
        stream.gate.clear()
        reader = Reader(house.groups, stream)
        reader.read()
        assert len(house.groups.owner) == 3
        house.groups.leave(reader.member)
        await until(lambda: len(house.groups.owner) == 0)
        assert reader.calls == 0

    async def test_whoever_comes_after_the_last_begins_anew(self, house: House) -> None:
        house.groups.leave(house.join().member)
        reader = house.join()
        await reader.until(0)
        assert reader.seen == [("snapshot", 0)]

    async def test_closing_dismisses_members_and_awaits_all(self, house: House) -> None:
        reader = house.join()
        await house.groups.close()
        assert reader.member.dismissed
        assert reader.calls == 1
        assert len(house.groups.owner) == 0


class TestFailure:
    async def test_a_failing_render_ends_its_members_masked(self, house: House) -> None:
        stream = house.stream(after=0)
        reader, bystander = Reader(house.groups, stream), house.join("b", after=0)
        stream.failure = ValueError("secret")
        house.hub.publish("a", "b")
        await until(lambda: reader.member.failure is not None)
        (error,) = reader.member.failure or []
        assert error["message"] == "Internal error."
        assert error["extensions"]["code"] == "INTERNAL"
        assert "secret" not in str(error)
        await bystander.until(2)
        assert bystander.member.failure is None

    async def test_frames_before_the_failure_are_delivered(self, house: House) -> None:
        stream = house.stream(after=0)
        reader = Reader(house.groups, stream)
        house.hub.publish("a")
        await until(lambda: reader.calls > 0)
        stream.failure = ValueError()
        house.hub.publish("a")
        await until(lambda: reader.member.failure is not None)
        reader.read()
        assert reader.positions == [1]

    async def test_after_a_failure_the_next_subscriber_begins_anew(self, house: House) -> None:
        stream = house.stream(after=0)
        failed = Reader(house.groups, stream)
        stream.failure = ValueError()
        house.hub.publish("a")
        await until(lambda: failed.member.failure is not None)
        fresh = house.join(after=1)
        house.groups.leave(failed.member)
        house.hub.publish("a")
        await fresh.until(2)
        assert len(house.groups) == 1

    async def test_a_failing_snapshot_ends_only_its_member(self, house: House) -> None:
        other = house.join(after=0)
        stream = house.stream()
        stream.failing_open = ValueError("secret")
        reader = Reader(house.groups, stream)
        reader.read()
        await until(lambda: reader.member.failure is not None)
        assert other.member.failure is None

    async def test_a_rejection_on_opening_is_told(self, house: House) -> None:
        stream = house.stream()
        stream.failing_open = Rejected([{"message": "gone"}])
        reader = Reader(house.groups, stream)
        reader.read()
        await until(lambda: reader.member.failure == [{"message": "gone"}])

    async def test_one_that_could_not_open_has_no_more(self, house: House) -> None:
        """A writer takes as long as there is more, so a member that answered yes here for ever hung the process."""
        stream = house.stream()
        stream.failing_open = ValueError()
        reader = Reader(house.groups, stream)
        reader.read()
        await until(lambda: reader.member.failure is not None)
        assert reader.member.take(8) == ()
        assert not reader.member.more

    async def test_one_behind_the_window_of_a_failed_group_has_no_more(self) -> None:
        async with opened(limits=GroupLimits(frames=2)) as house:
            stream = house.stream(after=0)
            reader = Reader(house.groups, stream)
            house.hub.publish("a", "a", "a")
            await until(lambda: reader.member.source.window.floor == 1)
            assert reader.member.more
            stream.failure = ValueError()
            house.hub.publish("a")
            await until(lambda: reader.member.failure is not None)
            assert reader.member.take(8) == ()
            assert not reader.member.more

    async def test_a_failing_replay_ends_those_that_wait_for_it(self, house: House) -> None:
        house.hub.publish("a")
        stream = house.stream(after=1)
        stream.failure = ValueError()
        live, behind = Reader(house.groups, stream), house.join(after=0)
        behind.read()
        await until(lambda: behind.member.failure is not None)
        assert live.member.failure is None

    async def test_an_outage_is_waited_out(self, house: House) -> None:
        live = house.join(after=0)
        house.hub.outages = 3
        house.hub.publish("a", "a")
        await live.until(1, 2)
        house.groups.leave(live.member)
        behind = house.join(after=0)
        house.hub.outages = 3
        await behind.until(1, 2)
        assert house.hub.outages == 0

    async def test_an_outage_in_the_middle_of_a_page_repeats_nothing(self, house: House) -> None:
        stream = house.stream(after=0)
        reader = Reader(house.groups, stream)
        stream.outage_at = 2
        house.hub.publish("a", "a", "a")
        await reader.until(1, 2, 3)
        assert reader.positions == [1, 2, 3]
        assert stream.renders == [1, 2, 2, 3]


class TestStorms:
    """Clients of a process that has ended come to another one, each from where it was."""

    async def test_all_of_them_cost_what_one_costs(self, house: House) -> None:
        house.hub.since = 0
        house.hub.publish(*"a" * 100)
        first = house.stream(after=60)
        readers = [Reader(house.groups, first)]
        readers += [house.join(after=after) for after in (50, 99, 60, 100, 40)]
        for reader in readers:
            reader.read()
        house.hub.publish("a")
        for reader in readers:
            await reader.until(101)
            assert reader.positions == list(range((reader.member.stream.after or 0) + 1, 102))
        assert house.meter.counts["replays"] == 0
        assert first.renders == [*range(1, 102)]

    async def test_one_that_was_told_much_less_reads_for_itself(self, house: House) -> None:
        house.hub.since = 0
        house.hub.publish(*"a" * 200)
        first = house.stream(after=150)
        reader, behind = Reader(house.groups, first), house.join(after=10)
        await reader.until(200)
        assert first.renders == [*range(87, 201)]
        await behind.until(200)
        assert behind.positions == [*range(11, 201)]

    @pytest.mark.parametrize(("after", "since"), [(0, 0), (900, 901)])
    async def test_a_group_does_not_begin_far_back_nor_beyond_what_is_in_memory(
        self, house: House, after: int, since: int
    ) -> None:
        house.hub.since = since
        house.hub.publish(*"a" * 1000)
        reader = house.join(after=after)
        assert repr(next(iter(house.groups._groups.values()))).startswith("<Group of ticks at 1000,")
        await reader.until(1000)
        assert reader.positions == [*range(after + 1, 1001)]

    async def test_a_cursor_ahead_of_this_process_is_met(self, house: House) -> None:
        house.hub.since = 0
        house.hub.publish("a", "a")
        house.hub.commit("a", "a")
        reader = house.join(after=3)
        reader.read()
        house.hub.hear()
        await reader.until(4)
        assert reader.positions == [4]

    async def test_what_was_missed_did_not_wait(self, house: House) -> None:
        house.hub.since = 0
        house.hub.publish("a")
        member = house.join(after=0).member
        await until(lambda: member.more)
        house.hub.publish("a")
        await until(lambda: len(member.source.window) == 2)
        assert [due.occurred_at is None for due in member.take(9)] == [True, False]


STEPS = st.lists(
    st.sampled_from(
        ["commit", "other", "hear", "join", "resume", "old", "read", "nibble", "yield", "leave", "outage"]
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(steps=STEPS, frames=st.integers(1, 4), page=st.integers(1, 4), since=st.sampled_from([3, 5, 99]))
async def test_any_interleaving_gives_exactly_the_events_after_the_cursor(
    steps: list[str], frames: int, page: int, since: int
) -> None:
    """Whatever order commits, doorbells, joins, readings and outages come in: no gap, no duplicate, no disorder."""
    limits = GroupLimits(frames=frames, page=page, backlog=6, replays=2, retry_seconds=0)
    async with opened(head=3, limits=limits) as house:
        house.hub.since = since
        matching: list[int] = []
        readers: list[Reader] = []
        for step in steps:
            await _step(step, house, matching, readers)
        house.hub.outages = 0
        house.hub.publish("a")
        matching.append(house.hub.head)
        for reader in readers:
            await reader.until(house.hub.head)
            start = reader.member.stream.after
            if start is None:
                (kind, start), reader.seen = reader.seen[0], reader.seen[1:]
                assert kind == "snapshot"
            assert reader.seen == [("event", position) for position in matching if position > start]


async def _step(step: str, house: House, matching: list[int], readers: list[Reader]) -> None:
    if step in {"join", "resume", "old"}:
        after = {"join": None, "resume": house.hub.head, "old": 3}[step]
        readers.append(house.join(after=after))
    elif step in {"read", "nibble"}:
        for reader in readers:
            reader.read(limit=1000 if step == "read" else 1)
    elif step == "leave" and readers:
        house.groups.leave(readers.pop().member)
    else:
        await _happen(step, house.hub, matching)


async def _happen(step: str, hub: FakeHub, matching: list[int]) -> None:
    match step:
        case "commit":
            matching.append(hub.commit("a"))
        case "other":
            hub.commit("b")
        case "hear":
            hub.hear()
        case "outage":
            hub.outages += 1
        case _:
            await asyncio.sleep(0)
