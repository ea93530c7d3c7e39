"""PROTOCOL.md of graphql-ws, clause by clause, without a socket."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.limits import Limit
from live.operations import Request
from live.protocol import Close, Connection, Ignore, Initialise, Phase, Refuse, Send, Start, Stop

QUERY = {"query": "{ hello }"}


def text(message: object) -> str:
    return msgspec.json.encode(message).decode()


def acknowledged(**limits: int) -> Connection:
    connection = Connection(**limits)
    assert connection.receive(text({"type": "connection_init"})) == Initialise({})
    connection.acknowledge()
    return connection


def subscribe(ident: object = "1", **payload: Any) -> str:
    return text({"id": ident, "type": "subscribe", "payload": {**QUERY, **payload}})


def closed(action: object) -> tuple[int, str]:
    assert isinstance(action, Close)
    return action.code.code, action.reason


class TestConnectionInit:
    def test_asks_who_the_caller_is(self) -> None:
        action = Connection().receive(text({"type": "connection_init", "payload": {"Authorization": "x"}}))
        assert action == Initialise({"Authorization": "x"})

    @pytest.mark.parametrize("message", [{}, {"payload": None}])
    def test_payload_is_optional(self, message: dict[str, Any]) -> None:
        assert Connection().receive(text({"type": "connection_init", **message})) == Initialise({})

    @pytest.mark.parametrize(
        ("payload", "kind"), [("x", "a string"), ([], "an array"), (1, "a number"), (True, "a boolean")]
    )
    def test_payload_of_another_type_is_4400(self, payload: object, kind: str) -> None:
        action = Connection().receive(text({"type": "connection_init", "payload": payload}))
        assert closed(action) == (4400, f"'payload' must be an object, not {kind}")

    def test_acknowledgement_makes_the_connection_ready(self) -> None:
        connection = acknowledged()
        assert connection.phase is Phase.ACKNOWLEDGED

    def test_acknowledgement_message(self) -> None:
        assert Connection().acknowledge() == Send(b'{"type":"connection_ack"}')

    def test_twice_is_4429(self) -> None:
        action = acknowledged().receive(text({"type": "connection_init"}))
        assert closed(action) == (4429, "Too many initialisation requests")

    def test_twice_is_4429_even_before_the_acknowledgement(self) -> None:
        connection = Connection()
        connection.receive(text({"type": "connection_init"}))
        assert closed(connection.receive(text({"type": "connection_init"})))[0] == 4429


class TestPingPong:
    @pytest.mark.parametrize("message", [{}, {"payload": None}])
    def test_ping_is_answered_at_any_time(self, message: dict[str, Any]) -> None:
        assert Connection().receive(text({"type": "ping", **message})) == Send(b'{"type":"pong"}')

    def test_pong_echoes_the_payload(self) -> None:
        action = acknowledged().receive(text({"type": "ping", "payload": {"at": [1, 2.5]}}))
        assert action == Send(b'{"type":"pong","payload":{"at":[1,2.5]}}')

    @pytest.mark.parametrize("payload", [None, {}, {"x": 1}])
    def test_pong_is_ignored(self, payload: object) -> None:
        assert Connection().receive(text({"type": "pong", "payload": payload})) == Ignore()

    @pytest.mark.parametrize("name", ["ping", "pong"])
    def test_payload_of_another_type_is_4400(self, name: str) -> None:
        assert closed(Connection().receive(text({"type": name, "payload": "x"})))[0] == 4400


class TestSubscribe:
    def test_starts_the_operation(self) -> None:
        action = acknowledged().receive(
            subscribe("a", operationName="Q", variables={"x": 1}, extensions={"y": 2})
        )
        assert action == Start("a", Request("{ hello }", "Q", {"x": 1}, {"y": 2}))

    def test_optional_members_may_be_null(self) -> None:
        action = acknowledged().receive(subscribe("a", operationName=None, variables=None, extensions=None))
        assert action == Start("a", Request("{ hello }"))

    def test_before_the_acknowledgement_is_4401(self) -> None:
        assert closed(Connection().receive(subscribe())) == (4401, "Unauthorized")

    def test_while_the_caller_is_being_found_out_is_4401(self) -> None:
        connection = Connection()
        connection.receive(text({"type": "connection_init"}))
        assert closed(connection.receive(subscribe()))[0] == 4401

    def test_same_id_while_it_runs_is_4409(self) -> None:
        connection = acknowledged()
        connection.receive(subscribe("a"))
        assert closed(connection.receive(subscribe("a"))) == (4409, "Subscriber for a already exists")

    def test_id_is_free_after_the_server_completed(self) -> None:
        connection = acknowledged()
        connection.receive(subscribe("a"))
        connection.finish("a")
        assert isinstance(connection.receive(subscribe("a")), Start)

    def test_id_is_free_after_the_client_completed(self) -> None:
        connection = acknowledged()
        connection.receive(subscribe("a"))
        connection.receive(text({"id": "a", "type": "complete"}))
        assert isinstance(connection.receive(subscribe("a")), Start)

    def test_one_operation_too_many_is_an_error_on_its_id(self) -> None:
        connection = acknowledged(max_operations=1)
        connection.receive(subscribe("a"))
        action = connection.receive(subscribe("b"))
        assert isinstance(action, Refuse)
        message = msgspec.json.decode(action.message)
        assert (action.id, message["id"], message["type"]) == ("b", "b", "error")
        told = {"code": "LIMIT_EXCEEDED", "limit": 1, "limitName": "connectionOperations"}
        assert (message["payload"][0]["extensions"], action.passed) == (told, Limit.CONNECTION_OPERATIONS)
        connection.finish("a")
        connection.finish("b")
        assert isinstance(connection.receive(subscribe("b")), Start)

    def test_the_id_of_one_too_many_is_taken_until_that_was_said(self) -> None:
        connection = acknowledged(max_operations=1)
        connection.receive(subscribe("a"))
        connection.receive(subscribe("b"))
        assert connection.receive(text({"id": "b", "type": "complete"})) == Stop("b")
        connection.receive(subscribe("b"))
        assert closed(connection.receive(subscribe("b"))) == (4409, "Subscriber for b already exists")

    @pytest.mark.parametrize(
        ("ident", "reason"),
        [
            (None, "'id' must be a string, not null"),
            (1, "'id' must be a string, not a number"),
            ({}, "'id' must be a string, not an object"),
            ([], "'id' must be a string, not an array"),
            (True, "'id' must be a string, not a boolean"),
            ("", "'id' must not be empty"),
            ("x" * 257, "'id' must not be longer than 256 characters"),
        ],
    )
    def test_id_that_is_not_one_is_4400(self, ident: object, reason: str) -> None:
        assert closed(acknowledged().receive(subscribe(ident))) == (4400, reason)

    @pytest.mark.parametrize(
        ("payload", "reason"),
        [
            (None, "'payload' must be an object, not null"),
            ("x", "'payload' must be an object, not a string"),
            ({}, "'payload.query' must be a string, not null"),
            ({"query": 1}, "'payload.query' must be a string, not a number"),
            ({**QUERY, "operationName": []}, "'payload.operationName' must be a string, not an array"),
            ({**QUERY, "variables": "x"}, "'payload.variables' must be an object, not a string"),
            ({**QUERY, "variables": [1]}, "'payload.variables' must be an object, not an array"),
            ({**QUERY, "extensions": 0}, "'payload.extensions' must be an object, not a number"),
        ],
    )
    def test_payload_that_is_not_one_is_4400(self, payload: object, reason: str) -> None:
        action = acknowledged().receive(text({"id": "1", "type": "subscribe", "payload": payload}))
        assert closed(action) == (4400, reason)


class TestComplete:
    def test_stops_the_operation(self) -> None:
        connection = acknowledged()
        connection.receive(subscribe("a"))
        assert connection.receive(text({"id": "a", "type": "complete"})) == Stop("a")

    def test_of_an_unknown_id_is_ignored(self) -> None:
        assert acknowledged().receive(text({"id": "a", "type": "complete"})) == Ignore()

    def test_before_the_acknowledgement_is_ignored(self) -> None:
        assert Connection().receive(text({"id": "a", "type": "complete"})) == Ignore()

    def test_without_an_id_is_4400(self) -> None:
        assert closed(acknowledged().receive(text({"type": "complete"})))[0] == 4400


class TestInvalidMessage:
    @pytest.mark.parametrize(
        ("frame", "reason"),
        [
            ("[]", "Message must be an object, not an array"),
            ("null", "Message must be an object, not null"),
            ('"x"', "Message must be an object, not a string"),
            ("1", "Message must be an object, not a number"),
            ("{}", "Message 'type' must be a string, not null"),
            ('{"type":{}}', "Message 'type' must be a string, not an object"),
            ('{"type":"start"}', "Unexpected message of type 'start'"),
        ],
    )
    def test_is_4400_and_says_what(self, frame: str, reason: str) -> None:
        assert closed(acknowledged().receive(frame)) == (4400, reason)

    @pytest.mark.parametrize("name", ["connection_ack", "next", "error"])
    def test_of_a_type_that_only_servers_send_is_4400(self, name: str) -> None:
        assert closed(acknowledged().receive(text({"id": "1", "type": name, "payload": []})))[0] == 4400

    @pytest.mark.parametrize("frame", ["", "x", '{"type":"ping","payload":{"x":NaN}}', "[" * 100_000])
    def test_that_is_not_json_is_4400(self, frame: str) -> None:
        assert closed(acknowledged().receive(frame))[0] == 4400

    def test_of_binary_is_4400(self) -> None:
        assert closed(acknowledged().receive(b'{"type":"ping"}'))[0] == 4400

    def test_members_that_nobody_knows_are_ignored(self) -> None:
        assert Connection().receive(text({"type": "pong", "id": 7, "extra": 1})) == Ignore()


def test_nothing_follows_a_close() -> None:
    connection = acknowledged()
    connection.receive("x")
    assert connection.receive(text({"type": "ping"})) == Ignore()
    assert connection.receive(b"") == Ignore()
    assert repr(connection) == "<Connection closed, 0 operations>"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["connection_init", "ping", "pong", "subscribe", "complete", "next", ""])
PAYLOADS = JSON | st.fixed_dictionaries({"query": st.text() | JSON}, optional={"variables": JSON})
MESSAGES = st.fixed_dictionaries(
    {}, optional={"type": NAMES | JSON, "id": st.sampled_from(["1", "2", ""]) | JSON, "payload": PAYLOADS}
).map(text)
FRAMES = st.one_of(MESSAGES, JSON.map(text), st.text(), st.binary(), st.just(subscribe()))


@given(st.lists(FRAMES, max_size=20))
def test_no_sequence_of_frames_raises(frames: list[str | bytes]) -> None:
    """Every frame has one action; ids start once and stop only after they started."""
    connection, running = Connection(max_operations=3), set[str]()
    for frame in frames:
        was_closed = connection.phase is Phase.CLOSED
        match connection.receive(frame):
            case Initialise():
                connection.acknowledge()
            case Start(ident, _):
                assert ident not in running
                running.add(ident)
                assert len(running) <= 3
            case Refuse(ident):
                assert ident not in running
                assert len(running) >= 3
                running.add(ident)
            case Stop(ident):
                running.remove(ident)
            case Close(code, reason):
                assert code.code in {4400, 4401, 4409, 4429}
                assert reason
            case Ignore() | Send():
                pass
        assert not was_closed or connection.phase is Phase.CLOSED
