"""A restored log gives positions to other events. The tag of a cursor tells them apart, wherever it is looked for."""

from pathlib import Path

import pytest
from sqlalchemy import event

from events import cursor
from events.log import Log
from graph.context import Context
from services.personas import Personas
from tests import factories
from tests.fakes.house import House
from tests.fakes.stage import Stage, open_stage
from tests.integration.recording import commit

ACTIVITY = """
subscription ($after: Cursor) { activity(after: $after) {
  __typename ... on StreamReset { reason } ... on ActivityAdded { activity { cursor } }
} }
"""


async def happen(stage: Stage, *names: str) -> int:
    for name in names:
        await stage.services.personas.create(stage.house.alice, factories.dns_persona(name))
    return await stage.head()


async def first(stage: Stage, after: str) -> str:
    """What a subscriber that resumes there is told first."""
    watcher = await stage.watch(stage.house.alice, ACTIVITY, after=after)
    frame = await watcher.next()
    watcher.leave()
    return str(frame.get("reason", frame["__typename"]))


def of_another_past(text: str) -> str:
    """The same place in a past that was undone by a restored backup."""
    place = cursor.decode(text)
    assert place.tag is not None
    return cursor.encode(place.incarnation, place.position, place.tag ^ 1)


@pytest.mark.parametrize("place", ["in the window", "at its floor", "below it"])
async def test_a_position_that_was_given_to_another_event_is_a_reset(
    house: House, tmp_path: Path, place: str
) -> None:
    """The window knows its events and its floor; for what is older one event is looked up."""
    async with open_stage(house, tmp_path / "key") as before:
        start = await happen(before, "one", "two")
    async with open_stage(house, tmp_path / "key") as stage:
        last = await happen(stage, "three", "four")
        position = {"in the window": last - 1, "at its floor": start, "below it": start - 1}[place]
        text = await stage.cursor_of(position)
        assert await first(stage, text) == "ActivityAdded"
        assert await first(stage, of_another_past(text)) == "LOG_REPLACED"


async def test_so_is_one_that_our_hub_has_not_heard_of(stage: Stage) -> None:
    await Personas(stage.house.database).create(stage.house.alice, factories.dns_persona("elsewhere"))
    text = await stage.cursor_of(await stage.head())
    assert cursor.decode(text).position > stage.hub.position
    assert await first(stage, of_another_past(text)) == "LOG_REPLACED"
    watcher = await stage.watch(stage.house.alice, ACTIVITY, after=text)
    await happen(stage, "here")
    assert (await watcher.next())["__typename"] == "ActivityAdded"


async def test_all_that_gives_a_cursor_of_an_event_gives_the_same(stage: Stage) -> None:
    """The frame, its activity, the list, a mutation's payload, the audit log and the query at that moment."""
    watcher = await stage.watch(stage.house.admin, ACTIVITY)
    await watcher.next()
    made = await stage.execute(
        stage.house.admin,
        'mutation { createKeywordSet(input: {name: "a", rules: [{pattern: "a"}]}) '
        "{ ... on CreateKeywordSetPayload { cursor } } }",
    )
    frame = await watcher.next()
    asked = await stage.execute(
        stage.house.admin, "{ cursor activity { nodes { cursor } } auditLog { nodes { cursor } } }"
    )
    data = asked["data"]
    assert {
        made["data"]["createKeywordSet"]["cursor"],
        frame["cursor"],
        frame["activity"]["cursor"],
        data["cursor"],
        data["activity"]["nodes"][0]["cursor"],
        data["auditLog"]["nodes"][0]["cursor"],
    } == {await stage.cursor_of(await stage.head())}


async def test_a_payload_after_which_others_committed_has_the_tag_of_its_own_event(stage: Stage) -> None:
    start = await happen(stage, "mine")
    await happen(stage, "theirs")
    context = Context(stage.house.alice, stage.services, stage.engines)
    assert await context.cursor_at(start) == await stage.cursor_of(start)
    await context.close()


async def test_the_events_of_one_transaction_share_a_tag(stage: Stage) -> None:
    await happen(stage, "one")
    await commit(stage.database, "two", "three", "four")
    tags = [each.tag for each in (await Log(stage.engines).read_after(0, 10)).envelopes]
    assert tags[1] == tags[2] == tags[3] != tags[0]


async def test_the_usual_resume_asks_the_database_nothing(stage: Stage) -> None:
    """Neither at the end of the log nor in the window."""
    last = await happen(stage, "one", "two", "three")
    await stage.hub.wait_beyond(last - 1)
    places = [cursor.decode(await stage.cursor_of(position)) for position in range(last + 1)]
    statements: list[str] = []
    event.listen(
        stage.engines.reader.sync_engine, "before_cursor_execute", lambda *given: statements.append(given[2])
    )
    assert all([await stage.hub.knows(place) for place in places])
    assert statements == []
