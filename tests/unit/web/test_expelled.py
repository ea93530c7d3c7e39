"""Whose token has ended is let go of, whatever they are connected by, and although they take nothing."""

from live import close_codes
from tests.fakes.edge import Edge
from tests.fakes.operations import TOKEN
from tests.integration.waiting import until
from tests.unit.web.test_peers import BIG, LOOP_BUFFERS, follow, follow_events
from web.single_connection import TOKEN_HEADER


async def fill(edge: Edge) -> None:
    """Send more than the kernel keeps, and wait until no more is taken."""
    edge.hub.publish(*"a" * (LOOP_BUFFERS // BIG))
    await until(lambda: bool(edge.sample("frame_bytes_delivered_total", field="ticks")))


async def test_a_socket_that_takes_nothing(edge: Edge) -> None:
    client = await follow(edge, BIG)
    await fill(edge)
    await edge.stays.expel(close_codes.FORBIDDEN, "Token revoked")
    await until(lambda: len(edge.peers) == 0)
    server = edge.runner.server
    assert server is not None
    await until(lambda: len(server.connections) == 0)
    await client.close()


async def test_an_event_stream_that_takes_nothing(edge: Edge) -> None:
    response = await follow_events(edge, BIG)
    await fill(edge)
    await edge.stays.expel(close_codes.FORBIDDEN, "Token revoked")
    await until(lambda: len(edge.peers) == 0)
    response.close()


async def reserve(edge: Edge) -> dict[str, str]:
    """The headers that stand for a reservation."""
    async with edge.client.put(edge.graphql, headers={"Authorization": TOKEN}) as answer:
        assert answer.status == 201
        return {"Authorization": TOKEN, TOKEN_HEADER: await answer.text()}


async def test_a_reservation_that_nobody_has_come_for(edge: Edge) -> None:
    headers = await reserve(edge)
    await edge.stays.expel(close_codes.FORBIDDEN, "Token revoked")
    assert (len(edge.reservations), edge.stays.begun) == (0, [])
    async with edge.client.get(edge.graphql, headers={**headers, "Accept": "text/event-stream"}) as answer:
        assert answer.status == 404


async def test_an_event_stream_that_several_operations_share(edge: Edge) -> None:
    headers = await reserve(edge)
    response = await edge.client.get(edge.graphql, headers={**headers, "Accept": "text/event-stream"})
    body = {"query": "subscription { ticks }", "extensions": {"operationId": "1"}}
    async with edge.client.post(edge.graphql, json=body, headers=headers) as answer:
        assert answer.status == 202
    assert len(edge.groups) == 1
    await edge.stays.expel(close_codes.FORBIDDEN, "Token revoked")
    edge.hub.publish("a")
    assert b"complete" not in await response.read()
    assert (len(edge.groups), len(edge.reservations), edge.stays.begun) == (0, 0, [])
