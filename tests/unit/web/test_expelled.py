"""Whose token has ended and who takes nothing is dropped, so that nothing that was sent before comes to them late."""

from live import close_codes
from tests.fakes.edge import Edge
from tests.integration.waiting import until
from tests.unit.web.test_peers import BIG, LOOP_BUFFERS, follow, follow_events


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
