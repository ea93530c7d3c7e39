"""The servers that are compared start, tell everybody of everything, and are measured; as briefly as can be."""

from bench import latency
from bench.fanout.__main__ import compare
from bench.fanout.contestants import CONTESTANTS, started
from bench.fanout.figures import BURST, MANY, STEADY
from bench.fanout.scenes import Scene

LOAD = latency.Load(subscribers=3, rate=200, seconds=0.1)
SCENES = [Scene(STEADY, 3), Scene(BURST, 2, burst=10), Scene(MANY, 2, subscriptions=3)]


async def test_all_servers_are_compared() -> None:
    async with started(CONTESTANTS) as servers:
        course = await compare(servers, SCENES, rounds=1, seconds=0)
        timed = await latency.compare(servers, LOAD, rounds=1)
    assert set(course.slices) == {(scene.name, server) for scene in SCENES for server in CONTESTANTS}
    for (name, _), (found,) in course.slices.items():
        (scene,) = [each for each in SCENES if each.name == name]
        assert found.events == 5 * scene.burst
        assert found.deliveries == found.events * scene.connections * scene.subscriptions
        assert found.cpu > 0
    for (one,) in timed.values():
        assert len(one.millis) == 3 * 20
        assert 0 < one.below(0.5) <= one.below(0.99)
