"""Faults of the doorbell: rings that are lost, doubled, out of order or nobody's, and commits without a ring."""

import asyncio
import random

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from bench.faults.schedule import Fault
from bench.faults.stage import Stage
from bench.relay import Direction
from events.channel import NAME

KEPT = 200
AT_ONCE = 10
PAUSE_SECONDS = 0.05
# An announcement that is never settled, a ring from beyond the log, one from its beginning, and what is none at all.
FOREIGN = (
    '{"type":"a","sender":"nobody","number":%d}',
    '{"type":"s","sender":"nobody","numbers":[%d],"position":9000000000000}',
    '{"type":"s","sender":"nobody","numbers":[%d],"position":1}',
    "number %d",
)


async def repeat_doorbells(stage: Stage, fault: Fault) -> None:
    """Publish what was heard again, in another order, and between it what nobody of the installation has sent."""
    loop = asyncio.get_running_loop()
    until = loop.time() + fault.seconds
    heard: dict[str, None] = {}
    dice = fault.dice
    async with Redis.from_url(stage.redis.url, socket_timeout=1.0) as client, client.pubsub() as line:
        await line.subscribe(NAME)
        while loop.time() < until:
            await _hear(line, heard)
            for text in _again(heard, dice):
                await client.publish(NAME, text)
            await asyncio.sleep(PAUSE_SECONDS)


async def _hear(line: PubSub, heard: dict[str, None]) -> None:
    while (message := await line.get_message(ignore_subscribe_messages=True, timeout=0.001)) is not None:
        heard[message["data"]] = None
    while len(heard) > KEPT:
        del heard[next(iter(heard))]


def _again(heard: dict[str, None], dice: random.Random) -> list[str]:
    texts = dice.sample(list(heard), min(AT_ONCE, len(heard)))
    return [*texts, dice.choice(FOREIGN) % dice.randrange(1, 1000)]


async def lose_doorbells(stage: Stage, fault: Fault) -> None:
    """What Redis says to one process does not arrive, and then the connection is gone."""
    stage.stack.wires[f"channel {fault.target}"].half_open(fault.seconds, Direction.DOWN)


async def drop_listeners(stage: Stage, fault: Fault) -> None:  # noqa: ARG001  As all faults.
    """Redis closes the connections of all that listen."""
    async with Redis.from_url(stage.redis.url, socket_timeout=1.0) as client:
        await client.client_kill_filter(_type="pubsub")


async def unpublished(stage: Stage, fault: Fault) -> None:
    """A worker dies between its commits and their rings.

    Its commits go through and what it publishes is held back; what is held back when it is killed is lost.
    """
    relay = stage.stack.wires[f"channel {fault.target}"]
    relay.stall(60.0, Direction.UP)
    await asyncio.sleep(fault.seconds)
    await stage.stack.processes[fault.target].kill()
    relay.cut()
    relay.stall(0.0, Direction.UP)
