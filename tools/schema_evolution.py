"""Whether a schema still keeps what the released one promised: `python -m tools.schema_evolution [RELEASED [PRESENT]]`.

Breaking is what can fail or fool a client that was written for the released schema, and is refused: graphql-core
finds removed types, fields, arguments, enum values and union members, changed types and nullability, and new
required arguments and inputs. Two rules are ours: an input must not become `@oneOf`, and what is deprecated must say
what to do instead. Dangerous is what a careful client survives, such as a new enum value, union member or default:
it is listed and allowed. `docs/released/schema.graphql` is the released schema; `make release-schema` moves it on.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from graphql import (
    DEFAULT_DEPRECATION_REASON,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    find_breaking_changes,
    find_dangerous_changes,
)

ROOT = Path(__file__).parents[1]
RELEASED = ROOT / "docs" / "released" / "schema.graphql"
PRESENT = ROOT / "schema.graphql"


class Evolution(NamedTuple):
    """What became of a schema: one sentence for each change, sorted; `breaking` must be empty."""

    breaking: tuple[str, ...]
    dangerous: tuple[str, ...]


def compared(released: str, present: str) -> Evolution:
    """Compare two schemas, given as SDL."""
    old, new = build_schema(released), build_schema(present)
    breaking = [change.description for change in find_breaking_changes(old, new)]
    breaking += [*_newly_one_of(old, new), *_silent_deprecations(new)]
    dangerous = [change.description for change in find_dangerous_changes(old, new)]
    return Evolution(tuple(sorted(breaking)), tuple(sorted(dangerous)))


def _newly_one_of(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[str]:
    for name, kind in new.type_map.items():
        before = old.type_map.get(name)
        was_open = isinstance(before, GraphQLInputObjectType) and not before.is_one_of
        if was_open and isinstance(kind, GraphQLInputObjectType) and kind.is_one_of:
            yield f"{name} became @oneOf: inputs that were good are refused."


def _silent_deprecations(schema: GraphQLSchema) -> Iterator[str]:
    for place, reason in _deprecations(schema):
        if reason is not None and reason.strip() in ("", DEFAULT_DEPRECATION_REASON):
            yield f"{place} is deprecated and does not say what to use instead."


def _deprecations(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{value}", one.deprecation_reason) for value, one in kind.values.items())
        elif isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{name}.{field}", one.deprecation_reason) for field, one in kind.fields.items())
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            yield from _of_fields(name, kind)


def _of_fields(name: str, kind: GraphQLObjectType | GraphQLInterfaceType) -> Iterator[tuple[str, str | None]]:
    for field, one in kind.fields.items():
        yield f"{name}.{field}", one.deprecation_reason
        yield from (
            (f"{name}.{field}({argument}:)", each.deprecation_reason) for argument, each in one.args.items()
        )


def main() -> int:
    """Compare two files; 1 if the present schema breaks the released one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("released", nargs="?", type=Path, default=RELEASED, help="what clients rely on")
    parser.add_argument("present", nargs="?", type=Path, default=PRESENT, help="what shall replace it")
    args = parser.parse_args()
    found = compared(args.released.read_text(), args.present.read_text())
    for line in found.dangerous:
        sys.stdout.write(f"dangerous: {line}\n")
    for line in found.breaking:
        sys.stderr.write(f"BREAKING: {line}\n")
    return 1 if found.breaking else 0


if __name__ == "__main__":
    sys.exit(main())
