"""The bench of the query path finds a server that answers wrongly, and asks ours and the stock one for the same."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from bench.query_path import bare
from bench.query_path.__main__ import QUERY
from bench.query_path.asking import Asking, Target, WrongAnswer
from bench.query_path.inside import TOKEN, inside
from bench.query_path.stock import schema_of

SECONDS = 0.05
Serve = Callable[[Sequence[Any]], Awaitable[Target]]


@pytest.fixture
async def answering() -> AsyncIterator[Serve]:
    """Start a server that gives these answers, one after the other, and the last one ever after."""
    async with AsyncExitStack() as stack:

        async def serve(answers: Sequence[Any]) -> Target:
            left = list(answers)

            async def answer(_request: web.Request) -> web.StreamResponse:
                found = left.pop(0) if len(left) > 1 else left[0]
                return web.Response(status=200 if isinstance(found, bytes) else found, body=found or b"")

            app = web.Application()
            app.router.add_post("/graphql", answer)
            runner = web.AppRunner(app)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            return Target("fake", f"http://127.0.0.1:{runner.addresses[0][1]}/graphql", os.getpid())

        yield serve


async def ask(target: Target) -> Asking:
    asking = await Asking.open(target, "{ a }", 2)
    try:
        await asking.ask(SECONDS)
    finally:
        asking.close()
    return asking


async def test_every_answer_is_counted_and_so_is_the_time_of_the_process(answering: Serve) -> None:
    asking = await ask(await answering([b'{"data": 1}']))
    assert asking.body == b'{"data": 1}'
    assert len(asking.measured.seconds) >= 2
    assert 0 < asking.measured.percentile(0.5) <= asking.measured.percentile(0.99)


async def test_one_other_answer_among_many_is_found(answering: Serve) -> None:
    with pytest.raises(WrongAnswer, match="otherwise than before"):
        await ask(await answering([b'{"data": 1}', b'{"data": 1}', b'{"data": 2}', b'{"data": 1}']))


async def test_a_refusal_is_no_answer(answering: Serve) -> None:
    with pytest.raises(WrongAnswer, match="Not answered"):
        await ask(await answering([500]))


async def test_ours_and_the_stock_server_answer_the_same_and_what_ours_sends_to_its_database_is_known(
    tmp_path: Path,
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'heliograph.db'}"
    async with inside(tmp_path, url) as api:
        target = Target("ours", f"{api.url}/graphql", os.getpid(), TOKEN)
        asking = await Asking.open(target, QUERY, 1)
        asking.close()
        ours = msgspec.json.decode(asking.body)["data"]
    nodes = ours["campaigns"]["nodes"]
    assert len({node["id"] for node in nodes}) == 50
    assert schema_of(nodes).execute_sync(QUERY).data == ours
    sent = await bare.sent_for(tmp_path, f"sqlite+aiosqlite:///{tmp_path / 'second.db'}", QUERY)
    assert any("FROM campaigns" in each.sql for each in sent)
