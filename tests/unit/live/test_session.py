"""One connection: what is written, in which order, and that nothing outlives it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.clock import SettableClock
from live import close_codes
from live.group import GroupLimits
from live.groups import Groups
from live.rounds import Rounds
from live.session import Reception, Session, SessionLimits
from live.waking import in_rounds
from tests.fakes.hub import FakeHub
from tests.fakes.operations import TOKEN, FakeOperations
from tests.fakes.stays import FakeStays
from tests.fakes.streams import CountingMeter, FakeSocket
from tests.integration.waiting import until

INIT = {"type": "connection_init", "payload": {"Authorization": TOKEN}}
ACK = {"type": "connection_ack"}


class Line:
    """A session in its task, the socket under it, and the world behind it."""

    def __init__(self, limits: SessionLimits, frames: int) -> None:
        self.hub = FakeHub()
        self.meter = CountingMeter()
        rounds = Rounds(self.meter, SettableClock())
        group_limits = GroupLimits(frames=frames, retry_seconds=0.001)
        self.groups = Groups(self.hub, self.meter, group_limits, in_rounds(rounds))
        self.operations = FakeOperations(self.hub)
        self.stays = FakeStays()
        reception = Reception(self.operations, self.stays, self.groups, rounds, limits)
        self.reception = reception
        self.socket, self.task = self.connect()

    def connect(self) -> tuple[FakeSocket, "asyncio.Task[None]"]:
        socket = FakeSocket()
        self.session = Session(socket, self.reception)
        return socket, asyncio.get_running_loop().create_task(self.session.run())

    async def start(self) -> None:
        self.socket.feed(INIT)
        await self.messages(ACK)
        self.socket.sent.clear()

    def subscribe(self, ident: str, query: str = "subscription { ticks }", **payload: Any) -> None:
        self.socket.feed({"id": ident, "type": "subscribe", "payload": {"query": query, **payload}})

    async def messages(self, *expected: object) -> None:
        """Wait for exactly these messages."""
        await until(lambda: len(self.socket.sent) >= len(expected))
        assert self.socket.messages == list(expected)

    async def hang_up(self) -> None:
        self.socket.feed(None)
        await self.task


def tick(ident: str, position: int, kind: str = "event") -> dict[str, object]:
    return {"id": ident, "type": "next", "payload": {"data": {kind: position}}}


@pytest.fixture
def limits() -> SessionLimits:
    return SessionLimits()


@pytest.fixture
def frames() -> int:
    """How many frames a group keeps."""
    return 8


@pytest.fixture
async def line(limits: SessionLimits, frames: int) -> AsyncIterator[Line]:
    line = Line(limits, frames)
    yield line
    line.socket.flowing.set()
    line.operations.gate.set()
    await line.hang_up()
    await line.groups.close()


class TestInitialisation:
    async def test_a_valid_token_is_acknowledged(self, line: Line) -> None:
        line.socket.feed(INIT)
        await line.messages(ACK)

    async def test_the_name_of_the_token_may_be_in_lower_case(self, line: Line) -> None:
        line.socket.feed({"type": "connection_init", "payload": {"authorization": TOKEN}})
        await line.messages(ACK)

    @pytest.mark.parametrize("payload", [None, {}, {"Authorization": "Bearer wrong"}, {"Authorization": 7}])
    async def test_any_other_is_4403(self, line: Line, payload: object) -> None:
        line.socket.feed({"type": "connection_init", "payload": payload})
        await line.task
        assert line.socket.closed == (4403, "Forbidden")
        assert line.socket.sent == []

    async def test_a_token_that_cannot_be_checked_now_is_a_code_that_clients_retry(self, line: Line) -> None:
        line.socket.feed({"type": "connection_init", "payload": {"Authorization": "Bearer unknowable"}})
        await line.task
        assert line.socket.closed == (1013, "Try again later")

    @pytest.mark.parametrize("limits", [SessionLimits(init_seconds=0.02)])
    async def test_none_in_time_is_4408(self, line: Line) -> None:
        await line.task
        assert line.socket.closed == (4408, "Connection initialisation timeout")

    @pytest.mark.parametrize("limits", [SessionLimits(init_seconds=0.02)])
    async def test_pings_do_not_move_the_deadline(self, line: Line) -> None:
        async with asyncio.timeout(5):
            while not line.task.done():
                line.socket.feed({"type": "ping"})
                await asyncio.sleep(0.005)
        assert line.socket.closed == (4408, "Connection initialisation timeout")

    @pytest.mark.parametrize("limits", [SessionLimits(init_seconds=0.25)])
    async def test_an_acknowledged_connection_has_no_deadline(self, line: Line) -> None:
        acknowledged = line.socket
        await line.start()
        # A later connection that says nothing has come to its deadline, so the first would have, too.
        silent, task = line.connect()
        await task
        assert silent.closed == (4408, "Connection initialisation timeout")
        assert acknowledged.closed is None


class TestOperations:
    async def test_a_query_is_one_result_and_complete(self, line: Line) -> None:
        await line.start()
        line.subscribe("1", "{ hello }")
        await line.messages(
            {"id": "1", "type": "next", "payload": {"data": {"hello": "world"}}},
            {"id": "1", "type": "complete"},
        )
        assert line.operations.callers == ["caller"]

    async def test_a_mutation_too(self, line: Line) -> None:
        await line.start()
        line.subscribe("1", "mutation { touch }")
        await until(lambda: len(line.socket.sent) == 2)
        assert line.operations.counts == {"touch": 1}

    @pytest.mark.parametrize(
        ("query", "name", "message"),
        [
            ("{", None, "Syntax Error: Expected Name, found <EOF>."),
            ("{ nothing }", None, "Cannot query field 'nothing' on type 'Query'."),
            ("query A { hello }", "B", 'Unknown operation named "B".'),
            ("subscription { forbidden }", None, "Not yours."),
        ],
    )
    async def test_a_rejection_is_an_error_on_its_id_and_closes_nothing(
        self, line: Line, query: str, name: str | None, message: str
    ) -> None:
        await line.start()
        line.subscribe("1", query, operationName=name)
        await until(lambda: len(line.socket.sent) == 1)
        (answer,) = line.socket.messages
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert answer["payload"][0]["message"] == message  # type: ignore[index]
        line.socket.sent.clear()
        line.subscribe("1", "{ hello }")
        await until(lambda: len(line.socket.sent) == 2)

    async def test_a_defect_is_masked(self, line: Line) -> None:
        await line.start()
        line.subscribe("1", "{ broken }")
        await until(lambda: len(line.socket.sent) == 1)
        assert line.socket.messages[0]["payload"][0]["message"] == "Internal error."  # type: ignore[index]
        assert b"secret" not in line.socket.sent[0]

    async def test_a_slow_one_holds_up_nobody(self, line: Line) -> None:
        await line.start()
        line.subscribe("1", "{ slow }")
        line.subscribe("2", "{ hello }")
        await until(lambda: len(line.socket.sent) == 2)
        assert {message["id"] for message in line.socket.messages} == {"2"}

    async def test_complete_cancels_it(self, line: Line) -> None:
        await line.start()
        line.subscribe("1", "{ slow }")
        await until(lambda: line.operations.counts["slow"] == 1)
        line.socket.feed({"id": "1", "type": "complete"})
        await until(lambda: line.operations.counts["cancelled"] == 1)
        assert line.socket.sent == []

    @pytest.mark.parametrize("query", ["{ slow }", "subscription { ticks }"])
    async def test_one_that_does_not_end_when_it_is_cancelled_holds_up_nobody_and_leaves_nothing(
        self, line: Line, query: str
    ) -> None:
        await line.start()
        line.operations.deaf = True
        line.subscribe("1", query)
        await until(lambda: len(line.operations.callers) == 1)
        line.socket.feed({"id": "1", "type": "complete"}, {"type": "ping"})
        await line.messages({"type": "pong"})
        before = len(asyncio.all_tasks())
        line.operations.gate.set()
        await until(lambda: len(asyncio.all_tasks()) == before - 1)
        assert line.operations.counts["cancelled"] == 1
        assert line.meter.counts["subscriptions"] == 0
        assert len(line.socket.sent) == 1

    @pytest.mark.parametrize("limits", [SessionLimits(executing=2)])
    async def test_only_so_many_execute_at_a_time(self, line: Line) -> None:
        await line.start()
        for ident in "12345":
            line.subscribe(ident, "{ slow }")
        await until(lambda: line.operations.counts["slow"] == 2 and line.socket.unread == 0)
        line.operations.gate.set()
        await until(lambda: len(line.socket.sent) == 10)
        assert line.operations.counts["slow"] == 5


class TestSubscriptions:
    async def test_snapshot_then_events(self, line: Line) -> None:
        await line.start()
        line.subscribe("1")
        await line.messages(tick("1", 0, "snapshot"))
        line.hub.publish("a", "a")
        await line.messages(tick("1", 0, "snapshot"), tick("1", 1), tick("1", 2))

    async def test_the_result_is_sent_as_it_was_encoded(self, line: Line) -> None:
        await line.start()
        line.subscribe('"\\')
        await until(lambda: len(line.socket.sent) == 1)
        assert line.socket.sent[0] == b'{"id":"\\"\\\\","type":"next","payload":{"data":{"snapshot":0}}}'

    async def test_a_last_frame_is_followed_by_complete(self, line: Line) -> None:
        await line.start()
        line.subscribe("1", variables={"after": 0})
        await until(lambda: line.meter.counts["subscriptions"] == 1)
        line.hub.publish("a", "a!")
        await line.messages(tick("1", 1), tick("1", 2), {"id": "1", "type": "complete"})
        assert line.meter.counts["subscriptions"] == 0

    async def test_a_failing_stream_is_an_error_and_the_id_is_free(self, line: Line) -> None:
        await line.start()
        line.subscribe("1", "subscription { broken }", variables={"after": 0})
        await until(lambda: line.meter.counts["groups"] == 1)
        line.hub.publish("a")
        await until(lambda: len(line.socket.sent) == 1)
        assert line.socket.messages[0]["type"] == "error"
        assert b"secret" not in line.socket.sent[0]
        line.socket.sent.clear()
        line.subscribe("1", "{ hello }")
        await until(lambda: len(line.socket.sent) == 2)

    async def test_what_comes_before_a_failure_is_told_and_then_the_failure(self, line: Line) -> None:
        await line.start()
        line.subscribe("1", variables={"after": 0, "failing": 3})
        await until(lambda: line.meter.counts["groups"] == 1)
        line.hub.publish("a", "a", "a")
        await until(lambda: len(line.socket.sent) == 3)
        assert line.socket.messages[:2] == [tick("1", 1), tick("1", 2)]
        assert line.socket.messages[2]["type"] == "error"

    async def test_complete_ends_it_and_its_group(self, line: Line) -> None:
        await line.start()
        line.subscribe("1")
        await until(lambda: len(line.socket.sent) == 1)
        line.socket.feed({"id": "1", "type": "complete"})
        await until(lambda: len(line.groups) == 0)
        line.hub.publish("a")
        line.socket.feed({"type": "ping"})
        await line.messages(tick("1", 0, "snapshot"), {"type": "pong"})

    async def test_what_lasts_is_no_task(self, line: Line) -> None:
        await line.start()
        before = len(asyncio.all_tasks())
        for ident in range(50):
            line.subscribe(str(ident))
        await until(lambda: len(line.socket.sent) == 50)
        # That of the group, and that of the distributor.
        await until(lambda: len(asyncio.all_tasks()) == before + 2)

    async def test_hanging_up_leaves_nothing(self, line: Line) -> None:
        await line.start()
        line.subscribe("1")
        line.subscribe("2", "{ slow }")
        await until(lambda: line.operations.counts["slow"] == 1 and len(line.socket.sent) == 1)
        await line.hang_up()
        assert line.operations.counts["cancelled"] == 1
        assert repr(line.groups) == "<Groups 0 groups, 0 members>"
        await until(lambda: len(line.groups.owner) == 0)

    async def test_cancelling_the_session_leaves_nothing(self, line: Line) -> None:
        await line.start()
        line.subscribe("1")
        await until(lambda: len(line.socket.sent) == 1)
        line.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await line.task
        assert repr(line.groups) == "<Groups 0 groups, 0 members>"
        line.socket, line.task = line.connect()

    async def test_latency_is_from_commit_to_socket_and_not_for_replays(self, line: Line) -> None:
        line.hub.publish("a")
        await line.start()
        line.subscribe("1", variables={"after": 0})
        await until(lambda: len(line.socket.sent) == 1)
        assert line.meter.waits == []
        line.hub.publish("a")
        await until(lambda: len(line.meter.waits) == 1)
        assert line.meter.waits == [0.0]
        assert line.meter.counts["frames"] == 2


class TestSlowSockets:
    async def test_a_blocked_socket_gets_everything_later_and_delays_nobody(self, line: Line) -> None:
        await line.start()
        line.subscribe("1", variables={"after": 0})
        slow, (line.socket, task) = line.socket, line.connect()
        await line.start()
        line.subscribe("1", variables={"after": 0})
        await until(lambda: line.meter.counts["subscriptions"] == 2)
        slow.block()
        for position in range(1, 101):
            line.hub.publish("a")
            await until(lambda: len(line.socket.sent) == position)  # noqa: B023
        assert slow.sent == []
        slow.flowing.set()
        await until(lambda: len(slow.sent) == 100)
        assert slow.messages == [tick("1", position) for position in range(1, 101)]
        line.socket.feed(None)
        await task
        line.socket = slow

    @pytest.mark.parametrize("frames", [100])
    async def test_subscriptions_of_a_socket_take_turns(self, line: Line) -> None:
        await line.start()
        for topic in "ab":
            line.subscribe(topic, variables={"after": 0, "topic": topic})
        await until(lambda: line.meter.counts["subscriptions"] == 2)
        line.socket.block()
        line.hub.publish(*["a", "b"] * 40)
        await until(lambda: "2 ready" in repr(line.session))
        line.socket.flowing.set()
        await until(lambda: len(line.socket.sent) == 80)
        firsts = [message["id"] for message in line.socket.messages][:32]
        assert firsts.count("a") == firsts.count("b") == 16

    @pytest.mark.parametrize("limits", [SessionLimits(replies=4)])
    async def test_a_client_that_does_not_read_is_not_read_either(self, line: Line) -> None:
        await line.start()
        line.socket.block()
        line.socket.feed(*[{"type": "ping"}] * 100)
        for _ in range(50):
            await asyncio.sleep(0)
        # One batch is in the socket's hands, four replies wait for it, and one for room.
        assert line.socket.unread >= 90
        line.socket.flowing.set()
        await until(lambda: len(line.socket.sent) == 100)

    @pytest.mark.parametrize("limits", [SessionLimits(replies=1)])
    async def test_a_peer_that_is_gone_releases_who_waits_to_reply(self, line: Line) -> None:
        await line.start()
        line.socket.block()
        line.socket.feed(*[{"type": "ping"}] * 10)
        line.socket.closed = (1006, "")
        line.socket.flowing.set()
        await line.hang_up()
        assert line.socket.sent == []

    async def test_large_frames_are_few_to_a_write(self, line: Line) -> None:
        line.hub.publish(*"a" * 20)
        await line.start()
        line.socket.block()
        line.subscribe("1", variables={"after": 0, "padding": 100_000})
        await until(lambda: line.meter.counts["subscriptions"] == 1)
        line.socket.flowing.set()
        await until(lambda: len(line.socket.sent) == 20)
        assert max(line.socket.batches) <= 5
        assert [message["payload"]["data"]["event"] for message in line.socket.messages] == [*range(1, 21)]  # type: ignore[index]

    async def test_large_replies_leave_no_room_for_others(self, line: Line) -> None:
        await line.start()
        line.socket.block()
        line.socket.feed(*[{"type": "ping", "payload": {"x": "y" * 100_000}}] * 40)
        for _ in range(50):
            await asyncio.sleep(0)
        assert line.socket.unread >= 20
        line.socket.flowing.set()
        await until(lambda: len(line.socket.sent) == 40)

    async def test_replies_come_before_frames_and_go_with_them(self, line: Line) -> None:
        await line.start()
        line.subscribe("1", variables={"after": 0})
        await until(lambda: line.meter.counts["subscriptions"] == 1)
        line.socket.block()
        line.hub.publish("a", "a")
        await until(lambda: "1 ready" in repr(line.session))
        line.socket.feed({"type": "ping"})
        await until(lambda: "1 replies" in repr(line.session))
        line.socket.batches.clear()
        line.socket.flowing.set()
        await line.messages({"type": "pong"}, tick("1", 1), tick("1", 2))
        assert line.socket.batches == [3]

    async def test_a_defect_closes_its_own_socket_and_harms_no_other(self, line: Line) -> None:
        await line.start()
        line.subscribe("1", variables={"after": 0})
        broken, task = line.socket, line.task
        line.socket, line.task = line.connect()
        await line.start()
        line.subscribe("1", variables={"after": 0})
        await until(lambda: line.meter.counts["subscriptions"] == 2)
        broken.failure = ValueError("a defect")
        with capture_logs() as logs:
            line.hub.publish("a")
            await line.messages(tick("1", 1))
            await task
        assert broken.closed == (4500, "Internal server error")
        assert broken.sent == []
        assert [each["event"] for each in logs] == ["sender_failed"]

    async def test_several_frames_are_one_write(self, line: Line) -> None:
        await line.start()
        line.subscribe("1", variables={"after": 0})
        await until(lambda: line.meter.counts["subscriptions"] == 1)
        line.socket.batches.clear()
        line.hub.publish(*"aaaaa")
        await until(lambda: len(line.socket.sent) == 5)
        assert line.socket.batches == [5]


class TestOutages:
    @pytest.fixture
    def limits(self) -> SessionLimits:
        return SessionLimits(executing=2, retry_seconds=0.001)

    async def test_a_subscription_waits_and_a_query_does_not_wait_for_it(self, line: Line) -> None:
        await line.start()
        line.operations.out = True
        for ident in "1234":
            line.subscribe(ident)
        await until(lambda: len(line.operations.callers) > 20)
        line.subscribe("q", "{ hello }")
        line.subscribe("d", "{ down }")
        await until(lambda: len(line.socket.sent) == 3)
        answers = {(message["id"], message["type"]) for message in line.socket.messages}
        assert answers == {("q", "next"), ("q", "complete"), ("d", "error")}
        line.socket.sent.clear()
        line.operations.out = False
        await until(lambda: len(line.socket.sent) == 4)
        assert {message["type"] for message in line.socket.messages} == {"next"}

    async def test_complete_ends_the_waiting_at_once(self, line: Line) -> None:
        await line.start()
        line.operations.out = True
        before = len(asyncio.all_tasks())
        line.subscribe("1")
        await until(lambda: len(line.operations.callers) > 2)
        line.socket.feed({"id": "1", "type": "complete"})
        await until(lambda: len(asyncio.all_tasks()) == before)
        line.operations.out = False
        line.subscribe("1", "{ hello }")
        await until(lambda: len(line.socket.sent) == 2)

    async def test_and_so_does_hanging_up(self, line: Line) -> None:
        before = asyncio.all_tasks() - {line.task}
        await line.start()
        line.operations.out = True
        line.subscribe("1")
        await until(lambda: len(line.operations.callers) > 2)
        await line.hang_up()
        # Nobody is left who could ask.
        await until(lambda: asyncio.all_tasks() <= before)


class TestLeaving:
    async def leave(self, line: Line) -> None:
        await line.session.leave(close_codes.RESTART)

    async def test_what_runs_is_answered_and_then_it_closes(self, line: Line) -> None:
        await line.start()
        line.subscribe("1", "{ slow }")
        line.subscribe("2")
        await until(lambda: line.operations.counts["slow"] == 1 and len(line.socket.sent) == 1)
        leaving = asyncio.get_running_loop().create_task(self.leave(line))
        await asyncio.sleep(0)
        line.subscribe("3", "mutation { touch }")
        await until(lambda: line.socket.unread == 0)
        assert not leaving.done()
        line.operations.gate.set()
        await leaving
        assert line.socket.closed == (1012, "Service restart")
        told = [(message["id"], message["type"]) for message in line.socket.messages]
        assert told == [("2", "next"), ("1", "next"), ("1", "complete")]
        assert line.operations.counts["touch"] == 0

    async def test_completing_what_was_not_begun_any_more_is_in_the_way_of_no_answer(
        self, line: Line
    ) -> None:
        await line.start()
        line.subscribe("1", "{ slow }")
        await until(lambda: line.operations.counts["slow"] == 1)
        leaving = asyncio.get_running_loop().create_task(self.leave(line))
        await asyncio.sleep(0)
        line.subscribe("2")
        line.socket.feed({"id": "2", "type": "complete"}, {"type": "ping"})
        await line.messages({"type": "pong"})
        line.operations.gate.set()
        await leaving
        told = [(message.get("id"), message["type"]) for message in line.socket.messages]
        assert told == [(None, "pong"), ("1", "next"), ("1", "complete")]

    async def test_an_idle_one_closes_at_once_whatever_it_follows(self, line: Line) -> None:
        await line.start()
        line.operations.out = True
        line.subscribe("1")
        await until(lambda: len(line.operations.callers) > 0)
        async with asyncio.timeout(1):
            await self.leave(line)
        assert line.socket.closed == (1012, "Service restart")

    async def test_what_begins_when_the_process_stops_is_told_no_end(self, line: Line) -> None:
        await line.start()
        await line.groups.close()
        before = len(asyncio.all_tasks())
        line.subscribe("1")
        await until(lambda: len(line.operations.callers) == 1 and len(asyncio.all_tasks()) == before)
        assert line.socket.sent == []

    @pytest.mark.parametrize("limits", [SessionLimits(leave_seconds=0.01)])
    async def test_what_never_ends_is_not_waited_for(self, line: Line) -> None:
        await line.start()
        line.subscribe("1", "{ slow }")
        await until(lambda: line.operations.counts["slow"] == 1)
        await self.leave(line)
        assert line.socket.closed == (1012, "Service restart")

    @pytest.mark.parametrize("limits", [SessionLimits(leave_seconds=0.01)])
    async def test_nor_is_a_socket_that_takes_nothing(self, line: Line) -> None:
        await line.start()
        line.socket.block()
        line.subscribe("1", "{ hello }")
        await until(lambda: line.operations.counts["hello"] == 1)
        await self.leave(line)
        assert line.socket.closed == (1012, "Service restart")
