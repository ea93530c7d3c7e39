"""A crowd notices whatever a server does wrong: an event that is lost, repeated or late, and a connection that ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from socket import SHUT_RDWR

import pytest
from aiohttp import web

from bench.crowd.gathering import Gathering
from bench.crowd.orders import Follow, Heard, Join, Leave, Order, Resume, Until
from tests.integration.waiting import until

SECONDS = 10
STREAM = {"query": "subscription { events { ratePerMinute } }"}


class Server:
    """It tells what the test wants it to tell, and knows after which cursors it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.sockets: list[web.WebSocketResponse] = []
        self.after: list[str | None] = []
        self.refusals = 0
        self.hears = True

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """One connection."""
        socket = web.WebSocketResponse(protocols=["graphql-transport-ws"])
        await socket.prepare(request)
        self.sockets.append(socket)
        if not self.hears:
            assert request.query_string == "subscriptions=1"
        elif not await self._let_in(socket):
            return socket
        async for message in socket:
            asked = message.json()
            if not self.hears:
                continue
            self.after.append(asked["payload"].get("variables", {}).get("after"))
            if self.after[-1] is None:
                await socket.send_str(_next(asked["id"], "{}"))
        return socket

    async def _let_in(self, socket: web.WebSocketResponse) -> bool:
        await socket.receive()
        if self.refusals:
            self.refusals -= 1
            self.sockets.remove(socket)
            await socket.close(code=1013)
            return False
        await socket.send_str('{"type":"connection_ack"}')
        return True

    async def tell(self, *numbers: int, ident: int = 0) -> None:
        """Tell everybody of the events of these numbers."""
        for socket in self.sockets:
            for number in numbers:
                await socket.send_str(
                    _next(ident, f'{{"cursor":"c{number}","ratePerMinute":{number}.0,"etaAt":"a"}}')
                )

    def end(self) -> None:
        """End all connections."""
        for socket in self.sockets:
            socket.get_extra_info("socket").shutdown(SHUT_RDWR)
        self.sockets.clear()


def _next(ident: object, data: str) -> str:
    return f'{{"id":"{ident}","type":"next","payload":{{"data":{data}}}}}'


@asynccontextmanager
async def served() -> AsyncIterator[Server]:
    server, app = Server(), web.Application()
    app.router.add_get("/graphql", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/graphql"
    try:
        yield server
    finally:
        server.end()
        await runner.cleanup()


async def obeyed(gathering: Gathering, order: Order) -> Heard:
    async with asyncio.timeout(SECONDS):
        return await gathering.obey(order)


async def test_a_server_that_hears_nothing_tells_whoever_comes() -> None:
    async with served() as server:
        server.hears = False
        crowd = Gathering(f"{server.url}?subscriptions=1", "")
        await obeyed(crowd, Join(connections=2, streams=[[STREAM]], first=1))
        await server.tell(1)
        assert (await obeyed(crowd, Until(1))).delivered == 2


async def test_each_event_once_and_in_order_is_counted() -> None:
    async with served() as server:
        crowd = Gathering(server.url, "token")
        await obeyed(crowd, Join(connections=3, streams=[[STREAM]], first=1))
        await server.tell(1, 2)
        heard = await obeyed(crowd, Until(2))
        assert (heard.delivered, heard.faults) == (6, 0)


async def test_subscriptions_of_one_connection_are_told_apart() -> None:
    async with served() as server:
        crowd = Gathering(server.url, "token")
        await obeyed(crowd, Join(connections=1, streams=[[STREAM, STREAM]], first=1))
        await obeyed(crowd, Follow(streams=[STREAM], first=1))
        for ident in (0, 1, 2):
            await server.tell(1, ident=ident)
        assert (await obeyed(crowd, Until(1))).delivered == 3
        await server.tell(2, ident=0)
        await server.tell(3, ident=1)
        assert (await obeyed(crowd, Until(3))).texts == ["Event 3 came where 2 was due."]


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ((1, 3), "Event 3 came where 2 was due."),
        ((1, 1), "Event 1 came where 2 was due."),
        ((2, 1), "Event 2 came where 1 was due."),
    ],
    ids=["lost", "repeated", "in another order"],
)
async def test_what_is_wrong_is_found(told: tuple[int, ...], fault: str) -> None:
    async with served() as server:
        crowd = Gathering(server.url, "token")
        await obeyed(crowd, Join(connections=1, streams=[[STREAM]], first=1))
        await server.tell(*told)
        heard = await obeyed(crowd, Until(3))
        assert heard.texts[0] == fault


async def test_a_frame_that_is_no_event_is_wrong_once_a_stream_has_opened() -> None:
    async with served() as server:
        crowd = Gathering(server.url, "token")
        await obeyed(crowd, Join(connections=1, streams=[[STREAM]], first=1))
        await server.sockets[0].send_str(_next(0, '{"reason":"LOG_REPLACED"}'))
        heard = await obeyed(crowd, Until(1))
        assert "LOG_REPLACED" in heard.texts[0]


async def test_an_end_that_nobody_wanted_is_wrong() -> None:
    async with served() as server:
        crowd = Gathering(server.url, "token")
        await obeyed(crowd, Join(connections=1, streams=[[STREAM]], first=1))
        server.end()
        heard = await obeyed(crowd, Until(1))
        assert "has lost its connection" in heard.texts[0]


async def test_everybody_comes_back_with_the_cursor_that_it_has() -> None:
    async with served() as server:
        crowd = Gathering(server.url, "token")
        await obeyed(crowd, Join(connections=4, streams=[[STREAM]], first=1))
        await server.tell(1, 2, 3)
        await obeyed(crowd, Until(3))
        server.after.clear()
        await obeyed(crowd, Leave(spread=2))
        server.end()
        await obeyed(crowd, Resume(url=server.url, streams=[[STREAM]]))
        await until(lambda: len(server.after) == 4)
        assert sorted(map(str, server.after)) == ["c2", "c2", "c3", "c3"]


async def test_whoever_is_refused_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.crowd.gathering.AGAIN_SECONDS", (0.0, 0.0))
    async with served() as server:
        crowd = Gathering(server.url, "token")
        await obeyed(crowd, Join(connections=1, streams=[[STREAM]], first=1))
        await server.tell(1)
        await obeyed(crowd, Until(1))
        await obeyed(crowd, Leave(spread=1))
        server.end()
        server.refusals = 2
        await obeyed(crowd, Resume(url=server.url, streams=[[STREAM]]))
        await until(lambda: len(server.sockets) == 1)
        await server.tell(2)
        heard = await obeyed(crowd, Until(2))
        assert (heard.delivered, heard.refusals, heard.faults) == (2, 2, 0)


async def test_who_waits_too_long_is_told_of() -> None:
    async with served() as server:
        crowd = Gathering(server.url, "token", seconds=0.1)
        await obeyed(crowd, Join(connections=2, streams=[[STREAM]], first=1))
        forgotten = server.sockets.pop()
        await server.tell(1)
        server.sockets.append(forgotten)
        (text,) = (await obeyed(crowd, Until(1))).texts
        assert "Until took too long: of 2" in text
        assert "next [1]" in text
