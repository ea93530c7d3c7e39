"""graphql-transport-ws, every clause of PROTOCOL.md of enisdenjo/graphql-ws, by raw frames over a real socket.

Ids are the headings of the document with a number. What needs an operation that waits, or a stream that ends, runs on
the edge over fake operations; all else on the product itself, with its own schema and database.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from live.session import SessionLimits
from tests.fakes import operations
from tests.fakes.edge import Edge, serving
from tests.integration.waiting import until
from tests.protocol.raw import Closed, Dial, Opcode, RawSocket, close, frame
from tests.protocol.served import TOKEN, product

pytestmark = pytest.mark.asyncio(loop_scope="module")

Json = dict[str, Any]

INIT = {"type": "connection_init", "payload": {"Authorization": f"Bearer {TOKEN}"}}
FAKE_INIT = {"type": "connection_init", "payload": {"Authorization": operations.TOKEN}}
ACK = {"type": "connection_ack"}
PING, PONG = {"type": "ping"}, {"type": "pong"}
STREAM = "subscription { activity { __typename ... on ActivityAdded { activity { kind } } } }"
TYPENAME = "{ __typename }"
CHANGE = """
mutation A($name: String!) { createKeywordSet(input: { name: $name, rules: [{ pattern: "y" }] }) { __typename } }
"""
NAMES = count(1)


def clause(ident: str, asks: str) -> pytest.MarkDecorator:
    return pytest.mark.clause("graphql-transport-ws", ident, asks)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with product(tmp_path_factory.mktemp("clauses")) as api:
        yield f"{api.url}/graphql"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fake() -> AsyncIterator[Edge]:
    async with serving() as edge:
        yield edge


@pytest_asyncio.fixture(loop_scope="module")
async def socket(dial: Dial, url: str) -> RawSocket:
    """Of the product; nothing was said yet."""
    return await dial(url)


@pytest_asyncio.fixture(loop_scope="module")
async def ready(socket: RawSocket) -> RawSocket:
    """The same, acknowledged."""
    await socket.say(INIT)
    assert await socket.hear() == ACK
    return socket


@pytest_asyncio.fixture(loop_scope="module")
async def fake_ready(dial: Dial, fake: Edge) -> RawSocket:
    """Of the edge over fake operations, acknowledged."""
    socket = await dial(fake.graphql)
    await socket.say(FAKE_INIT)
    assert await socket.hear() == ACK
    return socket


def subscribe(ident: object, query: object = STREAM, **payload: object) -> Json:
    return {"id": ident, "type": "subscribe", "payload": {"query": query, **payload}}


def change(ident: str) -> Json:
    """A change that the stream tells of."""
    return subscribe(ident, CHANGE, variables={"name": f"set {next(NAMES)}"})


def complete(ident: str) -> Json:
    return {"id": ident, "type": "complete"}


async def follow(socket: RawSocket, ident: str) -> None:
    """A stream of the product, which has given its first result."""
    await socket.say(subscribe(ident))
    first = await socket.hear()
    assert (first["id"], first["type"]) == (ident, "next")
    assert first["payload"]["data"] == {"activity": {"__typename": "ActivitySnapshot"}}


async def still_lives(socket: RawSocket, ident: str) -> None:
    """The stream tells of a change that is made on the same socket."""
    await socket.say(change("change"))
    heard = [await socket.hear() for _ in range(3)]
    told = [message for message in heard if message["id"] == ident]
    assert [message["type"] for message in told] == ["next"]
    assert told[0]["payload"]["data"]["activity"]["__typename"] == "ActivityAdded"
    assert [message["type"] for message in heard if message["id"] == "change"] == ["next", "complete"]


class TestCommunication:
    @clause("Communication/1", "the subprotocol is graphql-transport-ws")
    async def test_subprotocol(self, socket: RawSocket) -> None:
        assert socket.header("Sec-WebSocket-Protocol") == "graphql-transport-ws"

    @clause("Communication/1", "the subprotocol is graphql-transport-ws")
    @pytest.mark.parametrize("offered", ["graphql-ws", "graphql-transport-ws2", None])
    @pytest.mark.filterwarnings("ignore")
    async def test_no_other_subprotocol(self, dial: Dial, url: str, offered: str | None) -> None:
        other = await dial(url, sec_websocket_protocol=offered)
        assert await other.closed() == Closed(4406, "Subprotocol not acceptable")

    @clause("Communication/2", "messages are JSON in text; binary frames are not")
    async def test_binary(self, ready: RawSocket) -> None:
        await ready.send(frame(Opcode.BINARY, json.dumps(PING).encode()))
        assert await ready.closed() == Closed(4400, "Binary frames are not part of the protocol")

    @clause("Communication/3", "operations with ids of their own are active at any time, and interleaved")
    async def test_interleaved(self, ready: RawSocket) -> None:
        for ident in ("1", "2"):
            await follow(ready, ident)
        await ready.say(subscribe("3", TYPENAME), change("4"), subscribe("5", "{"))
        heard = [await ready.hear() for _ in range(7)]
        types = {ident: [one["type"] for one in heard if one["id"] == ident] for ident in "12345"}
        assert types == {
            "1": ["next"],
            "2": ["next"],
            "3": ["next", "complete"],
            "4": ["next", "complete"],
            "5": ["error"],
        }

    @clause("Communication/4", "the server may close at any time, and says why by the close event")
    async def test_the_server_closes(self, dial: Dial) -> None:
        async with serving() as edge:
            socket = await dial(edge.graphql)
            closing = asyncio.get_running_loop().create_task(edge.runner.cleanup())
            assert await socket.closed() == Closed(1012, "Service restart")
            await closing

    @clause("Communication/5", "the client closes with 1000, and that ends everything")
    async def test_the_client_closes(self, fake_ready: RawSocket, fake: Edge) -> None:
        await fake_ready.say(subscribe("1", "subscription { ticks }"))
        await fake_ready.hear()
        await fake_ready.send(close(1000, b"Normal Closure"))
        assert await fake_ready.closed() == Closed(1000)
        await until(lambda: len(fake.groups) == 0 and len(fake.sockets) == 0)


class TestConnectionInit:
    @clause("ConnectionInit/1", "if it does not come in time, the socket is closed with 4408")
    async def test_in_time(self, dial: Dial) -> None:
        async with serving(SessionLimits(init_seconds=0.1)) as edge:
            socket = await dial(edge.graphql)
            # Other messages do not put it off.
            await socket.say(PING)
            assert await socket.hear() == PONG
            assert await socket.closed() == Closed(4408, "Connection initialisation timeout")

    @clause("ConnectionInit/2", "more than one closes the socket with 4429, at any time")
    async def test_only_once(self, ready: RawSocket) -> None:
        await follow(ready, "1")
        await ready.say(INIT)
        assert await ready.closed() == Closed(4429, "Too many initialisation requests")

    @clause("ConnectionInit/2", "more than one closes the socket with 4429, at any time")
    async def test_not_even_together(self, socket: RawSocket) -> None:
        await socket.say(INIT, INIT)
        assert (await socket.closed()).code == 4429

    @clause("ConnectionInit/3", "whom the server rejects it closes with 4403")
    @pytest.mark.parametrize(
        "payload",
        [
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": ""},
            {"Authorization": 1},
            {"Authorization": ["x"]},
        ],
        ids=["none", "wrong", "empty", "number", "array"],
    )
    async def test_rejected(self, socket: RawSocket, payload: Json) -> None:
        await socket.say({"type": "connection_init", "payload": payload}, subscribe("1"))
        assert await socket.closed() == Closed(4403, "Forbidden")

    @clause(
        "ConnectionInit/4", "its payload may be null or missing: a client without one is one without a token"
    )
    @pytest.mark.parametrize("message", [{}, {"payload": None}], ids=["missing", "null"])
    async def test_without_payload(self, socket: RawSocket, message: Json) -> None:
        await socket.say({"type": "connection_init", **message})
        assert await socket.closed() == Closed(4403, "Forbidden")

    @clause("ConnectionAck/1", "is the answer to a connection_init, and then operations are welcome")
    async def test_acknowledged(self, socket: RawSocket) -> None:
        await socket.say(INIT)
        assert await socket.hear() == ACK
        await socket.say(subscribe("1", TYPENAME))
        assert await socket.hear() == {
            "id": "1",
            "type": "next",
            "payload": {"data": {"__typename": "Query"}},
        }

    @clause("ConnectionInit/5", "members that the protocol does not know are no error")
    async def test_more_members(self, socket: RawSocket) -> None:
        await socket.say({**INIT, "extensions": {"x": 1}, "id": 7})
        assert await socket.hear() == ACK


class TestPing:
    @clause("Ping/1", "a pong is sent in response, with the payload of the ping")
    @pytest.mark.parametrize(
        "payload",
        [{}, {"x": ["é", 1, None, {"y": "🙂"}]}, {"x": 2**64, "y": -(2**63) - 1}, {"x": "\x00"}, {"x": "y" * 200_000}],
        ids=["empty", "nested", "big-integers", "control-character", "large"],
    )  # fmt: skip
    async def test_payload(self, socket: RawSocket, payload: Json) -> None:
        await socket.say({**PING, "payload": payload})
        assert await socket.hear() == {"type": "pong", "payload": payload}

    @clause("Ping/2", "its payload may be null or missing")
    @pytest.mark.parametrize("message", [{}, {"payload": None}], ids=["missing", "null"])
    async def test_without_payload(self, socket: RawSocket, message: Json) -> None:
        await socket.say({**PING, **message})
        assert await socket.hear() == PONG

    @clause("Ping/3", "it may be sent at any time")
    async def test_at_any_time(self, socket: RawSocket) -> None:
        await socket.say(PING, INIT, PING)
        assert [await socket.hear() for _ in range(3)] == [PONG, ACK, PONG]
        await follow(socket, "1")
        await socket.say(PING)
        assert await socket.hear() == PONG
        await still_lives(socket, "1")

    @clause("Pong/1", "it may be sent at any time, unsolicited, and is not answered")
    @pytest.mark.parametrize("message", [{}, {"payload": None}, {"payload": {"x": 1}}])
    async def test_unsolicited_pong(self, socket: RawSocket, message: Json) -> None:
        pong = {"type": "pong", **message}
        await socket.say(pong, INIT, pong)
        assert await socket.hear() == ACK
        await socket.say(pong, PING)
        assert await socket.hear() == PONG


class TestSubscribe:
    @clause("Subscribe/1", "the id connects what is said to the operation that it was requested by")
    @pytest.mark.parametrize(
        "ident", ["1", "ä🙂\n", "x" * 256, '"}'], ids=["short", "unicode", "long", "quotes"]
    )
    async def test_id(self, ready: RawSocket, ident: str) -> None:
        await ready.say(subscribe(ident, TYPENAME))
        assert [(await ready.hear())["id"] for _ in range(2)] == [ident, ident]

    @clause("Subscribe/2", "an id that is active closes the socket with 4409, whatever operations they are")
    @pytest.mark.parametrize(
        "query", [STREAM, TYPENAME, "{", CHANGE], ids=["stream", "query", "error", "mutation"]
    )
    async def test_active_id(self, ready: RawSocket, query: str) -> None:
        await follow(ready, "1")
        await ready.say(subscribe("1", query))
        assert await ready.closed() == Closed(4409, "Subscriber for 1 already exists")

    @clause("Subscribe/2", "an id that is active closes the socket with 4409, whatever operations they are")
    async def test_active_id_of_a_single_result(self, fake_ready: RawSocket) -> None:
        await fake_ready.say(subscribe("1", "{ slow }"), subscribe("1", "{ hello }"))
        assert await fake_ready.closed() == Closed(4409, "Subscriber for 1 already exists")

    @clause("Subscribe/2", "an id that is active closes the socket with 4409, whatever operations they are")
    async def test_active_id_of_a_stream_that_begins(self, ready: RawSocket) -> None:
        await ready.say(subscribe("1"), subscribe("1"))
        assert (await ready.closed()).code == 4409

    @clause("Subscribe/3", "once an operation is over its id is free")
    async def test_id_again(self, ready: RawSocket) -> None:
        for query, types in ((TYPENAME, ["next", "complete"]), ("{", ["error"]), (CHANGE, ["error"])):
            for _ in range(2):
                await ready.say(subscribe("1", query))
                assert [(await ready.hear())["type"] for _ in types] == types
        for _ in range(2):
            await follow(ready, "1")
            await ready.say(complete("1"))

    @clause("Subscribe/4", "operationName, variables and extensions may be null or missing")
    async def test_null_members(self, ready: RawSocket) -> None:
        await ready.say(subscribe("1", TYPENAME, operationName=None, variables=None, extensions=None))
        assert (await ready.hear())["payload"] == {"data": {"__typename": "Query"}}

    @clause("Subscribe/5", "operationName says which operation of a document is meant")
    async def test_operation_name(self, ready: RawSocket) -> None:
        document = "query A { a: __typename } query B { b: __typename }"
        await ready.say(subscribe("1", document, operationName="B"))
        assert (await ready.hear())["payload"] == {"data": {"b": "Query"}}

    @clause("Subscribe/6", "of several operations none is carried out that is not named")
    @pytest.mark.parametrize("name", [{}, *({"operationName": name} for name in (None, "C", ""))])
    async def test_several_operations(self, ready: RawSocket, name: Json) -> None:
        await follow(ready, "1")
        document = f"{CHANGE} {CHANGE.replace('A', 'B', 1)}"
        await ready.say(subscribe("2", document, variables={"name": "never"}, **name))
        told = await ready.hear()
        assert (told["id"], told["type"]) == ("2", "error")
        assert told["payload"][0]["extensions"]["code"] == "OPERATION_RESOLUTION_FAILURE"
        await still_lives(ready, "1")

    @clause(
        "Subscribe/7", "before the acknowledgement it closes the socket with 4401, and nothing is carried out"
    )
    @pytest.mark.parametrize("query", ["{ hello }", "mutation { touch }", "subscription { ticks }", "{"])
    async def test_before_the_acknowledgement(self, dial: Dial, fake: Edge, query: str) -> None:
        before = len(fake.operations.requests)
        socket = await dial(fake.graphql)
        await socket.say(subscribe("1", query))
        assert await socket.closed() == Closed(4401, "Unauthorized")
        assert len(fake.operations.requests) == before

    @clause("Subscribe/8", "one too many on a connection is an error of that one")
    async def test_one_too_many(self, dial: Dial) -> None:
        async with serving(SessionLimits(operations=1)) as edge:
            socket = await dial(edge.graphql)
            await socket.say(FAKE_INIT, subscribe("1", "subscription { ticks }"))
            assert await socket.hear() == ACK
            assert (await socket.hear())["type"] == "next"
            await socket.say(subscribe("2", "{ hello }"))
            told = await socket.hear()
            assert (told["id"], told["type"]) == ("2", "error")
            assert told["payload"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
            # Only when it is known that the client has completed the first.
            await socket.say(complete("1"), subscribe("2", "{ hello }"))
            assert [(await socket.hear())["type"] for _ in range(2)] == ["next", "complete"]


class TestResults:
    @clause("Next/1", "a single result is at most one next, and then complete")
    @pytest.mark.parametrize(
        "ask", [lambda ident: subscribe(ident, TYPENAME), change], ids=["query", "mutation"]
    )
    async def test_single_result(self, ready: RawSocket, ask: Callable[[str], Json]) -> None:
        await ready.say(ask("1"), ask("2"))
        heard = [await ready.hear() for _ in range(4)]
        for ident in "12":
            told = [message for message in heard if message["id"] == ident]
            assert [message["type"] for message in told] == ["next", "complete"]
            assert told[0]["payload"].keys() == {"data"}
            assert told[1] == complete(ident)

    @clause("Next/2", "a stream is next for each result, and complete after the last")
    async def test_a_stream_that_ends(self, fake_ready: RawSocket, fake: Edge) -> None:
        await fake_ready.say(subscribe("1", "subscription { ticks }", variables={"topic": "z"}))
        assert (await fake_ready.hear())["payload"]["data"].keys() == {"snapshot"}
        fake.hub.publish("z", "z!")
        assert [(await fake_ready.hear())["type"] for _ in range(3)] == ["next", "next", "complete"]

    @clause("Next/3", "an error of a field is in the result, and none of the operation")
    async def test_field_errors(self, fake_ready: RawSocket) -> None:
        await fake_ready.say(subscribe("1", "{ partial }"))
        told = await fake_ready.hear()
        assert (told["type"], told["payload"]) == (
            "next",
            {"data": {"partial": None}, "errors": [{"message": "no"}]},
        )
        assert await fake_ready.hear() == complete("1")

    @clause(
        "Error/1", "what cannot be carried out is an array of GraphQL errors for this id, no complete follows"
    )
    @clause("Error/2", "other operations and the socket are not concerned")
    @pytest.mark.parametrize(
        "payload",
        [
            {"query": "{"},
            {"query": ""},
            {"query": "\x00"},
            {"query": "{ }"},
            {"query": "{ nothing }"},
            {"query": "{" * 100_000},
            {"query": "{ campaigns(first: " + "9" * 100 + ") { __typename } }"},
            {"query": "query ($n: Int!) { campaigns(first: $n) { __typename } }"},
            {"query": "query ($n: Int!) { campaigns(first: $n) { __typename } }", "variables": {"n": 10**300}},
            {"query": "query ($n: Int!) { campaigns(first: $n) { __typename } }", "variables": {"n": {"x": []}}},
            {"query": "fragment F on Query { ...F } { ...F }"},
            {"query": "type A { a: Int }"},
            {"query": "subscription { __typename }"},
            {"query": "subscription { a: activity { __typename } b: activity { __typename } }"},
            {"query": 'subscription { activity(after: "x") { __typename } }'},
        ],
        ids=[
            "syntax", "empty", "control-character", "nothing", "unknown-field", "deep", "huge-literal", "no-variable",
            "huge-variable", "wrong-variable", "cycle", "definition", "introspection", "two-roots", "bad-cursor",
        ],
    )  # fmt: skip
    async def test_error(self, ready: RawSocket, payload: Json) -> None:
        await follow(ready, "1")
        await ready.say({"id": "2", "type": "subscribe", "payload": payload})
        told = await ready.hear()
        assert (told["id"], told["type"]) == ("2", "error")
        assert all(set(error) <= {"message", "locations", "path", "extensions"} for error in told["payload"])
        assert all(error["message"] for error in told["payload"])
        await still_lives(ready, "1")

    @clause(
        "Error/3", "an error of ours while a result is made ends the operation, and tells nothing of itself"
    )
    async def test_internal_error(self, fake_ready: RawSocket) -> None:
        await fake_ready.say(subscribe("1", "{ broken }"))
        told = await fake_ready.hear()
        assert told["type"] == "error"
        assert told["payload"][0]["extensions"]["code"] == "INTERNAL"
        assert "secret" not in json.dumps(told)


class TestComplete:
    @clause("Complete/1", "of the client ends the stream: nothing of it is sent any more")
    async def test_ends_a_stream(self, ready: RawSocket) -> None:
        await follow(ready, "1")
        await ready.say(complete("1"), change("2"), PING)
        heard = [await ready.hear() for _ in range(3)]
        assert "1" not in [message.get("id") for message in heard]

    @clause("Complete/2", "of the client before a single result is there keeps it from being sent")
    async def test_ends_a_query(self, fake_ready: RawSocket, fake: Edge) -> None:
        fake.operations.gate.clear()
        before = fake.operations.counts["slow"]
        await fake_ready.say(subscribe("1", "{ slow }"))
        await until(lambda: fake.operations.counts["slow"] > before)
        await fake_ready.say(complete("1"), PING)
        assert await fake_ready.hear() == PONG
        fake.operations.gate.set()
        await fake_ready.say(subscribe("1", "{ hello }"))
        assert (await fake_ready.hear())["payload"] == {"data": {"hello": "world"}}

    @clause("Complete/3", "of an operation that is over, or that never was, is ignored")
    async def test_unknown_ids(self, ready: RawSocket) -> None:
        await ready.say(subscribe("1", TYPENAME))
        assert [(await ready.hear())["type"] for _ in range(2)] == ["next", "complete"]
        await ready.say(complete("1"), complete("1"), complete("never"), PING)
        assert await ready.hear() == PONG

    @clause("Complete/3", "of an operation that is over, or that never was, is ignored")
    async def test_before_the_acknowledgement(self, socket: RawSocket) -> None:
        await socket.say(complete("1"), INIT)
        assert await socket.hear() == ACK


WRONG: list[tuple[str, str]] = [
    ("Message must be an object, not an array", "[]"),
    ("Message must be an object, not null", "null"),
    ("Message must be an object, not a string", '"ping"'),
    ("Message must be an object, not a number", "1"),
    ("Message must be an object, not a boolean", "true"),
    ("Message 'type' must be a string, not null", "{}"),
    ("Message 'type' must be a string, not a number", '{"type":1}'),
    ("Message 'type' must be a string, not an object", '{"type":{}}'),
    ("Unexpected message of type 'stop'", '{"type":"stop","id":"1"}'),
    ("Unexpected message of type ''", '{"type":""}'),
    ("Unexpected message of type 'PING'", '{"type":"PING"}'),
    *(
        (f"Unexpected message of type '{name}'", json.dumps({"type": name, "id": "1", "payload": {}}))
        for name in ("connection_ack", "next", "error", "start", "connection_terminate", "ka")
    ),
    *(
        (f"'payload' must be an object, not {kind}", json.dumps({"type": name, "payload": value}))
        for name in ("connection_init", "ping", "pong")
        for kind, value in (("a string", "x"), ("an array", []), ("a number", 0), ("a boolean", False))
    ),
    *(
        (f"'id' must be a string, not {kind}", json.dumps({"type": name, "id": value, "payload": {"query": "{a}"}}))
        for name in ("subscribe", "complete")
        for kind, value in (("null", None), ("a number", 1), ("an object", {}), ("an array", []), ("a boolean", True))
    ),
    ("'id' must not be empty", '{"type":"subscribe","id":"","payload":{"query":"{a}"}}'),
    ("'id' must not be empty", '{"type":"complete","id":""}'),
    ("'id' must be a string, not null", '{"type":"subscribe","payload":{"query":"{a}"}}'),
    ("'payload' must be an object, not null", '{"type":"subscribe","id":"1"}'),
    ("'payload' must be an object, not null", '{"type":"subscribe","id":"1","payload":null}'),
    ("'payload' must be an object, not a string", '{"type":"subscribe","id":"1","payload":"{a}"}'),
    ("'payload' must be an object, not an array", '{"type":"subscribe","id":"1","payload":[]}'),
    *(
        (f"'payload.{member}' must be {kind}", json.dumps(subscribe("1", **{"query": "{a}", member: value})))
        for member, kind, value in (
            ("query", "a string, not a number", 1),
            ("query", "a string, not an object", {}),
            ("operationName", "a string, not a number", 1),
            ("operationName", "a string, not an array", []),
            ("variables", "an object, not a string", "{}"),
            ("variables", "an object, not an array", [1]),
            ("extensions", "an object, not a boolean", True),
            ("extensions", "an object, not an array", []),
        )
    ),
    *(
        ("JSON is nested deeper than 128 levels", text)
        for text in ("[" * 100_000, '{"type":"ping","payload":' + '{"a":' * 200 + "1" + "}" * 201)
    ),
]  # fmt: skip
NOT_JSON = [
    "", " ", "x", "{", '{"type":"ping"', '{"type":"ping"}}', '{"type":"ping"}{"type":"ping"}', "{'type':'ping'}",
    '{"type":"ping",}', '\ufeff{"type":"ping"}', '{"type":"ping","payload":{"x":NaN}}',
    '{"type":"ping","payload":{"x":Infinity}}', '{"type":"ping","payload":{"x":-Infinity}}',
    '{"type":"ping","payload":{"x":1e999}}', '{"type":"ping","payload":{"x":01}}',
    '{"type":"ping","payload":{"x":' + "9" * 5000 + "}}", '{"type":"ping","payload":{"x":"\n"}}',
    '{"type":"ping","payload":{"x":"\\ud800"}}', '{"type":"pi\\ud800"}', '{"type":"ping"} // why not',
]  # fmt: skip


class TestInvalidMessage:
    @pytest.mark.parametrize(
        ("reason", "message"),
        [pytest.param(*each, id=f"{number}") for number, each in enumerate(WRONG)],
    )
    @clause(
        "InvalidMessage/1", "a message that the protocol does not have closes the socket at once with 4400"
    )
    @clause("InvalidMessage/2", "the reason says what is wrong with it")
    async def test_wrong(self, ready: RawSocket, reason: str, message: str) -> None:
        # What comes after it is not read.
        await ready.say(message, PING, change("9"))
        assert await ready.closed() == Closed(4400, reason)

    @pytest.mark.parametrize(
        "message", [pytest.param(each, id=f"{number}") for number, each in enumerate(NOT_JSON)]
    )
    @clause("InvalidMessage/3", "what is not JSON, to the letter of RFC 8259, closes the socket with 4400")
    async def test_not_json(self, ready: RawSocket, message: str) -> None:
        await ready.say(message, PING)
        ended = await ready.closed()
        assert ended.code == 4400
        assert ended.reason

    @clause("InvalidMessage/4", "no reason is longer than a close frame may be, nor cut inside a character")
    @pytest.mark.parametrize("character", ["x", "ä", "🙂", "\x00"], ids=["one", "two", "four", "control"])
    async def test_long_reasons(self, ready: RawSocket, character: str) -> None:
        await ready.say({"type": character * 200})
        ended = await ready.closed()
        assert ended.code == 4400
        assert ended.reason.startswith(f"Unexpected message of type '{character}")
        assert 119 < len(ended.reason.encode()) <= 123

    @clause("InvalidMessage/4", "no reason is longer than a close frame may be, nor cut inside a character")
    async def test_a_long_id(self, ready: RawSocket) -> None:
        ident = "ä" * 200
        await ready.say(subscribe(ident), subscribe(ident))
        assert await ready.closed() == Closed(4409, "Subscriber for " + "ä" * 54)

    @clause("InvalidMessage/5", "an id that is too long to be kept is refused")
    async def test_too_long_an_id(self, ready: RawSocket) -> None:
        await ready.say(subscribe("x" * 257))
        assert await ready.closed() == Closed(4400, "'id' must not be longer than 256 characters")

    @clause("InvalidMessage/6", "a socket that is closed for it is the only one")
    async def test_others(self, dial: Dial, url: str, ready: RawSocket) -> None:
        await follow(ready, "1")
        for message in ("[]", "[" * 100_000, NOT_JSON[-1]):
            other = await dial(url)
            await other.say(INIT, message)
            while (told := await other.frame()) is not None and told.opcode is Opcode.TEXT:
                pass
        await still_lives(ready, "1")
