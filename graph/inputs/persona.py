"""Inputs of the verbs on personas."""

import strawberry

from graph.inputs import given
from graph.inputs.keyed import KeyedInput
from graph.inputs.plainly import made_plainly
from services.personas import PersonaDraft, PersonaPatch
from services.rules_personas import (
    MAX_ATTEMPTS,
    MAX_BODY_BYTES,
    MAX_BURST,
    MAX_CONCURRENCY,
    MAX_DELAY_MS,
    MAX_HEADERS,
    MAX_RATE,
    MAX_REDIRECTS,
    MAX_RESOLVERS,
    MAX_TIMEOUT,
    MAX_USER_AGENT,
    MAX_WEIGHT,
    MIN_BODY_BYTES,
    MIN_RATE,
)
from services.rules_text import MAX_DESCRIPTION
from vocabulary import personas as stored
from vocabulary.personas import CookieMode, ResolverStrategy, TlsVersion


@made_plainly
@strawberry.input(description="A request header.")
class HeaderInput:
    """A request header."""

    name: str = strawberry.field(description="As it shall be sent.")
    value: str = strawberry.field(description="As it shall be sent.")


@made_plainly
@strawberry.input(description="How often a resolver is asked first.")
class ResolverWeightInput:
    """How often a resolver is asked first."""

    resolver: str = strawberry.field(description="One of the resolvers, written as it is there.")
    weight: int = strawberry.field(
        description=f"How often, next to the others, 1 to {MAX_WEIGHT}; those without a weight have 1."
    )


@strawberry.input(description="How names shall be resolved.")
class DnsPersonaConfigInput:
    """How names shall be resolved."""

    resolvers: list[str] = strawberry.field(
        default_factory=list,
        description=(
            f"The resolvers, 1 to {MAX_RESOLVERS}, or none with useSystemResolvers: each as IP address:port, an IPv6 "
            "address in brackets, or as https://host/path for DNS over HTTPS (RFC 8484)."
        ),
    )
    strategy: ResolverStrategy = strawberry.field(
        default=ResolverStrategy.RANDOM_ROTATION, description="Which of them is asked."
    )
    query_timeout_seconds: float = strawberry.field(
        default=5.0, description=f"How long one query may take, in seconds, up to {MAX_TIMEOUT}."
    )
    attempts: int = strawberry.field(
        default=2, description=f"All tries of one query, for UDP loses some, 1 to {MAX_ATTEMPTS}."
    )
    concurrency: int = strawberry.field(
        default=10, description=f"How many domains a process looks up at once, 1 to {MAX_CONCURRENCY}."
    )
    use_system_resolvers: bool = strawberry.field(
        default=False,
        description="Whether the resolvers of the worker's system, from its resolv.conf, are asked too.",
    )
    weights: list[ResolverWeightInput] = strawberry.field(
        default_factory=list, description="How often each is asked first; with WEIGHTED_ROTATION only."
    )
    preferred_order: list[str] = strawberry.field(
        default_factory=list,
        description="The resolvers that come first, in their order; with SEQUENTIAL_FAILOVER and ROUND_ROBIN only.",
    )
    concurrent_queries_per_domain: int = strawberry.field(
        default=2, description="2 to ask for IPv4 and IPv6 addresses at once, 1 to ask one after the other."
    )
    query_delay_min_ms: int = strawberry.field(
        default=0, description=f"The least wait before a lookup, in milliseconds, 0 to {MAX_DELAY_MS}."
    )
    query_delay_max_ms: int = strawberry.field(
        default=0,
        description=f"The longest wait before a lookup, in milliseconds, 0 to {MAX_DELAY_MS}; each wait is drawn anew.",
    )
    confirm_nxdomain: bool = strawberry.field(
        default=False,
        description="Whether a name that one resolver denies is asked of the others before it counts as NXDOMAIN.",
    )
    rate_per_second: float = strawberry.field(
        default=10.0, description=f"How many domains a process looks up per second, {MIN_RATE} to {MAX_RATE}."
    )
    burst: int = strawberry.field(
        default=5, description=f"How many of them may start at once after a pause, 1 to {MAX_BURST}."
    )

    def config(self) -> stored.DnsPersonaConfig:
        """The configuration."""
        return stored.DnsPersonaConfig(
            resolvers=tuple(self.resolvers),
            strategy=self.strategy,
            query_timeout_seconds=self.query_timeout_seconds,
            attempts=self.attempts,
            concurrency=self.concurrency,
            rate_per_second=self.rate_per_second,
            burst=self.burst,
            use_system_resolvers=self.use_system_resolvers,
            weights=tuple(stored.ResolverWeight(one.resolver, one.weight) for one in self.weights),
            preferred_order=tuple(self.preferred_order),
            concurrent_queries_per_domain=self.concurrent_queries_per_domain,
            query_delay_min_ms=self.query_delay_min_ms,
            query_delay_max_ms=self.query_delay_max_ms,
            confirm_nxdomain=self.confirm_nxdomain,
        )


