"""How far the slowest subscribers are behind, at real sockets."""

from tests.fakes.edge import Edge
from tests.integration.waiting import until
from tests.unit.web.test_peers import BIG, LOOP_BUFFERS, follow

EVENTS = LOOP_BUFFERS // BIG


def lag(edge: Edge) -> float | None:
    return edge.sample("slowest_member_lag_events", field="ticks")


async def test_a_client_that_does_not_read_is_seen(edge: Edge) -> None:
    assert lag(edge) is None
    frozen, brisk = await follow(edge, BIG), await follow(edge)
    edge.hub.publish(*"a" * EVENTS)
    for position in range(1, EVENTS + 1):
        assert f'"event":{position}' in (await brisk.receive(30)).data
    # What its system took for it counts as handed over, and that is never all of so much.
    await until(lambda: 0 < (lag(edge) or 0) < EVENTS)
    edge.hub.publish(*"a" * EVENTS)
    for _ in range(EVENTS):
        await brisk.receive(30)
    assert EVENTS < (lag(edge) or 0) < 2 * EVENTS
    while f'"event":{2 * EVENTS}' not in (await frozen.receive(30)).data:
        pass
    await until(lambda: lag(edge) == 0)


async def test_nothing_is_told_of_a_field_that_nobody_follows_any_more(edge: Edge) -> None:
    client = await follow(edge)
    assert lag(edge) == 0
    await client.close()
    await until(lambda: lag(edge) is None)
