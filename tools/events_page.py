"""The tables of docs/events.md: from the catalog, the schema, the code of the services and the tests."""

import re
from collections.abc import Iterable, Mapping

import msgspec
from graphql import GraphQLEnumType, GraphQLObjectType, GraphQLSchema, GraphQLUnionType, build_schema

from events.catalog import EVENT_TYPES
from events.event import EventType
from tools.emitters import ROOT, emitters
from tools.markdown import table

UNIONS = {
    "campaignEvents": "CampaignEvent",
    "campaignList": "CampaignListEvent",
    "domainEvents": "DomainEvent",
    "proxyEvents": "ProxyEvent",
    "bulkOperation": "BulkOperationEvent",
    "resourceEvents": "ResourceEvent",
    "activity": "ActivityEvent",
}
BATCHED = {"DomainsGenerated": "DomainEventBatch", "DomainsChanged": "DomainEventBatch"}
"""The frame that an event arrives in, where that is not one of its own."""
ARRIVES = "../tests/protocol/test_every_event.py"


def catalog() -> str:
    """Every type of event that is recorded."""
    schema, places = _schema(), emitters()
    rows = [_catalog_row(kind, schema, places) for kind in EVENT_TYPES]
    return table(("Event", "It says", "Stream", "Feed", "Emitted by", "Stored fields", "Received by"), rows)


def frames() -> str:
    """Every frame of every stream, as the schema has it."""
    schema = _schema()
    return "\n\n".join(_frames_of(field, name, schema) for field, name in UNIONS.items())


def union(schema: GraphQLSchema, name: str) -> GraphQLUnionType:
    """The union of the schema with this name.

    Raises:
        TypeError: there is none.
    """
    found = schema.type_map[name]
    if not isinstance(found, GraphQLUnionType):
        raise TypeError(f"{name} is no union")
    return found


def _schema() -> GraphQLSchema:
    return build_schema((ROOT / "schema.graphql").read_text())


def streams(kind: type[EventType], schema: GraphQLSchema) -> Mapping[str, str]:
    """The subscriptions that an event arrives in, each with the frame that brings it; the feed has its own column.

    What is of no other stream is of `activity` alone, if of any.
    """
    told = BATCHED.get(kind.__name__, kind.__name__)
    found = {field: told for field, one in UNIONS.items() if _has(schema, one, told)}
    return found or ({"activity": "ActivityAdded"} if kind.FEED else {})


def _catalog_row(
    kind: type[EventType], schema: GraphQLSchema, places: Mapping[str, tuple[str, ...]]
) -> Iterable[str]:
    name = kind.__name__
    found = streams(kind, schema)
    tests = [
        _test("test_arrives", f"{field}-{frame}") for field, frame in found.items() if field != "activity"
    ]
    activity = _activity_kind(name, schema)
    if kind.FEED:
        tests.append(_test("test_is_in_the_feed", activity))
    return (
        f"`{name}`",
        _one_line(kind.__doc__ or ""),
        ", ".join(
            f"`{field}`" + ("" if frame == name else f" as `{frame}`") for field, frame in found.items()
        ),
        f"`{activity}`" if kind.FEED else "",
        "<br>".join(_place(place) for place in places.get(name, ())),
        ", ".join(f"`{one.name}`" for one in msgspec.structs.fields(kind)),
        "<br>".join(tests),
    )


def _has(schema: GraphQLSchema, union_name: str, member: str) -> bool:
    return any(one.name == member for one in union(schema, union_name).types)


def _activity_kind(name: str, schema: GraphQLSchema) -> str:
    """The value of the feed's enum for an event type, such as PHASE_STARTED for PhaseStarted."""
    kinds = schema.type_map["ActivityKind"]
    value = re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()
    return value if isinstance(kinds, GraphQLEnumType) and value in kinds.values else ""


def _place(place: str) -> str:
    path, _, function = place.partition(": ")
    return f"[{path}](../{path}) `{function}`"


def _test(name: str, case: str) -> str:
    return f"[{name}]({ARRIVES})`[{case}]`"


def _frames_of(field: str, name: str, schema: GraphQLSchema) -> str:
    rows = [_frame_row(field, member) for member in union(schema, name).types]
    return f"### {field} (`{name}`)\n\n{table(('Frame', 'It says', 'Fields', 'Received by'), rows)}"


def _frame_row(field: str, member: GraphQLObjectType) -> Iterable[str]:
    fields = ", ".join(f"`{name}`" for name in member.fields)
    said = _one_line(member.description or "")
    return f"`{member.name}`", said, fields, _test("test_arrives", f"{field}-{member.name}")


def _one_line(text: str) -> str:
    """The first paragraph."""
    return " ".join(text.strip().split("\n\n")[0].split())
