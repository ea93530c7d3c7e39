"""What one client can take of a whole API process: each refusal names its limit, over HTTP and on a socket alike.

All of it is asked of one server that allows little. Each test is a principal of its own.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from core.clock import SystemClock
from core.settings import load
from graph.documents import sha256_id
from tests.servers.sqlite import migrated
from vocabulary.access import Role
from web.app import ApiProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUESTS, MUTATIONS, DOCUMENTS, CONNECTIONS, OPERATIONS, BODY, MESSAGE = 12, 2, 4, 2, 3, 4_096, 2_048
TRUSTED = "query Trusted { me { role } }"
LIVE = "subscription Live { activity { __typename } }"
TOUCH = {"query": 'mutation { deletePersona(input: {id: "none"}) { __typename } }'}
TYPENAME = {"query": "{ __typename }"}

numbers = itertools.count()


class Client:
    """One principal of the server."""

    def __init__(self, api: ApiProcess, http: aiohttp.ClientSession, token: str) -> None:
        self._http = http
        self.url = f"{api.url}/graphql"
        self.metrics_url = f"{api.url}/metrics"
        self.headers = {"Authorization": f"Bearer {token}"}

    async def post(self, body: Any, method: str = "POST", accept: str = "*/*") -> tuple[int, Any, Any]:
        """The status, the body and the headers of an answer."""
        headers = {**self.headers, "Accept": accept}
        async with self._http.request(method, self.url, json=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None), answer.headers

    async def get(self, **parameters: str) -> tuple[int, Any]:
        headers = {**self.headers, "Accept": "application/json"}
        async with self._http.get(self.url, params=parameters, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def connect(self) -> aiohttp.ClientWebSocketResponse:
        """A socket that has said who it is of."""
        socket = await self._http.ws_connect(self.url, protocols=["graphql-transport-ws"])
        await socket.send_json({"type": "connection_init", "payload": self.headers})
        return socket

    async def socket(self) -> aiohttp.ClientWebSocketResponse:
        """An acknowledged socket."""
        socket = await self.connect()
        assert (await socket.receive_json())["type"] == "connection_ack"
        return socket

    async def passed(self, limit: str) -> float:
        """How often the process says that a limit was passed."""
        async with self._http.get(self.metrics_url) as answer:
            line = f'heliograph_limits_passed_total{{limit="{limit}"}} '
            return float((await answer.text()).partition(line)[2].partition("\n")[0])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ApiProcess]:
    folder: Path = tmp_path_factory.mktemp("limits")
    documents = folder / "documents.json"
    documents.write_text(json.dumps({sha256_id(text): text for text in (TRUSTED, LIVE)}))
    settings = load(
        database_url=await migrated(folder / "heliograph.db"),
        port=0,
        secret_key_file=folder / "heliograph.key",
        bootstrap_token="a-token-of-the-test",
        principal_requests=REQUESTS,
        principal_mutations=MUTATIONS,
        principal_documents=DOCUMENTS,
        principal_connections=CONNECTIONS,
        connection_operations=OPERATIONS,
        body_bytes=BODY,
        message_bytes=MESSAGE,
        documents_file=documents,
        introspection=False,
    )
    async with ApiProcess.open(settings, SystemClock()) as api:
        yield api


@pytest_asyncio.fixture(loop_scope="module")
async def client(server: ApiProcess) -> AsyncIterator[Client]:
    name = f"client {next(numbers)}"
    await server.services.principals.create(name, Role.OPERATOR)
    token, _ = await server.services.principals.create_token(name, "a token", Role.OPERATOR)
    async with aiohttp.ClientSession() as http:
        yield Client(server, http, token)


def told(body: Any) -> dict[str, Any]:
    (error,) = body["errors"]
    extensions: dict[str, Any] = error["extensions"]
    return extensions


async def asked(socket: aiohttp.ClientWebSocketResponse, payload: Any, ident: str = "a") -> Any:
    """The first message about an operation."""
    await socket.send_json({"id": ident, "type": "subscribe", "payload": payload})
    while (message := await socket.receive_json())["id"] != ident:
        pass
    return message


@pytest.mark.effect("setting.principal_requests")
async def test_principal_requests(client: Client) -> None:
    before = await client.passed("principalRequests")
    socket = await client.socket()
    for number in range(REQUESTS - 1):
        assert (await client.post(TYPENAME))[0] == 200, number
    assert (await asked(socket, TYPENAME))["type"] == "next"
    status, body, headers = await client.post({"query": "{ nothing }"})
    extensions = told(body)
    wait = extensions.pop("retryAfterSeconds")
    assert (status, extensions) == (
        429,
        {
            "code": "RATE_LIMITED",
            "limit": REQUESTS,
            "limitName": "principalRequests",
            "retryable": True,
        },
    )
    assert 0 < wait <= 60 / REQUESTS
    assert wait <= int(headers["Retry-After"]) < wait + 1
    message = await asked(socket, {"query": LIVE}, "b")
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["limitName"] == "principalRequests"
    assert await client.passed("principalRequests") == before + 2
    await socket.close()


@pytest.mark.effect("setting.principal_mutations")
async def test_principal_mutations(client: Client) -> None:
    before = await client.passed("principalMutations")
    socket = await client.socket()
    assert [(await client.post(TOUCH))[0] for _ in range(MUTATIONS)] == [200, 200]
    status, body, headers = await client.post(TOUCH)
    assert (status, told(body)["code"], told(body)["limitName"]) == (
        429,
        "RATE_LIMITED",
        "principalMutations",
    )
    assert int(headers["Retry-After"]) >= 1
    message = await asked(socket, TOUCH)
    assert message["payload"][0]["extensions"]["limitName"] == "principalMutations"
    # Who may change nothing for a while may still ask.
    assert (await client.post(TYPENAME))[0] == 200
    assert await client.passed("principalMutations") == before + 2
    await socket.close()


async def test_each_mutation_of_an_operation_is_one(client: Client) -> None:
    """By alias, by fragment or once more by the same name, over HTTP and on a socket."""
    fields = " ".join(
        f'a{number}: deletePersona(input: {{id: "none"}}) {{ __typename }}' for number in range(MUTATIONS)
    )
    many = {"query": f"mutation {{ ...f {fields} }} fragment f on Mutation {{ {fields} b: __typename }}"}
    assert told((await client.post(many))[1])["limitName"] == "principalMutations"
    socket = await client.socket()
    message = await asked(socket, many)
    assert message["payload"][0]["extensions"]["limitName"] == "principalMutations"
    assert (await client.post({"query": f"mutation {{ {fields} {fields} }}"}))[0] == 200
    await socket.close()


@pytest.mark.effect("setting.principal_documents")
async def test_principal_documents(client: Client) -> None:
    before = await client.passed("principalDocuments")
    socket = await client.socket()
    fresh = [{"query": f"{{ a{number}: nothing }}"} for number in range(DOCUMENTS + 2)]
    for each in fresh[:DOCUMENTS]:
        assert told((await client.post(each))[1])["code"] == "GRAPHQL_VALIDATION_FAILED"
    status, body, headers = await client.post(fresh[DOCUMENTS])
    assert (status, told(body)["code"], told(body)["limitName"]) == (
        429,
        "RATE_LIMITED",
        "principalDocuments",
    )
    assert int(headers["Retry-After"]) >= 1
    message = await asked(socket, fresh[DOCUMENTS + 1])
    assert message["payload"][0]["extensions"]["limitName"] == "principalDocuments"
    # What is known, whoever has sent it first, and what is refused unread cost nothing.
    assert (await client.post(TYPENAME))[0] == 200
    assert told((await client.post({"documentId": "a"}))[1])["code"] == "PERSISTED_DOCUMENT_NOT_FOUND"
    assert await client.passed("principalDocuments") == before + 2
    await socket.close()


@pytest.mark.effect("setting.principal_connections")
async def test_principal_connections(client: Client) -> None:
    before = await client.passed("principalConnections")
    sockets = [await client.socket() for _ in range(CONNECTIONS)]
    crowded = await client.connect()
    message = await crowded.receive()
    reason = f"You have {CONNECTIONS} connections, and may not have more at a time."
    assert (message.type, message.data, message.extra) == (aiohttp.WSMsgType.CLOSE, 4513, reason)
    for method, accept in (("POST", "text/event-stream"), ("PUT", "text/plain")):
        status, body, headers = await client.post({"query": LIVE}, method, accept)
        assert (status, headers["Retry-After"]) == (429, "5")
        assert told(body) == {
            "code": "RATE_LIMITED",
            "limit": CONNECTIONS,
            "limitName": "principalConnections",
            "retryable": True,
            "retryAfterSeconds": 5.0,
        }
    assert await client.passed("principalConnections") == before + 3
    # Whoever does not stay is not counted, and one who leaves makes room.
    assert (await client.post(TYPENAME))[0] == 200
    await sockets.pop().close()
    async with asyncio.timeout(30):
        while (await (in_its_place := await client.connect()).receive()).type is not aiohttp.WSMsgType.TEXT:
            await in_its_place.close()
    for socket in (*sockets, in_its_place):
        await socket.close()


@pytest.mark.effect("setting.connection_operations")
async def test_connection_operations(client: Client) -> None:
    before = await client.passed("connectionOperations")
    socket = await client.socket()
    for number in range(OPERATIONS):
        await socket.send_json({"id": str(number), "type": "subscribe", "payload": {"query": LIVE}})
    message = await asked(socket, TYPENAME, "one more")
    assert (message["type"], message["payload"][0]["extensions"]) == (
        "error",
        {"code": "LIMIT_EXCEEDED", "limit": OPERATIONS, "limitName": "connectionOperations"},
    )
    await socket.send_json({"id": "0", "type": "complete"})
    assert (await asked(socket, TYPENAME, "in its place"))["type"] == "next"
    assert await client.passed("connectionOperations") == before + 1
    await socket.close()


@pytest.mark.effect("setting.body_bytes")
async def test_body_bytes(client: Client) -> None:
    before = await client.passed("bodyBytes")
    small = {"query": "{ __typename }", "extensions": {"x": "x" * (BODY - 100)}}
    large = {"query": "{ __typename }", "extensions": {"x": "x" * BODY}}
    assert (await client.post(small))[0] == 200
    status, body, _ = await client.post(large)
    assert (status, told(body)) == (
        413,
        {"code": "LIMIT_EXCEEDED", "limit": BODY, "limitName": "bodyBytes"},
    )
    assert await client.passed("bodyBytes") == before + 1


@pytest.mark.effect("setting.message_bytes")
async def test_message_bytes(client: Client) -> None:
    before = await client.passed("messageBytes")
    socket = await client.socket()
    await socket.send_str('{"type":"ping"}'.rjust(MESSAGE))
    assert await socket.receive_json() == {"type": "pong"}
    await socket.send_str('{"type":"ping"}'.rjust(MESSAGE + 1))
    message = await socket.receive()
    reason = f"A message must not exceed {MESSAGE} bytes (messageBytes)"
    assert (message.type, message.data, message.extra) == (aiohttp.WSMsgType.CLOSE, 1009, reason)
    await socket.close()
    async with asyncio.timeout(30):
        while await client.passed("messageBytes") == before:
            pass
    assert await client.passed("messageBytes") == before + 1


@pytest.mark.effect("setting.documents_file")
async def test_documents_file(client: Client) -> None:
    ident = sha256_id(TRUSTED)
    answer = {"data": {"me": {"role": "OPERATOR"}}}
    assert (await client.post({"documentId": ident}))[:2] == (200, answer)
    assert await client.get(documentId=ident, operationName="Trusted") == (200, answer)
    apollo = {"persistedQuery": {"version": 1, "sha256Hash": ident.partition(":")[2]}}
    assert (await client.post({"extensions": apollo}))[:2] == (200, answer)
    assert await client.get(extensions=json.dumps(apollo)) == (200, answer)
    _, body, _ = await client.post({"documentId": "sha256:0"})
    assert told(body) == {"code": "PERSISTED_DOCUMENT_NOT_FOUND"}
    socket = await client.socket()
    assert (await asked(socket, {"documentId": ident}))["payload"] == answer
    missing = await asked(socket, {"documentId": "sha256:0"}, "b")
    assert missing["payload"][0]["extensions"] == {"code": "PERSISTED_DOCUMENT_NOT_FOUND"}
    opening = await asked(socket, {"documentId": sha256_id(LIVE)}, "c")
    assert (opening["type"], opening["payload"]["data"]) == (
        "next",
        {"activity": {"__typename": "ActivitySnapshot"}},
    )
    await socket.close()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"documentId": 1}, "'documentId' must be a string, not a number."),
        (
            {"documentId": "a", "query": "{ __typename }"},
            "'documentId' stands in place of 'query': send one of them.",
        ),
        (
            {"extensions": {"persistedQuery": []}},
            "'extensions.persistedQuery' must be an object, not an array.",
        ),
        (
            {"extensions": {"persistedQuery": {"version": 1}}},
            "'extensions.persistedQuery.sha256Hash' must be a string, not null.",
        ),
        ({}, "'query' must be a string, not null."),
    ],
)
async def test_an_id_of_another_shape_is_no_request(client: Client, body: Any, message: str) -> None:
    status, found, _ = await client.post(body)
    assert (status, found["errors"][0]["message"]) == (400, message)


@pytest.mark.effect("setting.introspection")
async def test_introspection(client: Client) -> None:
    _, body, _ = await client.post({"query": "{ __schema { description } }"})
    assert told(body) == {"code": "INTROSPECTION_DISABLED"}
    assert "Introspection is turned off on this server" in body["errors"][0]["message"]
    assert (await client.post(TYPENAME))[1] == {"data": {"__typename": "Query"}}
    filtered = "query ($f: CampaignFilter) { campaigns(filter: $f) { totalCount } }"
    for given in ({"serch": "x"}, {"statuses": ["RUNNIN"]}):
        _, body, _ = await client.post({"query": filtered, "variables": {"f": given}})
        assert told(body)["code"] == "BAD_USER_INPUT"
        assert "Did you mean" not in body["errors"][0]["message"]


@pytest.mark.effect("setting.documents_only")
async def test_documents_only(tmp_path: Path) -> None:
    documents = tmp_path / "documents.json"
    documents.write_text(json.dumps({sha256_id(TRUSTED): TRUSTED}))
    settings = load(
        database_url=await migrated(tmp_path / "heliograph.db"),
        port=0,
        secret_key_file=tmp_path / "heliograph.key",
        bootstrap_token="a-token-of-the-test",
        documents_file=documents,
        documents_only=True,
    )
    async with ApiProcess.open(settings, SystemClock()) as api, aiohttp.ClientSession() as http:
        client = Client(api, http, "a-token-of-the-test")
        answer = {"data": {"me": {"role": "ADMIN"}}}
        for body in ({"documentId": sha256_id(TRUSTED)}, {"query": TRUSTED}):
            assert (await client.post(body))[1] == answer
        assert told((await client.post(TYPENAME))[1]) == {"code": "PERSISTED_DOCUMENT_REQUIRED"}
        socket = await client.socket()
        message = await asked(socket, {"query": LIVE})
        assert message["payload"][0]["extensions"] == {"code": "PERSISTED_DOCUMENT_REQUIRED"}
        await socket.close()
