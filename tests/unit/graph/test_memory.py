"""A subscription costs the same after twenty thousand events as after one: graphql-core keeps nothing of them."""

import gc
import tracemalloc
from datetime import UTC, datetime
from inspect import signature
from uuid import UUID

import pytest
from graphql import parse
from graphql.execution import Executor
from graphql.execution.collect_fields import GroupedFieldSet

from events.campaign_events import PhaseStarted
from events.envelope import Envelope
from graph.compiling.execution import CompilingExecutor
from graph.compiling.selections import Selections
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
    """With new lists of fields for each event a tenth of the events leaves more behind than all of them may."""
    root = Selections.root

    def anew(self: Selections) -> GroupedFieldSet:
        self._root = None
        return root(self)

    monkeypatch.setattr(Selections, "root", anew)
    stream = await stage.subscribe(stage.house.admin, QUERY)
    assert await growth(stream, EVENTS // 10) > MOST_BYTES


class TestWhatIsPrivateToGraphqlCore:
    """`graph/compiling/execution.py` overrides methods that graphql-core does not promise."""

    @pytest.mark.parametrize(
        "name", ["execute_collected_root_fields", "collect_and_execute_subfields", "complete_list_value"]
    )
    def test_what_is_overridden_is_there_and_takes_the_same(self, name: str) -> None:
        theirs, ours = signature(getattr(Executor, name)), signature(getattr(CompilingExecutor, name))
        assert list(theirs.parameters) == list(ours.parameters)

    def test_its_own_memo_is_where_we_think_and_shared_by_all_events(self) -> None:
        executor = Executor.build(CORE_SCHEMA, parse(QUERY))
        assert isinstance(executor, Executor)
        memo = executor._relevant_sub_fields
        assert memo == {}
        event = executor.build_per_event_executor(None)
        assert event is not executor
        assert event._relevant_sub_fields is memo

    async def test_nothing_gets_into_it(self, stage: Stage) -> None:
        stream = await stage.subscribe(stage.house.admin, QUERY)
        await stream.render(envelope(1))
        assert stream._shared.executor._relevant_sub_fields == {}
        assert stream._shared.executor.context_value is None
