"""What a request's own statements cost with nothing but the driver, which is what the database itself takes of us.

The statements are those that a running API has sent for the request, with their values, in one transaction as it has
them; the driver gives rows as it does, and nobody makes anything of them.
"""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from aiohttp import ClientSession
from sqlalchemy import event
from sqlalchemy.engine import make_url

from bench.query_path.inside import TOKEN, inside

TRANSACTION = ("BEGIN", "ROLLBACK", "COMMIT")
ROUNDS = 400


@dataclass(frozen=True)
class Statement:
    """What was sent, with its values as the driver takes them."""

    sql: str
    values: Sequence[Any]


async def sent_for(folder: Path, url: str, query: str) -> list[Statement]:
    """Fill an empty database, and give the statements that a request costs a process which was asked it before."""
    found: list[Statement] = []

    def keep(_connection: object, _cursor: object, sql: str, values: Any, *_rest: object) -> None:
        found.append(Statement(sql, values or ()))

    async with inside(folder, url) as api, ClientSession() as http:
        await _ask(http, api.url, query)
        event.listen(api.ground.engines.reader.sync_engine, "before_cursor_execute", keep)
        await _ask(http, api.url, query)
    return [each for each in found if not each.sql.startswith(TRANSACTION)]


async def _ask(http: ClientSession, url: str, query: str) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with http.post(f"{url}/graphql", json={"query": query}, headers=headers) as answer:
        result = await answer.json()
    assert "errors" not in result, result


async def cpu_ms(url: str, statements: Sequence[Statement]) -> float:
    """The time of a processor that this process needs to send them and to have their rows, in milliseconds."""
    if make_url(url).get_backend_name() == "sqlite":
        return await asyncio.to_thread(_sqlite_ms, make_url(url).database or "", statements)
    return await _postgres_ms(make_url(url).set(drivername="postgresql"), statements)


def _sqlite_ms(file: str, statements: Sequence[Statement]) -> float:
    connection = sqlite3.connect(file, isolation_level=None)
    began = time.process_time()
    for _ in range(ROUNDS):
        connection.execute("BEGIN DEFERRED")
        for each in statements:
            connection.execute(each.sql, each.values).fetchall()
        connection.execute("ROLLBACK")
    spent = time.process_time() - began
    connection.close()
    return spent / ROUNDS * 1000


async def _postgres_ms(url: Any, statements: Sequence[Statement]) -> float:
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    began = time.process_time()
    for _ in range(ROUNDS):
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            for each in statements:
                await connection.fetch(each.sql, *each.values)
    spent = time.process_time() - began
    await connection.close()
    return spent / ROUNDS * 1000
