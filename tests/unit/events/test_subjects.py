"""Subjects: whatever matches a stream is about one of its subjects, so nobody is passed over who is concerned."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast, get_args
from uuid import UUID

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from db.queries.activity import ActivityFilter
from db.queries.campaigns import CampaignFilter
from db.scope import EVERYTHING, Scope
from events import catalog
from events.access_events import SettingsChanged
from events.bulk_events import BulkOperationProgress, BulkOperationStarted
from events.catalog import Event
from events.envelope import Envelope
from events.event import EntityType, EventType, Unreadable
from events.proxy_events import ProxyEventType
from events.resource_events import PersonaDeleted
from events.subjects import subjects_of
from graph.streams.activity import ActivitySource
from graph.streams.bulk import BulkSource
from graph.streams.campaign_list import CampaignListSource
from graph.streams.campaigns import CampaignSource
from graph.streams.domains import DomainSource
from graph.streams.proxies import ProxySource
from graph.streams.resources import ResourceKind, ResourceSource
from graph.streams.source import Source
from tests.fakes.happenings import events
from vocabulary.access import WORKER
from vocabulary.personas import PersonaType

ID, OWNER = UUID(int=7), UUID(int=8)
CAMPAIGNS, DOMAINS = get_args(catalog.CampaignEvent), get_args(catalog.DomainEvent)
PROXIES = get_args(catalog.ProxyEvent)
RESOURCES = (*get_args(catalog.ResourceEvent), SettingsChanged)
FEED = tuple(each for each in catalog.EVENT_TYPES if each.FEED)

Make = Callable[[Scope, UUID], Source]

STREAMS: dict[str, tuple[Make, tuple[type[EventType], ...]]] = {
    "a campaign": (lambda scope, ident: CampaignSource(scope, None, ident), CAMPAIGNS),
    "its domains": (lambda scope, ident: DomainSource(scope, None, ident, None), DOMAINS),
    "campaigns": (lambda scope, _: CampaignListSource(scope, None, CampaignFilter()), CAMPAIGNS),
    "a bulk operation": (
        lambda scope, ident: BulkSource(scope, None, ident),
        (BulkOperationStarted, BulkOperationProgress),
    ),
    "proxies": (lambda scope, _: ProxySource(scope, None, None), PROXIES),
    "a proxy": (lambda scope, ident: ProxySource(scope, None, [ident]), PROXIES),
    "a pool": (lambda scope, ident: ProxySource(scope, None, None, ident), PROXIES),
    "resources": (lambda scope, _: ResourceSource(scope, None, list(ResourceKind)), RESOURCES),
    "activity": (lambda scope, _: ActivitySource(scope, None, ActivityFilter()), FEED),
    "activity of a thing": (
        lambda scope, ident: ActivitySource(scope, None, ActivityFilter(entity_id=ident)),
        FEED,
    ),
    "activity of a campaign": (
        lambda scope, ident: ActivitySource(scope, None, ActivityFilter(campaign_id=ident)),
        FEED,
    ),
    "activity of a kind": (
        lambda scope, _: ActivitySource(scope, None, ActivityFilter(entity_type="CAMPAIGN")),
        FEED,
    ),
}


def told(event: EventType, owner: UUID | None) -> Envelope:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Envelope(
        position=1,
        event=cast("Event", event),
        occurred_at=moment,
        actor=WORKER,
        owner_id=owner,
        summary="",
        tag=1,
    )


def idents(event: EventType) -> list[UUID]:
    """What a stream may be about that tells of an event."""
    campaign = event.campaign_id_or_none
    pools = event.proxy.pool_ids if isinstance(event, ProxyEventType) else ()
    return [event.entity_id, *([] if campaign is None else [campaign]), *pools]


@pytest.mark.parametrize("scope", [EVERYTHING, Scope(OWNER)], ids=["everything", "an owner's"])
@pytest.mark.parametrize("stream", STREAMS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_whatever_matches_has_one_of_the_subjects(stream: str, scope: Scope, data: st.DataObject) -> None:
    """A stream that never matches anything here would be found: hypothesis counts that as an error."""
    make, kinds = STREAMS[stream]
    event = data.draw(st.sampled_from(kinds).flatmap(events))
    envelope = told(event, OWNER)
    source = make(scope, data.draw(st.sampled_from(idents(event))))
    assume(source.matches(envelope))
    assert source.subjects is None or source.subjects & set(subjects_of(envelope))


def test_they_are_few_where_a_stream_is_about_little() -> None:
    everybodys = [make(EVERYTHING, ID).subjects for make, _ in STREAMS.values()]
    assert everybodys == [
        {ID},
        {ID},
        {EntityType.CAMPAIGN},
        {ID},
        {EntityType.PROXY},
        {ID},
        {EntityType.PROXY},
        {EntityType(kind.value) for kind in ResourceKind},
        None,
        {ID},
        {ID},
        {EntityType.CAMPAIGN},
    ]
    owners = [make(Scope(OWNER), ID).subjects for make, _ in STREAMS.values()]
    assert owners[2] == frozenset({(OWNER, EntityType.CAMPAIGN)})
    assert owners[8] == frozenset({OWNER})
    assert owners[0] == frozenset({ID})


def test_what_nobody_can_read_is_about_nothing() -> None:
    assert subjects_of(told(Unreadable(), OWNER)) == ()


def test_what_belongs_to_nobody_has_no_owner_among_them() -> None:
    event = PersonaDeleted(persona_id=ID, name="x", persona_type=PersonaType.DNS)
    assert subjects_of(told(event, None)) == (EntityType.PERSONA, ID)
