"""Proxies."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from db.models import ProxyRow
from db.queries.proxies import Stats
from db.repositories.proxies import state_of
from graph import node_ids
from graph.context import Info
from graph.fields import resolved
from graph.scalars import BigInt
from graph.types.node import Node
from graph.types.principal import Principal, owner_of
from vocabulary.proxies import ProxyHealth, ProxyProtocol, ProxyState


@strawberry.type(description="A proxy that campaigns may fetch through. Its password is never given out.")
class Proxy(Node):
    """A proxy that campaigns may fetch through."""

    owner_key: strawberry.Private[UUID]
    name: str = strawberry.field(description="Unique among its owner's proxies.")
    description: str | None = strawberry.field(description="A note of its owner.")
    protocol: ProxyProtocol = strawberry.field(description="How it is spoken to.")
    host: str = strawberry.field(description="Where it is: a name or an address.")
    port: int = strawberry.field(description="The port there.")
    address: str = strawberry.field(
        description="Protocol, host and port as a URL, without user and password."
    )
    username: str | None = strawberry.field(description="The user that it is told.")
    has_credentials: bool = strawberry.field(
        description="Whether it is told a user, with a password or without."
    )
    enabled: bool = strawberry.field(description="Whether campaigns may use it.")
    health: ProxyHealth = strawberry.field(description="What is known of it; a new one is UNKNOWN.")
    latency_ms: int | None = strawberry.field(
        description="How long the last good test took, in milliseconds."
    )
    last_checked_at: datetime | None = strawberry.field(description="When it was last tested.")
    last_error: str | None = strawberry.field(description="What went wrong last, if something did.")
    success_count: BigInt = strawberry.field(description="How many tests and fetches through it went well.")
    failure_count: BigInt = strawberry.field(description="How many tests and fetches failed because of it.")
    consecutive_failures: int = strawberry.field(
        description="How often it has failed since it last went well."
    )
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it was last edited.")

    @resolved("Whose it is.")
    async def owner(self, info: Info) -> Principal:
        """Whose it is."""
        return await owner_of(info, self.owner_key)

    @classmethod
    def from_state(cls, state: ProxyState) -> Self:
        """The proxy as an event or a verb tells of it."""
        return cls(
            id=node_ids.encode("Proxy", state.id),
            owner_key=state.owner_id,
            name=state.name,
            description=state.description,
            protocol=state.protocol,
            host=state.host,
            port=state.port,
            address=_address(state),
            username=state.username,
            has_credentials=state.has_credentials,
            enabled=state.enabled,
            health=state.health,
            latency_ms=state.latency_ms,
            last_checked_at=state.last_checked_at,
            last_error=state.last_error,
            success_count=BigInt(state.success_count),
            failure_count=BigInt(state.failure_count),
            consecutive_failures=state.consecutive_failures,
            created_at=state.created_at,
            updated_at=state.updated_at,
        )

    @classmethod
    def from_row(cls, row: ProxyRow) -> Self:
        """The proxy of a row."""
        return cls.from_state(state_of(row))


def _address(state: ProxyState) -> str:
    host = f"[{state.host}]" if ":" in state.host else state.host
    return f"{state.protocol.lower()}://{host}:{state.port}"


@strawberry.type(description="How many proxies there are, and how they are.")
class ProxyStats:
    """How many proxies there are, and how they are."""

    total: int = strawberry.field(description="All that you may see.")
    enabled: int = strawberry.field(description="Those that campaigns may use.")
    healthy: int = strawberry.field(description="Those known to work.")
    unhealthy: int = strawberry.field(description="Those known not to work.")
    unknown: int = strawberry.field(description="Those that were never tested.")
    testing: int = strawberry.field(description="Those under test now.")
    average_latency_ms: float | None = strawberry.field(
        description="The average of their last good tests, in milliseconds; null if there was none."
    )
    success_rate: float | None = strawberry.field(
        description="The part of all their tests and fetches that went well, from 0 to 1; null if there was none."
    )

    @classmethod
    def from_stats(cls, stats: Stats) -> Self:
        """The counts of the database."""
        return cls(
            total=stats.total,
            enabled=stats.enabled,
            healthy=stats.healthy,
            unhealthy=stats.unhealthy,
            unknown=stats.unknown,
            testing=stats.testing,
            average_latency_ms=stats.average_latency_ms,
            success_rate=stats.success_rate,
        )
