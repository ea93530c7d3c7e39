"""No GraphQL: aiohttp's `send_str`, once for each subscription, of a text that was made once.

A client says nothing but how many subscriptions it has, by `?subscriptions=`; their ids are the same everywhere.
"""

import time
from uuid import UUID

import uvloop
from aiohttp import web

from bench.peers import control, told
from bench.peers.listening import listening

PROTOCOL = "graphql-transport-ws"
SOCKETS: dict[web.WebSocketResponse, list[str]] = {}


def shared_ids(count: int) -> list[str]:
    """The ids of the subscriptions of each connection, as long as those that official clients make."""
    return [str(UUID(int=number)) for number in range(1, count + 1)]


async def follow(request: web.Request) -> web.WebSocketResponse:
    """One connection."""
    socket = web.WebSocketResponse(protocols=[PROTOCOL], compress=False)
    await socket.prepare(request)
    SOCKETS[socket] = shared_ids(int(request.query["subscriptions"]))
    try:
        async for _ in socket:
            pass
    finally:
        del SOCKETS[socket]
    return socket


async def publish(numbers: range) -> float:
    """Send these to everybody."""
    began = time.time()
    ids = max(SOCKETS.values(), key=len, default=[])
    for number in numbers:
        body = told.payload(number)
        frames = {ident: told.frame(ident, body) for ident in ids}
        for socket, idents in tuple(SOCKETS.items()):
            for ident in idents:
                if not socket.closed:
                    await socket.send_str(frames[ident])
    return began


async def serve() -> None:
    """The server, until it is killed."""
    app = web.Application()
    app.router.add_get("/graphql", follow)
    await control.obey(publish, await listening(app))


if __name__ == "__main__":
    uvloop.run(serve())
