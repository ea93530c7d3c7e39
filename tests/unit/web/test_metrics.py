import asyncio

from prometheus_client import CollectorRegistry

from tests.fakes.edge import Edge
from tests.fakes.operations import TOKEN
from tests.integration.waiting import until
from vocabulary.streams import FieldCounts
from web.metrics import Metrics


async def test_a_live_subscription_is_counted(edge: Edge) -> None:
    headers = {"Authorization": TOKEN, "Accept": "text/event-stream"}
    params = {"query": "subscription { ticks }"}
    response = await edge.client.get(edge.graphql, params=params, headers=headers)
    await until(lambda: edge.sample("frames_delivered_total", field="ticks") == 1)
    edge.hub.publish("a")
    await until(lambda: edge.sample("frames_delivered_total", field="ticks") == 2)
    assert edge.sample("subscriptions", field="ticks") == 1
    assert edge.sample("subscription_groups", field="ticks") == 1
    assert edge.sample("frame_bytes_delivered_total", field="ticks") == len(
        '{"data":{"snapshot":0}}{"data":{"event":1}}'
    )
    assert edge.sample("commit_to_socket_seconds_count", field="ticks") == 1
    response.close()
    await until(lambda: edge.sample("subscriptions", field="ticks") == 0)
    assert edge.sample("subscription_groups", field="ticks") == 0


async def test_tasks_are_counted_when_they_are_asked_for(edge: Edge) -> None:
    async def tasks() -> float:
        async with edge.client.get(f"{edge.url}/metrics") as response:
            assert "# TYPE heliograph_tasks gauge" in await response.text()
        found = edge.sample("tasks")
        assert found is not None
        return found

    before = await tasks()
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(asyncio.Event().wait()) for _ in range(3)]
        assert await tasks() == before + 3
        for each in waiting:
            each.cancel()
    assert await tasks() == before


def test_replays_and_resets_are_counted() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.replayed("ticks", 7)
    metrics.reset("ticks")
    samples = {
        name: registry.get_sample_value(f"heliograph_{name}_total", {"field": "ticks"})
        for name in ("replays", "replayed_frames", "stream_resets")
    }
    assert samples == {"replays": 1, "replayed_frames": 7, "stream_resets": 1}


def test_what_was_counted_is_told_by_field() -> None:
    metrics = Metrics(CollectorRegistry())
    assert metrics.by_field() == ()
    for _ in range(2):
        metrics.subscribed("activity")
    metrics.unsubscribed("activity")
    metrics.group_opened("activity")
    metrics.delivered("activity", 3, 300)
    metrics.replayed("activity", 2)
    metrics.reset("proxyEvents")
    assert metrics.by_field() == (
        FieldCounts("activity", 1, 1, 3, 300, 2, 0),
        FieldCounts("proxyEvents", resets=1),
    )


def test_a_clock_that_stepped_back_is_no_negative_latency() -> None:
    registry = CollectorRegistry()
    Metrics(registry).waited("ticks", -5, 3)
    assert registry.get_sample_value("heliograph_commit_to_socket_seconds_sum", {"field": "ticks"}) == 0


async def test_requests_are_counted_by_route_method_and_status(edge: Edge) -> None:
    await edge.client.get(f"{edge.url}/healthz")
    await edge.client.get(f"{edge.url}/a")
    await edge.client.get(f"{edge.url}/b")
    await edge.client.request("PROPFIND", f"{edge.url}/healthz")
    await edge.client.post(edge.graphql, json={})

    def count(route: str, method: str, status: str) -> float | None:
        return edge.sample("http_requests_total", route=route, method=method, status=status)

    assert count("/healthz", "GET", "200") == 1
    assert count("other", "GET", "404") == 2
    assert count("/graphql", "POST", "401") == 1
    assert edge.sample("http_requests_total", route="other", method="other", status="405") == 1


async def test_they_are_shown_as_text(edge: Edge) -> None:
    response = await edge.client.get(f"{edge.url}/metrics")
    assert response.content_type == "text/plain"
    assert "# TYPE heliograph_subscriptions gauge" in await response.text()
