"""How an enum of a room below becomes part of the schema: with a sentence for every value."""

from collections.abc import Mapping
from enum import StrEnum
from typing import cast

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition


def described(enum: type[StrEnum], about: str, values: Mapping[str, str]) -> None:
    """Make an enum part of the schema, with a description for each value.

    Raises:
        ValueError: a value has no description, or a description no value.
    """
    if set(values) != {member.value for member in enum}:
        raise ValueError(f"{enum.__name__} and its descriptions differ.")
    strawberry.enum(enum, description=about)
    definition = cast("StrawberryEnumDefinition", getattr(enum, "__strawberry_definition__"))  # noqa: B009
    for value in definition.values:
        value.description = values[value.value]
