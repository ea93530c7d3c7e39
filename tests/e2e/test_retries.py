"""Requests with keys are sent again and again while API processes are killed: `make bench NAME=retries`, small."""

from collections.abc import Callable
from pathlib import Path

from bench.retries.mutations import CHANGED, CONTROLLED, GONE, MADE, MANY
from bench.retries.run import Size, run
from bench.retries.stand import standing
from tests.servers.redis import RedisServer

SOME = [*MADE[1::3], *CHANGED[::4], *GONE[::3], *CONTROLLED[::4], *MANY[::5]]
SIZE = Size(keys=30, copies=3, at_once=12, every=30, kinds=SOME)
SEED = 6


async def test_each_key_has_one_effect_and_one_answer(
    tmp_path: Path, postgres_database: str, redis_server: RedisServer, tell: Callable[[object], None]
) -> None:
    settings = {"database_url": postgres_database, "channel_url": redis_server.url}
    async with standing(tmp_path, ("one", "other"), settings) as stand:
        found = await run(stand, SIZE, SEED)
    assert found.wrong == []
    assert found.kills > 0
    assert found.broken > 0
    assert sum(len(each.answers) for each in found.requests) == SIZE.keys * SIZE.copies
    tell(f"{found.attempts} sent, {found.broken} not answered, {found.kills} kills")
