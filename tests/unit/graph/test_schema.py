"""The schema says what everything is, and has just what exists."""

from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
)

from events.catalog import EVENT_TYPES
from graph.enums import ActivityKind, ErrorCode
from graph.scalars import SCALARS
from graph.schema import schema

CORE = schema._schema
OURS = {
    name: kind
    for name, kind in CORE.type_map.items()
    if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
}


def described(name: str, kind: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    """Everything of a type that must have a description."""
    yield name, kind.description
    match kind:
        case GraphQLObjectType() | GraphQLInterfaceType():
            for field_name, field in kind.fields.items():
                yield f"{name}.{field_name}", field.description
                for argument_name, argument in field.args.items():
                    yield f"{name}.{field_name}({argument_name})", argument.description
        case GraphQLInputObjectType():
            for field_name, input_field in kind.fields.items():
                yield f"{name}.{field_name}", input_field.description
        case GraphQLEnumType():
            for value_name, value in kind.values.items():
                yield f"{name}.{value_name}", value.description
        case _:
            pass


def test_everything_has_a_description() -> None:
    everything = [one for name, kind in OURS.items() for one in described(name, kind)]
    assert len(everything) > 400
    assert [name for name, description in everything if not (description or "").strip()] == []


def test_every_description_is_a_sentence() -> None:
    everything = [one for name, kind in OURS.items() for one in described(name, kind)]
    assert [name for name, text in everything if not (text or "").endswith(".")] == []


def test_every_event_of_the_feed_is_a_kind_of_activity() -> None:
    assert {kind.value for kind in ActivityKind} == {event.__name__ for event in EVENT_TYPES if event.FEED}


def test_every_mutation_takes_one_input_and_gives_a_union_of_its_own() -> None:
    assert CORE.mutation_type is not None
    for name, field in CORE.mutation_type.fields.items():
        capital = name[0].upper() + name[1:]
        assert {key: str(argument.type) for key, argument in field.args.items()} == {
            "input": f"{capital}Input!"
        }
        assert str(field.type) == f"{capital}Result!"
        members = {str(member) for member in CORE.type_map[f"{capital}Result"].types}  # type: ignore[attr-defined]
        assert f"{capital}Payload" in members
        assert members - {f"{capital}Payload"} <= {
            "ValidationError",
            "NotFoundError",
            "ConflictError",
            "ForbiddenError",
            "UnavailableError",
            *(("SecretShownError",) if name == "createToken" else ()),
        }
        assert {"ValidationError", "ConflictError", "ForbiddenError", "UnavailableError"} <= members


def test_no_type_has_a_password() -> None:
    outputs = [kind for kind in OURS.values() if isinstance(kind, GraphQLObjectType)]
    assert [kind.name for kind in outputs if any("password" in name.lower() for name in kind.fields)] == []


def test_the_codes_of_errors_are_those_of_the_services() -> None:
    assert {code.value for code in ErrorCode} == {
        "VALIDATION_FAILED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "INVALID_TRANSITION",
        "IN_USE",
        "VERSION_MISMATCH",
        "EXPECTED_STATE_MISMATCH",
        "RERUN_PRECONDITION_FAILED",
        "IDEMPOTENCY_KEY_REUSED",
        "SECRET_SHOWN",
        "ONESELF",
        "UNAVAILABLE",
        "FORBIDDEN",
    }


def test_the_scalars_are_ours() -> None:
    assert {one.name for one in SCALARS.values()} == {"BigInt", "Cursor", "DateTime", "JSON"}
    assert {name for name in ("BigInt", "Cursor", "DateTime", "JSON") if name in OURS} == {
        "BigInt",
        "Cursor",
        "DateTime",
        "JSON",
    }
