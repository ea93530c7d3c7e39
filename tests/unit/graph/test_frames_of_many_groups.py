"""One event that hundreds of groups of a client read for: they follow one another, and others come in between."""

import asyncio

from graph.admission import FRAME_PLACES
from services.personas import PersonaPatch
from tests import factories
from tests.fakes.stage import Stage, Watcher
from tests.unit.graph.test_execution import in_use

GROUPS = 40


def follow(name: str) -> str:
    """A subscription that is a group of its own."""
    return f"""subscription {{ resourceEvents(kinds: [PERSONA]) {{
        {name}: __typename ... on PersonaHappening {{ persona {{ name }} }} }} }}"""


async def test_they_leave_connections_and_time_to_others(stage: Stage) -> None:
    alice, admin, order = stage.house.alice, stage.house.admin, list[str]()
    ident = (await stage.services.personas.create(alice, factories.dns_persona("first"))).value
    names = [f"alice{number}" for number in range(GROUPS)] + ["admin"]
    watchers = {name: await stage.watch(admin if name == "admin" else alice, follow(name)) for name in names}
    for watcher in watchers.values():
        await watcher.next()

    async def told(name: str, watcher: Watcher) -> None:
        assert (await watcher.next())["persona"] == {"name": "second"}
        order.append(name)

    telling = asyncio.gather(*(told(*each) for each in watchers.items()))
    await stage.services.personas.update(alice, ident, PersonaPatch(name="second"))
    taken = [0]
    while not telling.done():
        await asyncio.sleep(0)
        taken.append(in_use(stage.engines))
    await telling
    assert max(taken) == FRAME_PLACES
    assert order.index("admin") < GROUPS // 2
    assert in_use(stage.engines) == 0
