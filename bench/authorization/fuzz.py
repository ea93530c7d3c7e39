"""One run: people come, make things, ask and follow, and meanwhile an admin changes what they may do."""

import asyncio
import random
from collections.abc import Sequence

from aiohttp import ClientSession, ClientTimeout, TCPConnector

from bench.authorization.actors import Actors, Found, beating
from bench.authorization.world import KINDS, Thing, World
from tests.e2e.client import Client

PEOPLE = 9
ASKING = 4
FOLLOWING = 24
DEED_SECONDS = 0.1


async def fuzz(
    urls: Sequence[str], admin_token: str, seconds: float, seed: int, grace: float
) -> tuple[Found, World]:
    """What was found by so many seconds of it."""
    connector = TCPConnector(limit=0)
    async with ClientSession(connector=connector, timeout=ClientTimeout(total=None)) as http:
        world = World(Client(http, urls[0], admin_token), random.Random(seed))
        await world.fill(PEOPLE)
        await _first_things(http, urls[0], world)
        actors = Actors(http, urls, world, grace)
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds

        def over() -> bool:
            return loop.time() > end

        async with beating(actors), asyncio.TaskGroup() as acting:
            for _ in range(ASKING):
                acting.create_task(actors.ask(over))
            for _ in range(FOLLOWING):
                acting.create_task(actors.follow(end))
            while not over():
                await world.change_something()
                await asyncio.sleep(world.chance.uniform(0, 2 * DEED_SECONDS))
    return actors.found, world


async def _first_things(http: ClientSession, url: str, world: World) -> None:
    """One of each kind for everybody who may make things, so that there is something from the first."""
    for token in list(world.passes):
        if token.role == "VIEWER":
            continue
        client = Client(http, url, token.secret)
        for kind in KINDS:
            number = world.number()
            given = {**kind.named(number), "name": f"{token.person.mark} {number}"}
            document = (
                f"mutation Make($input: Create{kind.noun}Input!) {{ create{kind.noun}(input: $input) {{"
                f" __typename ... on Create{kind.noun}Payload {{ {kind.member} {{ id }} }}"
                " ... on UserError { message path } } }"
            )
            made = await client.change(f"create{kind.noun}", document, input=given)
            world.things.append(Thing(kind, made[kind.member]["id"], token.person))
