"""Both API processes are replaced under their clients while commits go on: `make bench NAME=rolling`, made small."""

from collections.abc import Callable
from pathlib import Path

from bench.rolling.figures import figures
from bench.rolling.run import Servers, Size, run
from tests.e2e.test_fleet import SOON
from tests.servers.redis import RedisServer

SIZE = Size(sockets=36, sources=4, rate=40, streams=3, drain_seconds=1.0, calm_seconds=1.0)


async def test_nobody_misses_anything_nor_gives_up(
    tmp_path: Path, postgres_database: str, redis_server: RedisServer, tell: Callable[[object], None]
) -> None:
    found, tally = await run(SIZE, tmp_path, Servers(postgres_database, redis_server.url), SOON)
    for figure in figures(found, tally):
        tell(f"{figure.what}: {figure.value}")
    assert found.wrong == []
    assert found.gave_up == {}
    assert found.lost == 0
    assert tally.surprises == {}
    assert len(tally.acknowledged) > 40
    assert {each.subscriber for each in found.verdicts if each.connections < 2} == set()
    reads = [storm.counts["heliograph_log_pages_read_behind_total"] for storm in found.storms]
    assert max(reads) <= found.streams
