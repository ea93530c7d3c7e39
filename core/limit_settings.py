"""The settings that say what clients may ask, and how much of it: a part of `core/settings.py`."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from core.limits import STANDARD, Limits


class LimitSettings(BaseSettings):
    """What the operator of an installation lets one client take; each number is one of `Limits`."""

    introspection: bool = Field(
        True, description="Whether clients may read the schema from the server; `__typename` they always may."
    )
    documents_file: Path | None = Field(
        None,
        description="A manifest of trusted documents, which clients ask for by `documentId`; `heliograph documents` "
        "writes one.",
    )
    documents_only: bool = Field(
        False, description="Whether no other documents than those of the manifest are carried out."
    )
    max_characters: int = Field(
        STANDARD.max_characters,
        ge=1_000,
        le=10_000_000,
        description="How many characters a document may have; variables count as the body or message alone.",
    )
    max_tokens: int = Field(
        STANDARD.max_tokens, ge=200, le=1_000_000, description="How many tokens a document may have."
    )
    max_depth: int = Field(
        STANDARD.max_depth, ge=1, le=100, description="How deep fields may be nested in one another."
    )
    max_aliases: int = Field(
        STANDARD.max_aliases,
        ge=0,
        le=10_000,
        description="How many aliases an operation may have, those in fragments counted as often as they are spread.",
    )
    max_complexity: int = Field(
        STANDARD.max_complexity,
        ge=1_000,
        le=1_000_000,
        description="How much there may be to validate: 1 for a field, n² for n of the same name in one place, n² for "
        "n fragments spread in one place, 200 for an operation or a fragment.",
    )
    max_values: int = Field(
        STANDARD.max_values,
        ge=100,
        le=10_000_000,
        description="How many values the variables of an operation may have, those in lists and objects counted.",
    )
    max_rows: int = Field(
        STANDARD.max_rows,
        ge=100,
        le=10_000_000,
        description="What an operation may cost: the rows that all its lists may give by the sizes they ask for, as "
        "which counts, sums and searches count too; and, counted apart, the rows that they do give, those of lists "
        "inside of rows too, each time that they are told. Ten texts or numbers of a list are as one row.",
    )
    max_page: int = Field(
        STANDARD.max_page,
        ge=1,
        le=1_000,
        description="How many rows a page of a list may have; a list may allow fewer.",
    )
    query_seconds: float = Field(
        STANDARD.query_seconds,
        ge=0.05,
        le=3600,
        description="How long a query may take before it is cancelled, and how long the opening of a subscription, not "
        "counting the time of an outage, nor that in which other queries of the process are before it, which is no "
        "longer than as much again.",
    )
    mutation_seconds: float = Field(
        STANDARD.mutation_seconds,
        ge=0.05,
        le=3600,
        description="The same for a mutation; the deletion of a large campaign may take ten minutes.",
    )
    body_bytes: int = Field(
        STANDARD.body_bytes,
        ge=1_024,
        le=64 << 20,
        description="How many bytes the body of a request may have, uncompressed.",
    )
    message_bytes: int = Field(
        STANDARD.message_bytes,
        ge=1_024,
        le=64 << 20,
        description="How many bytes a message on a socket may have; a longer one closes it with 1009.",
    )
    connection_operations: int = Field(
        STANDARD.connection_operations,
        ge=1,
        le=100_000,
        description="How many operations may be active on one socket, subscriptions above all.",
    )
    principal_connections: int = Field(
        STANDARD.principal_connections,
        ge=0,
        le=10_000_000,
        description="How many sockets and event streams one principal may have at a time, over all API processes if "
        "the channel is Redis, else in each; 0 is no limit.",
    )
    principal_requests: int = Field(
        STANDARD.principal_requests,
        ge=0,
        le=100_000_000,
        description="How many operations one principal may begin in a minute, all at once or one by one; over all API "
        "processes if the channel is Redis, else in each. 0 is no limit.",
    )
    principal_mutations: int = Field(
        STANDARD.principal_mutations,
        ge=0,
        le=100_000_000,
        description="How many mutations one principal may make in a minute, counted in the same way; each field at the "
        "root of an operation is one. 0 is no limit.",
    )
    principal_documents: int = Field(
        STANDARD.principal_documents,
        ge=0,
        le=100_000_000,
        description="How many of them may have documents that the process has to parse and validate; a client sends "
        "the same few ones again and again. 0 is no limit.",
    )
    principal_tests: int = Field(
        STANDARD.principal_tests,
        ge=0,
        le=1_000,
        description="How many tests of keywords and personas of one principal may wait or run at a time, in each "
        "process; 0 is no limit.",
    )
    principal_reservations: int = Field(
        STANDARD.principal_reservations,
        ge=0,
        le=1_000_000,
        description="How many reservations of one principal may wait for their event streams at a time, in each "
        "process; 0 is no limit.",
    )
    reservation_seconds: float = Field(
        STANDARD.reservation_seconds,
        ge=0.1,
        le=600,
        description="How long a reservation waits for its event stream before it is given up.",
    )

    @property
    def limits(self) -> Limits:
        """What one client can take."""
        return Limits(**{name: getattr(self, name) for name in Limits.__struct_fields__})

    @model_validator(mode="after")
    def _documents_to_keep_to(self) -> Self:
        if self.documents_only and self.documents_file is None:
            raise ValueError(
                "HELIOGRAPH_DOCUMENTS_ONLY lets no document pass without a manifest: set HELIOGRAPH_DOCUMENTS_FILE"
            )
        return self
