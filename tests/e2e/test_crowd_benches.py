"""Small runs of `bench/memory.py`, `bench/many_groups.py` and `bench/replay_storm.py`, on one real server.

Figures of so few clients on a busy machine say nothing; that each of them was told each event once and in order does.
"""

from pathlib import Path

from bench import many_groups, memory, replay_storm
from bench.numbered import Stand, numbered


async def test_everybody_is_told_each_event_and_counted(tmp_path: Path) -> None:
    async with numbered(tmp_path, campaigns=4) as stand:
        await _groups(stand)
        await _memory(stand, tmp_path / "raw")
        await _storm(stand)


async def _groups(stand: Stand) -> None:
    cost = await many_groups.one_at_a_time(stand, subscribers=20, groups=5, seconds=0.2)
    assert cost.deliveries > 0
    assert cost.deliveries % 20 == 0
    assert cost.processor > 0


async def _memory(stand: Stand, folder: Path) -> None:
    scale = memory.Scale(connections=20, several=10, further=2, held=50, events=3)
    found = memory.Found(
        await memory.each_connection(stand, scale),
        await memory.each_raw(folder, scale),
        await memory.each_subscription(stand, scale),
        await memory.holding(stand, scale),
    )
    assert found.held.delivered == 150
    met = [each.met for each in memory.told(scale, scale.held, found)]
    assert met[3:5] == [True, True]
    assert memory.told(scale, scale.held + 1, found)[3].met is False


async def _storm(stand: Stand) -> None:
    scale = replay_storm.Scale(clients=40, events=30, spread=10, elsewhere=2_100)
    storm = await replay_storm.storm(stand, scale, replay_storm.Case(2, in_memory=False))
    # Each tenth client lacks no more than these, the next ones one more, two more, …
    assert storm.delivered == 40 * 30 + 4 * sum(range(10))
    assert storm.counts["log_pages_read_behind"] > 0
