"""Any event of the catalog, with any values that its type allows, and what each stream of the schema makes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, get_args
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from db.queries.activity import ActivityFilter
from db.scope import EVERYTHING
from events import catalog
from events.access_events import SettingsChanged
from events.cursor import encode
from events.envelope import Envelope
from events.event import EventType
from graph.scalars import Cursor
from graph.streams.activity import ActivitySource
from graph.streams.bulk import BulkSource
from graph.streams.campaigns import CampaignSource
from graph.streams.domains import DomainSource
from graph.streams.proxies import ProxySource
from graph.streams.resources import ResourceKind, ResourceSource
from graph.streams.source import Source
from vocabulary.access import WORKER, Actor, ActorKind

ID = UUID(int=7)


@dataclass(frozen=True)
class Streamed:
    """A subscription that tells of events by their envelopes alone: its field, its union, and what it tells of."""

    field: str
    union: str
    types: tuple[type[EventType], ...]
    source: Callable[[], Source]


STREAMS = (
    Streamed(
        "campaignEvents",
        "CampaignEvent",
        get_args(catalog.CampaignEvent),
        lambda: CampaignSource(EVERYTHING, None, ID),
    ),
    Streamed(
        "domainEvents",
        "DomainEvent",
        get_args(catalog.DomainEvent),
        lambda: DomainSource(EVERYTHING, None, ID, None),
    ),
    Streamed(
        "proxyEvents", "ProxyEvent", get_args(catalog.ProxyEvent), lambda: ProxySource(EVERYTHING, None, None)
    ),
    Streamed(
        "bulkOperation",
        "BulkOperationEvent",
        get_args(catalog.BulkEvent),
        lambda: BulkSource(EVERYTHING, None, ID),
    ),
    Streamed(
        "resourceEvents",
        "ResourceEvent",
        (*get_args(catalog.ResourceEvent), SettingsChanged),
        lambda: ResourceSource(EVERYTHING, None, list(ResourceKind)),
    ),
    Streamed(
        "activity",
        "ActivityEvent",
        tuple(each for each in catalog.EVENT_TYPES if each.FEED),
        lambda: ActivitySource(EVERYTHING, None, ActivityFilter()),
    ),
)

texts = st.text(st.characters(codec="utf-8"), max_size=12)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda each: each.replace(tzinfo=UTC))  # noqa: DTZ001
actors = st.builds(Actor, kind=st.sampled_from(ActorKind), name=texts, id=st.none() | st.uuids())


@cache
def events(kind: type[EventType]) -> st.SearchStrategy[Any]:
    """Events of a type."""
    return _structs(msgspec.inspect.type_info(kind))


@st.composite
def envelopes(draw: st.DrawFn, kinds: tuple[type[EventType], ...]) -> Envelope:
    """An event of one of these types, with its place."""
    event = draw(events(draw(st.sampled_from(kinds))))
    return Envelope(
        position=draw(st.integers(1, 2**62)),
        event=event,
        occurred_at=draw(moments),
        actor=draw(st.just(WORKER) | actors),
        owner_id=None,
        summary=draw(texts),
        tag=draw(st.integers(0, 2**32 - 1)),
    )


def told(stream: Streamed, envelope: Envelope) -> Any:
    """What a stream makes of an event."""
    place = Cursor(encode("0123456789ab", envelope.position, envelope.tag))
    return stream.source().event(envelope, place)


def _structs(info: Any) -> st.SearchStrategy[Any]:
    return st.builds(info.cls, **{field.name: _any(field.type) for field in info.fields})


def _any(info: Any) -> st.SearchStrategy[Any]:
    """Any value of a type of a field."""
    kind = type(info)
    if kind not in _KINDS:
        raise AssertionError(f"Say what a {info!r} may be.")
    return _KINDS[kind](info)


_KINDS: dict[type, Callable[[Any], st.SearchStrategy[Any]]] = {
    msgspec.inspect.NoneType: lambda _: st.none(),
    msgspec.inspect.BoolType: lambda _: st.booleans(),
    # Sums of a few of them are numbers of the schema, too.
    msgspec.inspect.IntType: lambda _: st.integers(0, 10**7),
    msgspec.inspect.FloatType: lambda _: st.floats(0, 1e9),
    msgspec.inspect.StrType: lambda _: texts,
    msgspec.inspect.UUIDType: lambda _: st.uuids(),
    msgspec.inspect.DateTimeType: lambda _: moments,
    msgspec.inspect.AnyType: lambda _: (
        st.none() | texts | st.integers(0, 9) | st.lists(st.booleans(), max_size=2)
    ),
    msgspec.inspect.EnumType: lambda info: st.sampled_from(list(info.cls)),
    msgspec.inspect.LiteralType: lambda info: st.sampled_from(list(info.values)),
    msgspec.inspect.UnionType: lambda info: st.one_of(*(_any(each) for each in info.types)),
    msgspec.inspect.VarTupleType: lambda info: st.lists(_any(info.item_type), max_size=3).map(tuple),
    msgspec.inspect.ListType: lambda info: st.lists(_any(info.item_type), max_size=3),
    msgspec.inspect.DictType: lambda info: st.dictionaries(
        _any(info.key_type), _any(info.value_type), max_size=2
    ),
    msgspec.inspect.StructType: _structs,
    msgspec.inspect.DataclassType: _structs,
}
