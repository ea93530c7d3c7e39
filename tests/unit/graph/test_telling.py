"""What tells of an event is made once for all groups, and again for another log."""

from typing import Any

import pytest

from events.hub import Hub
from graph.streams.campaigns import CampaignSource
from graph.telling import KEPT, Tellings
from tests.fakes.stage import Stage
from tests.unit.graph.test_streams import Scene

QUERY = """subscription ($id: ID!) {{ campaignEvents(campaignId: $id) {{
  ... on CampaignUpdated {{ {alias}: name cursor }} }} }}"""


async def test_groups_tell_of_an_event_by_the_same_object(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    real = CampaignSource.event

    def event(*args: Any) -> object:
        made.append(args)
        return real(*args)

    scene = await Scene.of(stage, stage.house.alice)
    streams = [
        await stage.subscribe(stage.house.alice, QUERY.format(alias=alias), id=scene.id) for alias in "abc"
    ]
    assert len({each.key for each in streams}) == 3
    head = await stage.head()
    await scene.rename("one", "two")
    monkeypatch.setattr(CampaignSource, "event", staticmethod(event))
    envelopes = (await stage.log.read_after(head, 2)).envelopes
    frames = [[stream.render_now(envelope) for envelope in envelopes] for stream in streams]
    assert len(made) == 2
    for alias, (first, second) in zip("abc", frames, strict=True):
        for frame, name in ((first, "one"), (second, "two")):
            assert f'"{alias}":"{name}"'.encode() in frame.payload  # type: ignore[union-attr]
    # What was left out is said by an object of its own.
    streams[0].render_now(envelopes[0], skipped=3)
    assert len(made) == 3


async def test_of_another_log_or_another_event_it_is_another(stage: Stage) -> None:
    scene = await Scene.of(stage, stage.house.alice)
    head = await scene.rename("one")
    (envelope,) = (await stage.log.read_after(head - 1, 1)).envelopes
    (again,) = (await stage.log.read_after(head - 1, 1)).envelopes
    hub = Hub(stage.log, 10)
    hub.incarnation = "0" * 12
    tellings = Tellings(hub)
    first = tellings.of(envelope)
    assert tellings.of(envelope) is first
    # It may be of another past, with another tag.
    assert tellings.of(again) is not first
    hub.incarnation = "1" * 12
    assert tellings.of(again).cursor != first.cursor
    assert repr(tellings) == "<Tellings, 1 kept>"
    assert stage.groups.limits.page <= KEPT
