"""What one client can take: a number for each limit, and how it is told that one was passed.

Each limit is a setting of the same name, its default is here, and whoever passes it is told its name and number in
the extensions of one error. What is bounded for another reason, such as a text of an input, is not among them.
"""

from enum import StrEnum
from typing import Any

import msgspec


class Limit(StrEnum):
    """The limits, by the names that clients read; the fields of `Limits` and the settings are these in snake case."""

    MAX_CHARACTERS = "maxCharacters"
    MAX_TOKENS = "maxTokens"
    MAX_DEPTH = "maxDepth"
    MAX_ALIASES = "maxAliases"
    MAX_COMPLEXITY = "maxComplexity"
    MAX_VALUES = "maxValues"
    MAX_ROWS = "maxRows"
    MAX_PAGE = "maxPage"
    QUERY_SECONDS = "querySeconds"
    MUTATION_SECONDS = "mutationSeconds"
    BODY_BYTES = "bodyBytes"
    MESSAGE_BYTES = "messageBytes"
    CONNECTION_OPERATIONS = "connectionOperations"
    PRINCIPAL_CONNECTIONS = "principalConnections"
    PRINCIPAL_REQUESTS = "principalRequests"
    PRINCIPAL_MUTATIONS = "principalMutations"
    PRINCIPAL_DOCUMENTS = "principalDocuments"
    PRINCIPAL_TESTS = "principalTests"
    PRINCIPAL_RESERVATIONS = "principalReservations"
    RESERVATION_SECONDS = "reservationSeconds"


class Limits(msgspec.Struct, frozen=True):
    """The numbers; `Settings` says what each of them is about."""

    max_characters: int = 65_536
    max_tokens: int = 1_500
    max_depth: int = 14
    max_aliases: int = 50
    max_complexity: int = 10_000
    max_values: int = 10_000
    max_rows: int = 20_000
    max_page: int = 1_000
    query_seconds: float = 30.0
    mutation_seconds: float = 660.0
    body_bytes: int = 1 << 20
    message_bytes: int = 256 * 1024
    connection_operations: int = 1_000
    principal_connections: int = 1_000
    principal_requests: int = 12_000
    principal_mutations: int = 3_000
    principal_documents: int = 1_200
    principal_tests: int = 2
    principal_reservations: int = 64
    reservation_seconds: float = 10.0

    def of(self, limit: Limit) -> float:
        """The number of one limit."""
        found: float = getattr(self, limit.name.lower())
        return found


STANDARD = Limits()


def exceeded(limit: Limit, number: float) -> dict[str, Any]:
    """The `extensions` of the error that tells that a limit was passed."""
    return {"code": "LIMIT_EXCEEDED", "limit": number, "limitName": limit.value}
