"""Frames that are made at once are those that graphql-core makes, and the subscriptions of the documents have them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from graphql import DocumentNode, OperationDefinitionNode, OperationType, parse
from graphql.utilities import separate_operations
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.campaign_events import CampaignCreated
from events.envelope import Envelope
from graph.compiling.execution import CompilingExecutor
from graph.compiling.selections import Selections
from graph.core_execution import CORE_SCHEMA
from tests.docs.blocks import ROOT, operations, pages
from tests.fakes.happenings import STREAMS, Streamed, envelopes, told
from tests.fakes.stage import Stage
from vocabulary.access import WORKER
from vocabulary.operations import NOT_NOW

# What these select of other things is read for each event: the pools of a proxy, the campaign of an activity, the
# persona, the keyword set. Events of campaigns and their domains, and of bulk operations, say all themselves.
READ_FOR_IT = ("activity", "proxyEvents", "resourceEvents")
FOLLOWED = {each.field: each for each in STREAMS}
QUERIES = {
    "proxyEvents": "subscription { proxyEvents { __typename ... on ProxyHappening { at proxy { id name health } } } }",
    "activity": "subscription { told: activity { ... on ActivityAdded { activity { summary kind actor { name } } } } }",
    "resourceEvents": "subscription { resourceEvents(kinds: [PERSONA]) { ... on StreamEvent { cursor } } }",
}


def documents() -> dict[str, DocumentNode]:
    """Every subscription of the screens, of the README and of docs/."""
    found = separate_operations(parse((ROOT / "docs/screens.graphql").read_text()))
    for page in pages():
        for number, (block, _) in enumerate(operations(page)):
            for name, document in separate_operations(parse(block.text)).items():
                found[f"{page}:{name or number}"] = document
    return {
        name: each for name, each in found.items() if _operation(each).operation is OperationType.SUBSCRIPTION
    }


def _operation(document: DocumentNode) -> OperationDefinitionNode:
    (found,) = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    return found


def _root(document: DocumentNode) -> str:
    first: Any = _operation(document).selection_set.selections[0]
    name: str = first.name.value
    return name


DOCUMENTS = documents()
AT_ONCE = sorted(
    name for name, each in DOCUMENTS.items() if _root(each) in FOLLOWED and _root(each) not in READ_FOR_IT
)


def test_those_are_the_documents() -> None:
    named = {
        "CampaignDetail_Events",
        "CampaignDetail_Domains",
        "Progress_Events",
        "ProxyPage_Bulk",
        "CampaignList_Bulk",
    }
    assert named | {"README.md:Follow", "README.md:Life", "README.md:Testing"} <= set(AT_ONCE)


@pytest.mark.parametrize("name", AT_ONCE)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_every_event_is_told_at_once(name: str, data: st.DataObject) -> None:
    document = DOCUMENTS[name]
    given_ = {"id": "x", "operation": "x"}
    executor = CompilingExecutor.build(CORE_SCHEMA, document, raw_variable_values=given_)
    assert isinstance(executor, CompilingExecutor), executor
    complete = Selections(executor).data()
    assert complete is not None
    stream = FOLLOWED[_root(document)]
    assert complete(told(stream, data.draw(envelopes(stream.types))))[_root(document)] is not None


@pytest.mark.parametrize(
    "stream", [each for each in STREAMS if each.field in QUERIES], ids=lambda each: each.field
)
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
async def test_it_is_the_frame_of_graphql_core(stage: Stage, stream: Streamed, data: st.DataObject) -> None:
    followed = await stage.subscribe(stage.house.admin, QUERIES[stream.field])
    envelope = data.draw(envelopes(stream.types))
    frame = followed.render_now(envelope)
    assert frame is not NOT_NOW
    assert frame == await followed.render(envelope)


@pytest.mark.parametrize(
    "query",
    [
        "subscription { activity { ... on ActivityAdded { activity { campaign { id } } } } }",
        "subscription { campaignList { ... on StreamEvent { cursor } } }",
    ],
)
@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(envelope=envelopes(STREAMS[0].types))
async def test_what_is_read_for_it_is_not_told_at_once(stage: Stage, query: str, envelope: Envelope) -> None:
    followed = await stage.subscribe(stage.house.admin, query)
    assert followed.render_now(envelope) is NOT_NOW


async def test_whatever_fails_is_left_to_graphql_core(stage: Stage) -> None:
    """An event that is none of this stream's, as a defect would bring."""
    followed = await stage.subscribe(stage.house.admin, QUERIES["proxyEvents"])
    event = CampaignCreated(campaign_id=UUID(int=1), name="x")
    envelope = Envelope(
        position=1,
        event=event,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        actor=WORKER,
        owner_id=None,
        summary="",
    )
    assert followed.render_now(envelope) is NOT_NOW
    with pytest.raises(TypeError, match="no event of a proxy"):
        await followed.render(envelope)
