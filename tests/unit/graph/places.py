"""Every place of the schema where a client writes something, found in the schema, and the request that writes there.

A request has what is required, what stands on the way to the place, and values that pass the rules elsewhere.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from graph.schema import schema

CORE = schema._schema

Value = Any
# What one operation holds of a place: the value that is written there, given its type.
Fill = Callable[[GraphQLInputType], Value]

GENERATION = {
    "patternType": "SUFFIX", "characterSet": "abc", "constant": "q", "tlds": [".test"], "suffixLength": 3, "count": "5",
}  # fmt: skip
SCALARS: Mapping[str, Value] = {
    "String": "new", "Int": 1, "Float": 0.5, "Boolean": True, "BigInt": "1", "DateTime": "2026-01-31T12:00:00Z",
}  # fmt: skip
TEXTS: Mapping[str, str] = {
    "host": "proxy.example", "text": "192.0.2.9:80", "target": "name.example", "url": "http://name.example/",
    "resolver": "192.0.2.1:53", "characterSet": "abc", "tld": ".test", "pattern": "lamp",
}  # fmt: skip
# What an input has beside the place that it is asked for, so that it passes the rules elsewhere.
BESIDE: Mapping[str, Mapping[str, Value]] = {
    "GenerationConfigInput": GENERATION,
    "HttpConfigInput": {"adHocKeywords": ["torch"]},
    "DnsPersonaConfigInput": {"resolvers": ["192.0.2.1:53"]},
}


@dataclass(frozen=True)
class Place:
    """A place: the root type and its field, and the names from there to a scalar or to a list."""

    operation: str
    field: str
    path: tuple[str, ...]
    type: GraphQLInputType

    def __str__(self) -> str:
        return f"{self.operation} {self.field} {'.'.join(self.path)}"


def roots() -> Iterator[tuple[str, str, GraphQLField]]:
    """Each root field, with the name of its operation."""
    for operation, kind in (
        ("query", CORE.query_type),
        ("mutation", CORE.mutation_type),
        ("subscription", CORE.subscription_type),
    ):
        assert kind is not None
        for name, field in kind.fields.items():
            yield operation, name, field


def places() -> Iterator[Place]:
    """All of them; inputs inside inputs too."""
    for operation, name, field in roots():
        for argument, one in field.args.items():
            for path, kind in _below((argument,), one.type, ()):
                yield Place(operation, name, path, kind)


def _below(
    path: tuple[str, ...], kind: GraphQLInputType, seen: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], GraphQLInputType]]:
    named = get_named_type(kind)
    if not isinstance(named, GraphQLInputObjectType):
        yield path, kind
    elif named.name not in seen:
        if _is_list(kind):
            yield path, kind
        for name, field in named.fields.items():
            yield from _below((*path, name), field.type, (*seen, named.name))


def _is_list(kind: GraphQLInputType) -> bool:
    return isinstance(_nullable(kind), GraphQLList)


def _nullable(kind: Any) -> Any:
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind


def variables(place: Place, ids: Callable[[Place], str], value: Value) -> dict[str, Value]:
    """The variables of a request that has `value` at the place, and `ids` of all other places where there is one."""
    field = _field(place)
    given = {
        name: _made(Place(place.operation, place.field, (name,), one.type), ids)
        for name, one in field.args.items()
        if is_required_argument(one)
    }
    _put(given, place, field.args[place.path[0]].type, ids, value)
    match place.field, place.path:
        case "testKeywords", ["input", "personaId" | "dnsPersonaId"]:
            given["input"]["url"] = TEXTS["url"]
        case "testKeywords", ["input", "text" | "url", *_]:
            given["input"]["rules"] = [{"pattern": "lamp"}]
        case "testKeywords", ["input", _, *_]:
            given["input"]["text"] = "a lamp"
        case "configurePhase", ["input", "id" | "expectedVersion"]:
            given["input"]["analysis"] = {}
        case _:
            pass
    return given


def _field(place: Place) -> GraphQLField:
    return next(
        one for operation, name, one in roots() if (operation, name) == (place.operation, place.field)
    )


def _put(
    given: dict[str, Value], place: Place, kind: GraphQLInputType, ids: Callable[[Place], str], value: Value
) -> None:
    """Write `value` at the place, and make what stands on the way."""
    at = 0
    while at < len(place.path) - 1:
        name, named = place.path[at], get_named_type(kind)
        assert isinstance(named, GraphQLInputObjectType)
        here = Place(place.operation, place.field, place.path[: at + 1], kind)
        inside = given.get(name) or _made(here, ids)
        if named.is_one_of:
            inside = {}
        given[name] = inside
        given = inside[0] if isinstance(inside, list) else inside
        kind = named.fields[place.path[at + 1]].type
        at += 1
    given[place.path[-1]] = value


def _made(here: Place, ids: Callable[[Place], str]) -> Value:
    """A value that passes the rules."""
    kind = _nullable(here.type)
    if isinstance(kind, GraphQLList):
        return [_made(Place(here.operation, here.field, here.path, kind.of_type), ids)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        needed = {name: one for name, one in kind.fields.items() if is_required_input_field(one)}
        if kind.is_one_of:
            needed = dict([next(iter(kind.fields.items()))])
        beside = dict(BESIDE.get(kind.name, {}))
        return beside | {
            name: _made(Place(here.operation, here.field, (*here.path, name), one.type), ids)
            for name, one in needed.items()
            if name not in beside
        }
    if kind.name == "ID":
        return ids(here)
    return TEXTS.get(here.path[-1]) or SCALARS[kind.name]


def document(place: Place, given: Mapping[str, Value]) -> str:
    """The request with these variables: it selects what tells one answer from another."""
    return request_to(place.operation, place.field, _field(place), given)


def required(operation: str, name: str, field: GraphQLField, ids: Callable[[Place], str]) -> dict[str, Value]:
    """The variables of a request to a root field that has what is required and no more."""
    given = {
        argument: _made(Place(operation, name, (argument,), one.type), ids)
        for argument, one in field.args.items()
        if is_required_argument(one)
    }
    match name:
        case "configurePhase":
            given["input"]["analysis"] = {}
        case "createPersona":
            given["input"]["config"] = {"dns": dict(BESIDE["DnsPersonaConfigInput"])}
        case "renewToken":
            given["input"]["id"] = ids(Place(operation, name, ("input", "id"), GraphQLID))
        case "bulkSetProxiesEnabled" | "bulkTestProxies" | "bulkDeleteProxies":
            # Of the two ways to say which, this is the one that names them.
            given["input"]["ids"] = [ids(Place(operation, name, ("input", "ids"), GraphQLID))]
        case _:
            pass
    return given


def request_to(operation: str, name: str, field: GraphQLField, given: Mapping[str, Value]) -> str:
    """The request to a root field with these variables."""
    declared = ", ".join(f"${each}: {field.args[each].type}" for each in given)
    passed = ", ".join(f"{each}: ${each}" for each in given)
    head, call = (f"{operation} ({declared})", f"{name}({passed})") if given else (operation, name)
    selected = "" if is_leaf_type(get_named_type(field.type)) else f" {{ {_selection(field)} }}"
    return f"{head} {{ {call}{selected} }}"


def _selection(field: GraphQLField) -> str:
    kind = get_named_type(field.type)
    if isinstance(kind, GraphQLUnionType):
        parts = [part for one in kind.types for part in _telling(one)]
        if "UserError" in {face.name for one in kind.types for face in one.interfaces}:
            parts.append("... on UserError { code message path }")
        return f"__typename {' '.join(parts)}"
    count = "totalCount" if kind.name.endswith("Connection") else ""
    return f"__typename {count}"


def _telling(member: GraphQLObjectType) -> Iterator[str]:
    if "operation" in member.fields and member.name.endswith("Payload"):
        yield f"... on {member.name} {{ operation {{ total failed }} }}"
    if "removed" in member.fields and member.name == "CleanUnhealthyProxiesPayload":
        yield f"... on {member.name} {{ removed {{ id }} wouldRemove {{ id }} }}"
    if member.name.endswith("Snapshot"):
        for name in ("proxies", "campaigns", "activities", "personas"):
            if name in member.fields:
                yield f"... on {member.name} {{ {name} {{ id }} }}"