@strawberry.input(description="How pages shall be fetched.")
class HttpPersonaConfigInput:
    """How pages shall be fetched."""

    user_agent: str = strawberry.field(
        description=(
            f"The User-Agent header, which says who we are, 1 to {MAX_USER_AGENT} characters; one that looks like a "
            "browser's needs a contact in it."
        )
    )
    headers: list[HeaderInput] = strawberry.field(
        default_factory=list,
        description=f"Further headers, at most {MAX_HEADERS}, in the order in which they shall be sent.",
    )
    request_timeout_seconds: float = strawberry.field(
        default=15.0,
        description=f"How long one domain may take through all its redirects, in seconds, up to {MAX_TIMEOUT}.",
    )
    follow_redirects: bool = strawberry.field(default=True, description="Whether redirects are followed.")
    max_redirects: int = strawberry.field(
        default=7, description=f"How many redirects are followed, 0 to {MAX_REDIRECTS}."
    )
    allowed_status_codes: list[int] = strawberry.field(
        default_factory=list,
        description="The status codes of an accepted page, 100 to 599; any 2xx if the list is empty.",
    )
    max_body_bytes: int = strawberry.field(
        default=2 * 1024 * 1024,
        description=f"How much of a body is read, in decompressed bytes, {MIN_BODY_BYTES} to {MAX_BODY_BYTES}.",
    )
    verify_tls: bool = strawberry.field(default=True, description="Whether a certificate must be valid.")
    cookies: CookieMode = strawberry.field(
        default=CookieMode.NONE, description="What becomes of the cookies that sites set."
    )
    header_order: list[str] = strawberry.field(
        default_factory=list,
        description=(
            "Names of headers in the order in which they are sent after Host: of those above, User-Agent, Accept, "
            "Accept-Encoding, and Cookie if cookies are taken; the others follow."
        ),
    )
    tls_min_version: TlsVersion = strawberry.field(
        default=TlsVersion.TLS12, description="The oldest version of TLS that is spoken."
    )
    tls_max_version: TlsVersion = strawberry.field(
        default=TlsVersion.TLS13, description="The newest version of TLS that is spoken."
    )
    concurrency: int = strawberry.field(
        default=5, description=f"How many domains a process fetches at once, 1 to {MAX_CONCURRENCY}."
    )
    rate_per_second: float = strawberry.field(
        default=5.0, description=f"How many domains a process fetches per second, {MIN_RATE} to {MAX_RATE}."
    )
    burst: int = strawberry.field(
        default=3, description=f"How many of them may start at once after a pause, 1 to {MAX_BURST}."
    )

    def config(self) -> stored.HttpPersonaConfig:
        """The configuration."""
        return stored.HttpPersonaConfig(
            user_agent=self.user_agent,
            headers=tuple(stored.Header(name=header.name, value=header.value) for header in self.headers),
            request_timeout_seconds=self.request_timeout_seconds,
            follow_redirects=self.follow_redirects,
            max_redirects=self.max_redirects,
            allowed_status_codes=tuple(self.allowed_status_codes),
            max_body_bytes=self.max_body_bytes,
            verify_tls=self.verify_tls,
            concurrency=self.concurrency,
            rate_per_second=self.rate_per_second,
            burst=self.burst,
            cookies=self.cookies,
            header_order=tuple(self.header_order),
            tls_min_version=self.tls_min_version,
            tls_max_version=self.tls_max_version,
        )


@strawberry.input(
    one_of=True,
    description="The configuration of a persona: just one of the two, which makes it a persona of that type.",
)
class PersonaConfigInput:
    """The configuration of a persona: just one of the two."""

    dns: DnsPersonaConfigInput | None = strawberry.field(
        default=strawberry.UNSET, description="How names shall be resolved."
    )
    http: HttpPersonaConfigInput | None = strawberry.field(
        default=strawberry.UNSET, description="How pages shall be fetched."
    )

    def config(self) -> stored.PersonaConfig:
        """The configuration; GraphQL has seen to it that there is just one."""
        if self.dns is not strawberry.UNSET and self.dns is not None:
            return self.dns.config()
        assert self.http is not None  # noqa: S101  @oneOf: just one is given, and it is not null.
        return self.http.config()


@strawberry.input(description="A persona to be made.")
class CreatePersonaInput(KeyedInput):
    """A persona to be made."""

    name: str = strawberry.field(
        description="What you call it, 1 to 255 characters, unique among your personas of the same type."
    )
    config: PersonaConfigInput = strawberry.field(description="What it shall do, which gives its type.")
    description: str | None = strawberry.field(
        default=None, description=f"A note, at most {MAX_DESCRIPTION} characters."
    )
    enabled: bool = strawberry.field(default=True, description="Whether campaigns may use it.")

    def draft(self) -> PersonaDraft:
        """The draft."""
        return PersonaDraft(
            name=self.name, config=self.config.config(), description=self.description, enabled=self.enabled
        )


@strawberry.input(description="What shall be different about a persona; what is left out stays.")
class UpdatePersonaInput(KeyedInput):
    """What shall be different about a persona."""

    id: strawberry.ID = strawberry.field(description="Which persona.")
    expected_version: int | None = strawberry.field(
        default=None, description="The version that you saw; the change is refused if it is another one now."
    )
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="What you call it, 1 to 255 characters."
    )
    config: PersonaConfigInput | None = strawberry.field(
        default=strawberry.UNSET, description="What it shall do, of its own type; replaces all of it."
    )
    description: str | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"A note, at most {MAX_DESCRIPTION} characters; null removes it.",
    )
    enabled: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether campaigns may use it."
    )

    def patch(self) -> PersonaPatch:
        """The patch.

        Raises:
            ValidationFailed: null was given for something that must have a value.
        """
        parts = given.patch(
            {"name": self.name, "config": self.config, "enabled": self.enabled},
            {"description": self.description},
        )
        if "config" in parts:
            parts["config"] = parts["config"].config()
        return PersonaPatch(**parts)


@strawberry.input(description="Which persona to delete.")
class DeletePersonaInput(KeyedInput):
    """Which persona to delete."""

    id: strawberry.ID = strawberry.field(description="Which persona.")
