"""What the verbs on many proxies tell of each."""

from collections import Counter
from collections.abc import Sequence
from typing import Self

import strawberry

from graph.errors import Violation
from graph.types.proxy import Proxy
from services.proxy_lists import ImportedLine, KeptProxy
from vocabulary.proxies import ImportOutcome


@strawberry.type(description="What became of one line of a list of proxies.")
class ImportedProxyLine:
    """What became of one line of a list of proxies."""

    line: int = strawberry.field(
        description="The line in the text, from 1; blank ones and comments are counted."
    )
    text: str | None = strawberry.field(
        description="The line without its comment; null if any part of it may be a user or a password."
    )
    outcome: ImportOutcome = strawberry.field(description="What became of it.")
    address: str | None = strawberry.field(
        description="Protocol, host and port as a URL, without user and password; null if it is INVALID."
    )
    proxy: Proxy | None = strawberry.field(
        description="The proxy that was added or was there already; null for every other outcome."
    )
    first_line: int | None = strawberry.field(
        description="The line that it repeats, if it is DUPLICATE_IN_TEXT."
    )
    violations: list[Violation] = strawberry.field(
        description="The rules that it breaks, with a path into the proxy; empty unless it is INVALID."
    )

    @classmethod
    def from_line(cls, line: ImportedLine) -> Self:
        """The line of a verb."""
        return cls(
            line=line.number,
            text=line.text,
            outcome=line.outcome,
            address=line.address,
            proxy=None if line.proxy is None else Proxy.from_state(line.proxy),
            first_line=line.first_line,
            violations=[
                Violation(path=list(one.path), message=one.message, limit=one.limit)
                for one in line.violations
            ],
        )


@strawberry.type(
    description="How many lines of a list had each outcome; blank ones and comments are not counted."
)
class ImportTotals:
    """How many lines of a list had each outcome."""

    lines: int = strawberry.field(description="All of them.")
    added: int = strawberry.field(description="ADDED.")
    would_add: int = strawberry.field(description="WOULD_ADD.")
    duplicate_in_text: int = strawberry.field(description="DUPLICATE_IN_TEXT.")
    already_exists: int = strawberry.field(description="ALREADY_EXISTS.")
    invalid: int = strawberry.field(description="INVALID.")

    @classmethod
    def of_lines(cls, lines: Sequence[ImportedLine]) -> Self:
        """Counts of the outcomes."""
        counts = Counter(line.outcome for line in lines)
        return cls(lines=len(lines), **{outcome.lower(): counts[outcome] for outcome in ImportOutcome})


@strawberry.type(description="An unhealthy proxy that stays.")
class KeptUnhealthyProxy:
    """An unhealthy proxy that stays."""

    proxy: Proxy = strawberry.field(description="The proxy.")
    reason: str = strawberry.field(description="Why it stays, for people: which unfinished campaign uses it.")

    @classmethod
    def from_kept(cls, kept: KeptProxy) -> Self:
        """What a verb kept."""
        return cls(proxy=Proxy.from_state(kept.proxy), reason=kept.why)
