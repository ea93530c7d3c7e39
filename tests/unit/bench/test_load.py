"""A load says of every change how it ended, whatever the server does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web
from graphql import build_schema, parse, validate

from bench.load import CHANGES_PER_DOCUMENT, Load, document
from bench.load_things import CAMPAIGN, KEYWORD_SET, POOL, PROFILE, PROXY, Thing
from events import cursor
from tests.integration.waiting import until

KINDS = (CAMPAIGN, KEYWORD_SET, PROXY, POOL, PROFILE)
THINGS = [Thing(kind, f"{kind.noun}-{number}") for kind in KINDS for number in range(2)]
ROOT = Path(__file__).parents[3]

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/graphql", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def one_document(answer: Answer) -> Load:
    """A load that has sent one document."""
    sent = 0

    async def counting(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        sent += 1
        return await answer(request)

    async with server(counting) as url, ClientSession() as http:
        async with Load(http, [url], "token", THINGS, rate=CHANGES_PER_DOCUMENT) as load:
            await until(lambda: sent == 1)
        assert sent == 1
    return load


def found(*answers: dict[str, Any] | None) -> dict[str, Any]:
    every = [answers[place % len(answers)] for place in range(CHANGES_PER_DOCUMENT)]
    return {"data": {f"c{place}": each for place, each in enumerate(every)}}


def test_its_document_is_valid_in_the_schema() -> None:
    schema = build_schema((ROOT / "schema.graphql").read_text())
    assert validate(schema, parse(document(THINGS))) == []


async def test_each_change_is_acknowledged_refused_or_in_doubt() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(
            found(
                {"cursor": cursor.encode("ab" * 6, 5, 7)},
                {"code": "UNAVAILABLE", "message": "", "isInDoubt": False},
                {"code": "UNAVAILABLE", "message": "", "isInDoubt": True},
                {"code": "NOT_FOUND", "message": ""},
                None,
            )
            | {"errors": [{"message": "", "extensions": {"code": "INTERNAL"}}]}
        )

    tally = (await one_document(answer)).tally
    assert tally.acknowledged == [5] * 4
    assert (tally.refused, tally.in_doubt) == (8, 8)
    assert tally.surprises == {"NOT_FOUND": 4, "INTERNAL": 1}


async def test_every_change_is_unlike_the_one_before() -> None:
    bodies: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.json())
        return web.json_response({"data": None}, status=503)

    tally = (await one_document(answer)).tally
    assert tally.refused == CHANGES_PER_DOCUMENT
    texts = [each.get("name") or each["description"] for each in bodies[0]["variables"].values()]
    assert len(set(texts)) == CHANGES_PER_DOCUMENT


async def test_a_connection_that_is_lost_leaves_doubt() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    tally = (await one_document(answer)).tally
    assert (tally.refused, tally.in_doubt) == (0, CHANGES_PER_DOCUMENT)


async def test_nobody_there_is_a_refusal_and_the_rate_is_kept() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response()

    async with server(answer) as url:
        pass
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with ClientSession() as http, Load(http, [url], "token", THINGS, rate=1000) as load:
        await until(lambda: load.tally.refused >= 5 * CHANGES_PER_DOCUMENT)
    assert loop.time() - began >= 4 * CHANGES_PER_DOCUMENT / 1000
    assert load.tally.acknowledged == []
