"""Stock Strawberry on aiohttp with broadcaster's memory channel, as the documents of the three show it."""

import json
import time
from collections.abc import AsyncGenerator

import strawberry
import uvloop
from aiohttp import web
from broadcaster import Broadcast
from strawberry.aiohttp.views import GraphQLView

from bench.peers import control, told
from bench.peers.listening import listening

CHANNEL = "events"
WAITING = "/waiting"

broadcast = Broadcast("memory://")


@strawberry.type
class Progress:
    """The event."""

    cursor: str
    at: str
    campaignId: strawberry.ID  # noqa: N815  As it is in the message.
    phase: str
    percent: float
    ratePerMinute: float  # noqa: N815
    etaAt: str  # noqa: N815
    campaignPercent: float  # noqa: N815
    processed: int
    total: int
    skipped: int


@strawberry.type
class Query:
    """A schema has to have one."""

    version: int = 1


@strawberry.type
class Subscription:
    """As in the documents of both libraries."""

    @strawberry.subscription
    async def campaign_events(self) -> AsyncGenerator[Progress, None]:
        """All events."""
        async with broadcast.subscribe(channel=CHANNEL) as subscriber:
            async for event in subscriber:  # type: ignore[union-attr]
                yield Progress(**json.loads(event.message))  # type: ignore[union-attr]


async def publish(numbers: range) -> float:
    """Have these told."""
    began = time.time()
    for number in numbers:
        await broadcast.publish(channel=CHANNEL, message=json.dumps(told.values(number)))
    return began


async def waiting(_request: web.Request) -> web.Response:
    """How many events are in the queue of each subscriber."""
    queues = broadcast._subscribers.get(CHANNEL, set())  # noqa: SLF001  There is no other way to look.
    return web.json_response([queue.qsize() for queue in queues])


async def serve() -> None:
    """The server, until it is killed."""
    app = web.Application()
    app.router.add_get(WAITING, waiting)
    schema = strawberry.Schema(query=Query, subscription=Subscription)
    app.router.add_route("*", "/graphql", GraphQLView(schema=schema))
    async with broadcast:
        await control.obey(publish, await listening(app))


if __name__ == "__main__":
    uvloop.run(serve())
