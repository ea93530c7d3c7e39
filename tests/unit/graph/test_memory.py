"""A subscription costs the same after twenty thousand events as after one: graphql-core keeps nothing of them."""

import gc
import tracemalloc
from datetime import UTC, datetime
from uuid import UUID

import pytest
from graphql import parse
from graphql.execution import Executor

from events.campaign_events import PhaseStarted
from events.envelope import Envelope
from graph import core_execution
from graph.core_execution import CORE_SCHEMA
from graph.followed import Followed
from tests.fakes.stage import Stage
from vocabulary.access import WORKER
from vocabulary.campaigns import Counts, PhaseKind

EVENTS = 20_000
WARM_UP = 200
MOST_BYTES = 3 << 20
# Four selections of objects; with the memo of graphql-core 3.3.2 each event would leave 3 KiB behind.
QUERY = """
subscription { activity { ... on ActivityAdded {
  at first: activity { summary actor { kind } } second: activity { kind actor { name } }
} } }
"""


def envelope(position: int) -> Envelope:
    event = PhaseStarted(
        campaign_id=UUID(int=1), phase=PhaseKind.DNS_VALIDATION, counts=Counts(total=position)
    )
    return Envelope(
        position=position,
        event=event,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        actor=WORKER,
        owner_id=None,
        summary=event.summary(),
    )


async def growth(stream: Followed, events: int) -> int:
    """How many bytes are left behind by executing that many events."""
    for position in range(1, WARM_UP + 1):
        await stream.render(envelope(position))
    gc.collect()
    tracemalloc.start()
    try:
        for position in range(1, events + 1):
            await stream.render(envelope(position))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


async def test_memory_is_flat_over_twenty_thousand_events(stage: Stage) -> None:
    stream = await stage.subscribe(stage.house.admin, QUERY)
    assert await growth(stream, EVENTS) < MOST_BYTES


async def test_the_test_above_would_notice(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """With graphql-core's own memo a tenth of the events leaves more behind than all of them may."""
    monkeypatch.setattr(core_execution, "fresh_memo", lambda _: None)
    stream = await stage.subscribe(stage.house.admin, QUERY)
    assert await growth(stream, EVENTS // 10) > MOST_BYTES


class TestWhatIsPrivateToGraphqlCore:
    """`graph/core_execution.py` sets an attribute that graphql-core does not promise."""

    def test_the_memo_is_where_we_think_and_shared_by_all_events(self) -> None:
        executor = Executor.build(CORE_SCHEMA, parse(QUERY))
        assert isinstance(executor, Executor)
        memo = executor._relevant_sub_fields
        assert memo == {}
        event = executor.build_per_event_executor(None)
        assert event is not executor
        assert event._relevant_sub_fields is memo

    async def test_each_event_has_one_of_its_own(self, stage: Stage) -> None:
        stream = await stage.subscribe(stage.house.admin, QUERY)
        await stream.render(envelope(1))
        assert stream._executor._relevant_sub_fields == {}
        assert stream._executor.context_value is None
