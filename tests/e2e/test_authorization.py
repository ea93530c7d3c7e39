"""Random people ask and follow, over two processes: a share of `make bench NAME=authorization`."""

from collections.abc import Callable
from pathlib import Path

from bench.authorization.__main__ import figures, over_two
from tests.servers.redis import RedisServer

SECONDS = 3.0
GRACE_SECONDS = 5.0
"""A machine that is busy with other tests is late, and that is no fault of ours; what leaks would leak for longer."""


async def test_nobody_is_told_what_is_not_theirs(
    tmp_path: Path, postgres_database: str, redis_server: RedisServer, tell: Callable[[object], None]
) -> None:
    found, world, wrong = await over_two(
        tmp_path, postgres_database, redis_server.url, SECONDS, 1, GRACE_SECONDS
    )
    for figure in figures(found, world, wrong):
        tell(f"{figure.what}: {figure.value}")
    assert wrong == []
    seen = ("frames", "told of one's own", "told of things of others, to an admin", "mutations: NOT_FOUND")
    assert [name for name in seen if not found.counts[name]] == []
    assert world.deeds > 0
