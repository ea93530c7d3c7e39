"""The test servers are real, die when killed, and come back on the same port."""

import os
import socket

import asyncpg
import pytest
from redis.asyncio import Redis

from tests.servers.postgres import PostgresServer
from tests.servers.process import alive, descendants
from tests.servers.redis import RedisServer


def refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


async def test_postgres_keeps_what_was_committed_through_a_kill(postgres_server: PostgresServer) -> None:
    database = await postgres_server.create_database()
    connection = await asyncpg.connect(database.url)
    await connection.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    port = postgres_server.port
    process = postgres_server._process
    assert process is not None
    family = descendants(process.pid)
    assert len(family) >= 4

    await postgres_server.kill()
    assert not any(alive(pid) for pid in family)
    assert refuses(port)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.fetchval("SELECT 1")
    connection.terminate()

    await postgres_server.start()
    assert postgres_server.port == port
    connection = await asyncpg.connect(database.url)
    assert await connection.fetchval("SELECT n FROM kept") == 7
    await connection.close()
    await postgres_server.drop_database(database)


async def test_a_database_is_a_copy_of_its_template(postgres_server: PostgresServer) -> None:
    template = await postgres_server.create_database()
    connection = await asyncpg.connect(template.url)
    await connection.execute("CREATE TABLE copied (n int); INSERT INTO copied VALUES (3)")
    await connection.close()

    copy = await postgres_server.create_database(template.name)
    connection = await asyncpg.connect(copy.url)
    assert await connection.fetchval("SELECT n FROM copied") == 3
    # Dropping cuts this connection instead of waiting for it.
    await postgres_server.drop_database(copy)
    await postgres_server.drop_database(template)
    connection.terminate()
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(copy.url)


async def test_postgres_does_not_run_as_root(postgres_server: PostgresServer) -> None:
    process = postgres_server._process
    assert process is not None
    assert os.stat(f"/proc/{process.pid}").st_uid != 0


async def test_redis_comes_back_empty_on_the_same_port(redis_server: RedisServer) -> None:
    port = redis_server.port
    async with Redis.from_url(redis_server.url) as client:
        await client.set("kept", "no")
        await redis_server.kill()
        assert refuses(port)
        await redis_server.start()
        assert redis_server.port == port
        assert await client.get("kept") is None


async def test_a_stopped_redis_can_be_restarted(redis_server: RedisServer) -> None:
    await redis_server.stop()
    assert not redis_server.running
    await redis_server.restart()
    async with Redis.from_url(redis_server.url) as client:
        assert await client.set("alive", "yes")
