"""No answer names a version of anything, and nobody on the way may keep what GraphQL answers."""

import asyncio
from typing import Any

import aiohttp
import pytest
from multidict import CIMultiDictProxy
from yarl import URL

from tests.fakes.edge import Edge
from tests.fakes.operations import TOKEN

ASKING = {"Authorization": TOKEN}
QUERY = {"query": "{ hello }"}
Answer = tuple[int, CIMultiDictProxy[str]]


async def answer(edge: Edge, method: str, path: str, /, accept: str, **more: Any) -> Answer:
    headers = {**ASKING, "Accept": accept}
    async with edge.client.request(method, f"{edge.url}{path}", headers=headers, **more) as found:
        return found.status, found.headers


@pytest.mark.parametrize(
    ("method", "path", "accept", "more", "status"),
    [
        ("GET", "/healthz", "*/*", {}, 200),
        ("GET", "/metrics", "*/*", {}, 200),
        ("GET", "/nowhere", "*/*", {}, 404),
        ("POST", "/metrics", "*/*", {}, 405),
        ("GET", "/graphql", "text/html", {}, 200),
        ("POST", "/graphql", "application/json", {"json": QUERY}, 200),
        ("POST", "/graphql", "text/event-stream", {"json": QUERY}, 200),
    ],
)
async def test_an_answer_names_the_server_and_no_version(
    edge: Edge, method: str, path: str, accept: str, more: dict[str, Any], status: int
) -> None:
    found, headers = await answer(edge, method, path, accept, **more)
    assert (found, headers.getall("Server")) == (status, ["Heliograph"])


async def test_a_socket_names_the_server_and_no_version(edge: Edge) -> None:
    async with edge.client.ws_connect(edge.graphql, protocols=["graphql-transport-ws"]) as socket:
        assert socket._response.headers.getall("Server") == ["Heliograph"]
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await edge.client.ws_connect(edge.graphql, headers={"Origin": "https://elsewhere.example"})
    assert refused.value.headers is not None
    assert refused.value.headers["Server"] == "Heliograph"


@pytest.mark.parametrize("head", ["nonsense\x00", f"GET /graphql?query={'x' * 20_000} HTTP/1.1\r\nHost: x"])
async def test_the_answer_to_a_head_that_cannot_be_read_names_no_version_and_is_not_kept(
    edge: Edge, head: str
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(edge.url).port)
    writer.write(f"{head}\r\n\r\n".encode("latin-1"))
    async with asyncio.timeout(30):
        lines = (await reader.read()).partition(b"\r\n\r\n")[0].split(b"\r\n")
    writer.close()
    assert [line for line in lines if line.lower().startswith(b"server:")] == [b"Server: Heliograph"]
    assert b"Cache-Control: no-store" in lines


@pytest.mark.parametrize(
    ("method", "accept", "more", "status"),
    [
        ("GET", "application/json", {"params": QUERY}, 200),
        ("HEAD", "application/json", {"params": QUERY}, 200),
        ("GET", "application/graphql-response+json", {"params": QUERY}, 200),
        ("POST", "application/json", {"json": QUERY}, 200),
        ("POST", "application/graphql-response+json", {"json": {"query": "{"}}, 400),
        ("POST", "application/json", {"data": b"{"}, 415),
        ("POST", "image/png", {"json": QUERY}, 406),
        ("PATCH", "application/json", {}, 405),
        ("POST", "text/event-stream", {"json": QUERY}, 200),
        ("PUT", "text/plain", {}, 201),
        ("DELETE", "application/json", {}, 404),
        ("PUT", "application/json", {}, 406),
    ],
)
async def test_nobody_may_keep_what_graphql_answers(
    edge: Edge, method: str, accept: str, more: dict[str, Any], status: int
) -> None:
    found, headers = await answer(edge, method, "/graphql", accept, **more)
    assert (found, headers.getall("Cache-Control")) == (status, ["no-store"])


async def test_nobody_may_keep_what_is_answered_to_operations_that_share_a_stream(edge: Edge) -> None:
    async with edge.client.put(edge.graphql, headers=ASKING) as reserved:
        token = await reserved.text()
    headers = {**ASKING, "X-GraphQL-Event-Stream-Token": token}
    body = {**QUERY, "extensions": {"operationId": "1"}}
    async with edge.client.post(edge.graphql, json=body, headers=headers) as accepted:
        assert (accepted.status, accepted.headers["Cache-Control"]) == (202, "no-store")
    async with edge.client.delete(edge.graphql, params={"operationId": "1"}, headers=headers) as stopped:
        assert (stopped.status, stopped.headers["Cache-Control"]) == (200, "no-store")
