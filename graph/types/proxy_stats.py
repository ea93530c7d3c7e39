"""What is counted of proxies."""

from typing import Self

import strawberry

from db.queries.proxies import Record, Stats
from graph.describing import described
from graph.scalars import BigInt
from vocabulary.proxies import StatsWindow

described(
    StatsWindow,
    "The time over which uses of proxies are counted, up to now, in periods of five minutes.",
    {
        "LAST_HOUR": "The last 60 minutes.",
        "LAST_DAY": "The last 24 hours.",
        "LAST_WEEK": "The last 7 days.",
        "ALL_TIME": "Since the proxy was added.",
    },
)


@strawberry.type(description="How the uses and tests of a proxy ended in some time.")
class ProxyRecord:
    """How the uses and tests of a proxy ended in some time."""

    window: StatsWindow = strawberry.field(description="In which time.")
    uses: BigInt = strawberry.field(description="How many tests and fetches through it there were.")
    successes: BigInt = strawberry.field(description="How many of them went well.")
    failures: BigInt = strawberry.field(description="How many failed because of it.")
    success_rate: float | None = strawberry.field(
        description="The part that went well, from 0 to 1; null if there was none."
    )
    average_latency_ms: float | None = strawberry.field(
        description="The average of its good tests, in milliseconds, for all time the last one; null if there was none."
    )

    @classmethod
    def from_record(cls, window: StatsWindow, record: Record) -> Self:
        """The counts of the database."""
        return cls(
            window=window,
            uses=BigInt(record.successes + record.failures),
            successes=BigInt(record.successes),
            failures=BigInt(record.failures),
            success_rate=record.success_rate,
            average_latency_ms=record.average_latency_ms,
        )


@strawberry.type(description="How many proxies there are, how they are now, and how they did in some time.")
class ProxyStats:
    """How many proxies there are, how they are now, and how they did in some time."""

    total: int = strawberry.field(description="All that you may see.")
    enabled: int = strawberry.field(description="Those that campaigns may use.")
    healthy: int = strawberry.field(description="Those known to work.")
    unhealthy: int = strawberry.field(description="Those known not to work.")
    unknown: int = strawberry.field(description="Those that were never tested.")
    testing: int = strawberry.field(description="Those under test now.")
    uses: BigInt = strawberry.field(description="How many tests and fetches there were.")
    successes: BigInt = strawberry.field(description="How many of them went well.")
    failures: BigInt = strawberry.field(description="How many failed because of a proxy.")
    average_latency_ms: float | None = strawberry.field(
        description="The average of the good tests, for all time of each proxy's last one; null if there was none."
    )
    success_rate: float | None = strawberry.field(
        description="The part of the tests and fetches that went well, from 0 to 1; null if there was none."
    )

    @classmethod
    def from_stats(cls, stats: Stats) -> Self:
        """The counts of the database."""
        record = stats.record
        return cls(
            total=stats.total,
            enabled=stats.enabled,
            healthy=stats.healthy,
            unhealthy=stats.unhealthy,
            unknown=stats.unknown,
            testing=stats.testing,
            uses=BigInt(record.successes + record.failures),
            successes=BigInt(record.successes),
            failures=BigInt(record.failures),
            average_latency_ms=record.average_latency_ms,
            success_rate=record.success_rate,
        )
