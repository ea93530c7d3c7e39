"""graphql-sse, distinct connections mode, over HTTP."""

from typing import Any

import msgspec
import pytest
from aiohttp import ClientResponse

from core.tasks import Owner
from live import close_codes
from tests.fakes.edge import Edge, serving
from tests.fakes.operations import TOKEN
from tests.integration.waiting import until
from web.pulse import Patience

EVENTS = "text/event-stream"
TICKS = "subscription { ticks }"


async def listen(edge: Edge, query: str = TICKS, accept: str = EVENTS, **headers: str) -> ClientResponse:
    sent = {"Authorization": TOKEN, "Accept": accept, **headers}
    return await edge.client.get(edge.graphql, params={"query": query}, headers=sent)


async def part(response: ClientResponse) -> str:
    """The next event or comment, without its end."""
    return (await response.content.readuntil(b"\n\n")).decode().removesuffix("\n\n")


def event(kind: str, position: int) -> str:
    return f'event: next\nid: c{position}\ndata: {{"data":{{"{kind}":{position}}}}}'


@pytest.fixture
async def response(edge: Edge) -> Any:
    return await listen(edge)


async def test_headers_come_at_once_and_keep_caches_away(edge: Edge, response: ClientResponse) -> None:
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Request-ID"]
    assert await part(response) == "retry: 1000"


async def test_snapshot_events_and_complete(edge: Edge, response: ClientResponse) -> None:
    assert [await part(response) for _ in range(2)] == ["retry: 1000", event("snapshot", 0)]
    edge.hub.publish("a!")
    assert await part(response) == event("event", 1)
    assert await part(response) == "event: complete\ndata:"
    assert await response.read() == b""


async def test_last_event_id_resumes(edge: Edge) -> None:
    edge.hub.publish(*"aaa")
    response = await listen(edge, **{"Last-Event-ID": "c1"})
    assert [await part(response) for _ in range(3)] == ["retry: 1000", event("event", 2), event("event", 3)]


async def test_by_post_too(edge: Edge) -> None:
    headers = {"Authorization": TOKEN, "Accept": EVENTS}
    response = await edge.client.post(edge.graphql, json={"query": TICKS}, headers=headers)
    assert [await part(response) for _ in range(2)] == ["retry: 1000", event("snapshot", 0)]


async def test_a_single_result_is_next_and_complete(edge: Edge) -> None:
    response = await listen(edge, "{ hello }")
    assert (await response.text()).split("\n\n")[1:3] == [
        'event: next\ndata: {"data":{"hello":"world"}}',
        "event: complete\ndata:",
    ]


@pytest.mark.parametrize("query", ["{", "{ nothing }", "subscription { forbidden }"])
async def test_what_is_rejected_is_a_result_and_complete(edge: Edge, query: str) -> None:
    response = await listen(edge, query)
    assert response.status == 200
    _, first, second, _ = (await response.text()).split("\n\n")
    assert list(msgspec.json.decode(first.removeprefix("event: next\ndata: "))) == ["errors"]
    assert second == "event: complete\ndata:"


async def test_a_client_that_merely_lists_event_streams_gets_json_for_a_query(edge: Edge) -> None:
    response = await listen(
        edge, "{ hello }", f"application/graphql-response+json, {EVENTS}, multipart/mixed"
    )
    assert response.content_type == "application/graphql-response+json"


async def test_and_an_event_stream_for_a_subscription(edge: Edge) -> None:
    response = await listen(edge, TICKS, f"application/graphql-response+json, {EVENTS}")
    assert response.content_type == EVENTS


@pytest.mark.parametrize("accept", ["application/json", "*/*"])
async def test_a_subscription_without_event_streams_is_406(edge: Edge, accept: str) -> None:
    response = await listen(edge, TICKS, accept)
    assert response.status == 406
    assert len(edge.groups) == 0


async def test_nobody_that_is_known_is_401(edge: Edge) -> None:
    assert (await listen(edge, Authorization="Bearer wrong")).status == 401


async def test_a_mutation_by_get_is_405(edge: Edge) -> None:
    assert (await listen(edge, "mutation { touch }")).status == 405


async def test_silence_is_broken_by_comments() -> None:
    async with serving(patience=Patience(ping_seconds=0.05)) as edge:
        response = await listen(edge)
        assert [await part(response) for _ in range(4)] == ["retry: 1000", event("snapshot", 0), ":", ":"]


async def test_a_reader_that_goes_away_ends_its_group(edge: Edge, response: ClientResponse) -> None:
    await part(response)
    response.close()
    await until(lambda: len(edge.groups) == 0)
    await until(lambda: len(edge.groups.owner) == 0)


async def test_a_server_that_stops_ends_the_stream_without_complete(
    edge: Edge, response: ClientResponse
) -> None:
    assert [await part(response) for _ in range(2)] == ["retry: 1000", event("snapshot", 0)]
    await edge.runner.cleanup()
    assert await response.read() == b""


async def test_a_token_that_ends_ends_the_stream_without_complete(
    edge: Edge, response: ClientResponse
) -> None:
    assert [await part(response) for _ in range(2)] == ["retry: 1000", event("snapshot", 0)]
    await edge.stays.expel(close_codes.FORBIDDEN, "Token revoked")
    edge.hub.publish("a")
    assert await response.read() == b""
    assert edge.stays.begun == []


async def test_one_that_ends_while_the_stream_is_opened_ends_it_at_once(edge: Edge) -> None:
    edge.operations.deaf = True
    async with Owner("test") as owner:
        opening = owner.start(listen(edge), "listen")
        await until(lambda: len(edge.operations.callers) == 1)
        [stay] = edge.stays.begun
        await edge.stays.expel(close_codes.FORBIDDEN, "Token revoked")
        edge.operations.gate.set()
        response = await opening
        assert await part(response) == "retry: 1000"
        assert await response.read() == b""
        assert stay.ended
