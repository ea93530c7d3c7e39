"""Proxies and the pools that they are in."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import strawberry

from db.models import ProxyPoolMemberRow, ProxyPoolRow, ProxyRow
from db.queries.pools import MEMBERS, MemberFilter, MemberOrderField
from db.queries.proxies import Record, since
from db.repositories.proxies import state_of
from graph import node_ids
from graph.connections import PAGE, Connection, Source, connect
from graph.context import Info
from graph.enums import OrderDirection
from graph.fields import resolved
from graph.filters import After, First, asked
from graph.long_lists import each
from graph.scalars import BigInt
from graph.straight import straight
from graph.types.node import Node
from graph.types.principal import Principal, owner_of
from graph.types.proxy_stats import ProxyRecord
from vocabulary.proxies import ProxyHealth, ProxyProtocol, ProxyState, ProxyStrategy, StatsWindow


@strawberry.type(description="A proxy that campaigns may fetch through. Its password is never given out.")
class Proxy(Node):
    """A proxy that campaigns may fetch through."""

    state: strawberry.Private[ProxyState]
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
    country_code: str | None = strawberry.field(
        description="The country that its owner says it is in (ISO 3166-1)."
    )
    city: str | None = strawberry.field(description="The city that its owner says it is in.")
    provider: str | None = strawberry.field(description="Who runs it, as its owner says.")
    notes: str | None = strawberry.field(description="Whatever else its owner wrote about it.")
    version: int = strawberry.field(
        description="How often it was edited, from 1; tests and uses do not count."
    )
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it was last edited.")

    @resolved("Whose it is.")
    async def owner(self, info: Info) -> Principal:
        """Whose it is."""
        return await owner_of(info, self.state.owner_id)

    @resolved("The pools that it is in; in an event those that it was in right after it.")
    def pool_ids(self) -> list[strawberry.ID]:
        """The ids of its pools."""
        return [node_ids.encode("ProxyPool", ident) for ident in self.state.pool_ids]

    @resolved("The pools that it is in, by name.")
    async def pools(self, info: Info) -> list["ProxyPool"]:
        """The pools that it is in."""
        rows = await info.context.loaders.pools_of_proxy.load(self.state.id)
        return await each(info, rows, ProxyPool.from_row)

    @resolved("How its uses and tests ended.")
    async def stats(
        self,
        info: Info,
        window: Annotated[
            StatsWindow, strawberry.argument(description="In which time; in the last day unless told.")
        ] = StatsWindow.LAST_DAY,
    ) -> ProxyRecord:
        """How its uses and tests ended."""
        start = since(window, info.context.services.clock.now())
        if start is None:
            good, bad = self.state.success_count, self.state.failure_count
            latency = None if self.state.latency_ms is None else float(self.state.latency_ms)
            return ProxyRecord.from_record(window, Record(good, bad, latency))
        found = await info.context.loaders.proxy_record.load((self.state.id, start))
        return ProxyRecord.from_record(window, found or Record())

    @classmethod
    def from_state(cls, state: ProxyState) -> Self:
        """The proxy as an event or a verb tells of it."""
        return cls(
            id=node_ids.encode("Proxy", state.id),
            state=state,
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
            country_code=state.country_code,
            city=state.city,
            provider=state.provider,
            notes=state.notes,
            version=state.version,
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


@strawberry.type(description="A proxy in a pool.")
class ProxyPoolMember:
    """A proxy in a pool."""

    proxy_key: strawberry.Private[UUID]
    weight: int = strawberry.field(
        description="How often it is taken beside the others, where weights count."
    )
    active: bool = strawberry.field(description="Whether the pool uses and tests it.")
    added_at: datetime = strawberry.field(description="When it joined.")

    @resolved("The proxy; null if it was deleted while you asked.")
    async def proxy(self, info: Info) -> Proxy | None:
        """The proxy."""
        row = await info.context.loaders.proxy.load(self.proxy_key)
        return None if row is None else Proxy.from_row(row)

    @classmethod
    def from_row(cls, row: ProxyPoolMemberRow) -> Self:
        """The member of a row."""
        return cls(proxy_key=row.proxy_id, weight=row.weight, active=row.active, added_at=row.added_at)


@strawberry.type(description="Proxies that belong together, with the way in which one of them is taken.")
class ProxyPool(Node):
    """Proxies that belong together."""

    key: strawberry.Private[UUID]
    owner_key: strawberry.Private[UUID]
    name: str = strawberry.field(description="Unique among its owner's pools.")
    description: str | None = strawberry.field(description="A note of its owner.")
    enabled: bool = strawberry.field(description="Whether campaigns may use it.")
    strategy: ProxyStrategy = strawberry.field(description="Which of its proxies is taken.")
    health_check_enabled: bool = strawberry.field(
        description="Whether its active members are tested by themselves."
    )
    health_check_interval_seconds: int = strawberry.field(
        description="How long after a test the next one follows, in seconds."
    )
    max_retries: int = strawberry.field(
        description="How many others are tried for one domain after a proxy was at fault."
    )
    timeout_seconds: float = strawberry.field(
        description="How long it may take to reach a proxy, in seconds."
    )
    version: int = strawberry.field(description="How often it was changed, from 1.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it or its members were last changed.")

    @resolved("Whose it is.")
    async def owner(self, info: Info) -> Principal:
        """Whose it is."""
        return await owner_of(info, self.owner_key)

    @resolved("Its proxies in the order of the pool; at most 100 a page.")
    async def members(
        self, info: Info, first: First = PAGE, after: After = strawberry.UNSET
    ) -> Connection[ProxyPoolMember]:
        """A page of its members."""
        source = Source("members", MEMBERS, MemberFilter(self.key), ProxyPoolMember.from_row)
        return await connect(info, source, asked(first, after, MemberOrderField.POSITION, OrderDirection.ASC))

    @resolved("How many proxies it has.")
    async def member_count(self, info: Info) -> int:
        """How many proxies it has."""
        return await info.context.loaders.pool_member_count.load(self.key) or 0

    @classmethod
    @straight
    def from_row(cls, row: ProxyPoolRow) -> Self:
        """The pool of a row."""
        return cls(
            id=node_ids.encode("ProxyPool", row.id),
            key=row.id,
            owner_key=row.owner_id,
            name=row.name,
            description=row.description,
            enabled=row.enabled,
            strategy=row.strategy,
            health_check_enabled=row.health_check_enabled,
            health_check_interval_seconds=row.health_check_interval_seconds,
            max_retries=row.max_retries,
            timeout_seconds=row.timeout_seconds,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
