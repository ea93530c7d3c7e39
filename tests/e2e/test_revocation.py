"""What becomes of connections when their token ends, over two processes: `make bench NAME=revocation`, made small."""

from collections.abc import Callable
from pathlib import Path

from bench.revocation.__main__ import figures, over_two
from bench.revocation.run import Size
from tests.servers.redis import RedisServer

SIZE = Size(sockets=10, streams=4, rate=40, lasting=3)


async def test_they_end_at_once_and_a_renewed_one_goes_on(
    tmp_path: Path, postgres_database: str, redis_server: RedisServer, tell: Callable[[object], None]
) -> None:
    found = await over_two(SIZE, tmp_path, postgres_database, redis_server.url)
    for figure in figures(found):
        tell(f"{figure.what}: {figure.value}")
    assert found.wrong == []
    ended = {each.name: dict(each.how) for each in found.endings}
    assert ended == {
        "revoked": {"4403 Token revoked": 10, "stream ended": 4},
        "expired": {"4403 Token expired": 10, "stream ended": 4},
        "role changed": {"4512 Role changed": 10, "stream ended": 4},
        "deactivated": {"4403 Principal deactivated": 10, "stream ended": 4},
    }
    assert found.events > 0
