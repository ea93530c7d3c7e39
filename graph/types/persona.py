"""Personas and their two kinds of configuration."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import strawberry

from db.models import PersonaRow
from graph import node_ids
from graph.context import Info
from graph.fields import resolved
from graph.types.node import Node
from graph.types.principal import Principal, owner_of
from vocabulary import personas as stored
from vocabulary.personas import CookieMode, PersonaType, ResolverStrategy, TlsVersion


@strawberry.type(description="A request header.")
class Header:
    """A request header."""

    name: str = strawberry.field(description="As it is sent.")
    value: str = strawberry.field(description="As it is sent.")


@strawberry.type(description="How often a resolver is asked first.")
class ResolverWeight:
    """How often a resolver is asked first."""

    resolver: str = strawberry.field(description="One of the resolvers.")
    weight: int = strawberry.field(description="How often, next to the others.")


@strawberry.type(description="How names are resolved.")
class DnsPersonaConfig:
    """How names are resolved."""

    resolvers: list[str] = strawberry.field(
        description="The resolvers, as IP address:port, or https://host/path for DNS over HTTPS."
    )
    strategy: ResolverStrategy = strawberry.field(description="Which of them is asked.")
    query_timeout_seconds: float = strawberry.field(description="How long one query may take, in seconds.")
    attempts: int = strawberry.field(description="All tries of one query, for UDP loses some.")
    concurrency: int = strawberry.field(description="How many domains a process looks up at once.")
    use_system_resolvers: bool = strawberry.field(
        description="Whether the resolvers of the worker's system are asked too."
    )
    weights: list[ResolverWeight] = strawberry.field(
        description="How often each is asked first; those without a weight have 1."
    )
    preferred_order: list[str] = strawberry.field(
        description="The resolvers that come first, in their order."
    )
    concurrent_queries_per_domain: int = strawberry.field(
        description="2 if IPv4 and IPv6 addresses are asked for at once, 1 if one after the other."
    )
    query_delay_min_ms: int = strawberry.field(description="The least wait before a lookup, in milliseconds.")
    query_delay_max_ms: int = strawberry.field(
        description="The longest wait before a lookup, in milliseconds."
    )
    confirm_nxdomain: bool = strawberry.field(
        description="Whether a name that one resolver denies is asked of the others too."
    )
    rate_per_second: float = strawberry.field(description="How many domains a process looks up per second.")
    burst: int = strawberry.field(description="How many of them may start at once after a pause.")

    @classmethod
    def from_config(cls, config: stored.DnsPersonaConfig) -> Self:
        """The configuration that is stored."""
        return cls(
            resolvers=list(config.resolvers),
            strategy=config.strategy,
            query_timeout_seconds=config.query_timeout_seconds,
            attempts=config.attempts,
            concurrency=config.concurrency,
            rate_per_second=config.rate_per_second,
            burst=config.burst,
            use_system_resolvers=config.use_system_resolvers,
            weights=[ResolverWeight(resolver=one.resolver, weight=one.weight) for one in config.weights],
            preferred_order=list(config.preferred_order),
            concurrent_queries_per_domain=config.concurrent_queries_per_domain,
            query_delay_min_ms=config.query_delay_min_ms,
            query_delay_max_ms=config.query_delay_max_ms,
            confirm_nxdomain=config.confirm_nxdomain,
        )


@strawberry.type(description="How pages are fetched.")
class HttpPersonaConfig:
    """How pages are fetched."""

    user_agent: str = strawberry.field(description="The User-Agent header, which says who we are.")
    headers: list[Header] = strawberry.field(
        description="Further headers, in the order in which they are sent."
    )
    request_timeout_seconds: float = strawberry.field(
        description="How long one domain may take through all its redirects, in seconds."
    )
    follow_redirects: bool = strawberry.field(description="Whether redirects are followed.")
    max_redirects: int = strawberry.field(description="How many redirects are followed.")
    allowed_status_codes: list[int] = strawberry.field(
        description="The status codes of an accepted page; any 2xx if the list is empty."
    )
    max_body_bytes: int = strawberry.field(description="How much of a body is read, in decompressed bytes.")
    verify_tls: bool = strawberry.field(description="Whether a certificate must be valid.")
    cookies: CookieMode = strawberry.field(description="What becomes of the cookies that sites set.")
    header_order: list[str] = strawberry.field(
        description="Names of headers in the order in which they are sent after Host; the others follow."
    )
    tls_min_version: TlsVersion = strawberry.field(description="The oldest version of TLS that is spoken.")
    tls_max_version: TlsVersion = strawberry.field(description="The newest version of TLS that is spoken.")
    concurrency: int = strawberry.field(description="How many domains a process fetches at once.")
    rate_per_second: float = strawberry.field(description="How many domains a process fetches per second.")
    burst: int = strawberry.field(description="How many of them may start at once after a pause.")

    @classmethod
    def from_config(cls, config: stored.HttpPersonaConfig) -> Self:
        """The configuration that is stored."""
        return cls(
            user_agent=config.user_agent,
            headers=[Header(name=header.name, value=header.value) for header in config.headers],
            request_timeout_seconds=config.request_timeout_seconds,
            follow_redirects=config.follow_redirects,
            max_redirects=config.max_redirects,
            allowed_status_codes=list(config.allowed_status_codes),
            max_body_bytes=config.max_body_bytes,
            verify_tls=config.verify_tls,
            concurrency=config.concurrency,
            rate_per_second=config.rate_per_second,
            burst=config.burst,
            cookies=config.cookies,
            header_order=list(config.header_order),
            tls_min_version=config.tls_min_version,
            tls_max_version=config.tls_max_version,
        )


PersonaConfig = Annotated[
    DnsPersonaConfig | HttpPersonaConfig,
    strawberry.union("PersonaConfig", description="The configuration of a persona, by what it is for."),
]


@strawberry.type(description="How a worker presents itself, and how hard it works.")
class Persona(Node):
    """How a worker presents itself, and how hard it works."""

    owner_key: strawberry.Private[UUID]
    name: str = strawberry.field(description="Unique among its owner's personas of the same type.")
    type: PersonaType = strawberry.field(description="What it is for.")
    description: str | None = strawberry.field(description="A note of its owner.")
    enabled: bool = strawberry.field(description="Whether campaigns may use it.")
    config: PersonaConfig = strawberry.field(description="What it does.")
    version: int = strawberry.field(description="How often it was changed, and 1.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    @resolved("Whose it is.")
    async def owner(self, info: Info) -> Principal:
        """Whose it is."""
        return await owner_of(info, self.owner_key)

    @classmethod
    def from_row(cls, row: PersonaRow) -> Self:
        """The persona of a row."""
        return cls(
            id=node_ids.encode("Persona", row.id),
            owner_key=row.owner_id,
            name=row.name,
            type=row.persona_type,
            description=row.description,
            enabled=row.enabled,
            config=_config(row.config),
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


def _config(config: stored.PersonaConfig) -> DnsPersonaConfig | HttpPersonaConfig:
    match config:
        case stored.DnsPersonaConfig():
            return DnsPersonaConfig.from_config(config)
        case stored.HttpPersonaConfig():
            return HttpPersonaConfig.from_config(config)
