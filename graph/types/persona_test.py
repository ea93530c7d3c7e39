"""What a test of a persona saw."""

from typing import Annotated, Self

import strawberry

from graph.types.persona import Header
from vocabulary import persona_tests as seen
from vocabulary.checks import CheckStatus, DnsReason, HttpReason


@strawberry.type(description="One question to one resolver.")
class DnsExchange:
    """One question to one resolver."""

    resolver: str = strawberry.field(description="Which resolver was asked.")
    record_type: str = strawberry.field(description="A or AAAA.")
    reason: DnsReason | None = strawberry.field(
        description="Why it gave no address, by its code; null if it gave one."
    )
    addresses: list[str] = strawberry.field(description="The addresses of the answer.")
    cnames: list[str] = strawberry.field(description="The chain of aliases in the answer.")
    millis: int = strawberry.field(description="How long the answer took, in milliseconds.")

    @classmethod
    def from_seen(cls, one: seen.DnsExchange) -> Self:
        """The exchange that was seen."""
        return cls(
            resolver=one.resolver,
            record_type=one.record_type,
            reason=one.reason,
            addresses=list(one.addresses),
            cnames=list(one.cnames),
            millis=one.millis,
        )


@strawberry.type(description="What looking a name up came to.")
class DnsPersonaTest:
    """What looking a name up came to."""

    target: str = strawberry.field(description="The name that was looked up.")
    status: CheckStatus = strawberry.field(description="How the lookup ended.")
    reason: DnsReason | None = strawberry.field(description="Why there is no address, if there is none.")
    addresses: list[str] = strawberry.field(description="The addresses that were found.")
    cnames: list[str] = strawberry.field(description="The chain of aliases that led to them.")
    resolver: str | None = strawberry.field(description="The resolver whose word it is.")
    attempts: int = strawberry.field(description="How many tries were made.")
    millis: int = strawberry.field(description="How long it took, in milliseconds.")
    exchanges: list[DnsExchange] = strawberry.field(
        description="Every question that was answered or given up, in the order in which that happened."
    )

    @classmethod
    def from_seen(cls, test: seen.DnsTest) -> Self:
        """The test that was made."""
        verdict = test.verdict
        return cls(
            target=test.target,
            status=verdict.status,
            reason=verdict.reason,
            addresses=list(verdict.addresses),
            cnames=list(verdict.cnames),
            resolver=verdict.resolver,
            attempts=verdict.attempts,
            millis=verdict.millis,
            exchanges=[DnsExchange.from_seen(one) for one in test.exchanges],
        )


@strawberry.type(description="One request.")
class HttpVisit:
    """One request."""

    url: str = strawberry.field(description="What was asked for.")
    address: str = strawberry.field(description="The address that was connected to.")
    headers: list[Header] = strawberry.field(description="The headers as they were sent, in their order.")
    status_code: int | None = strawberry.field(description="The status of the response, if there was one.")
    location: str | None = strawberry.field(description="Where the response leads, if it is a redirect.")
    tls_version: str | None = strawberry.field(
        description="The version of TLS that was spoken; null without TLS or response."
    )
    millis: int = strawberry.field(description="How long it took until the response's head, in milliseconds.")
    problem: str | None = strawberry.field(description="Why there was no response, if there was none.")

    @classmethod
    def from_seen(cls, one: seen.HttpVisit) -> Self:
        """The request that was seen."""
        return cls(
            url=one.url,
            address=one.address,
            headers=[Header(name=header.name, value=header.value) for header in one.headers],
            status_code=one.status_code,
            location=one.location,
            tls_version=one.tls_version,
            millis=one.millis,
            problem=one.problem,
        )


@strawberry.type(description="What fetching a page came to.")
class HttpPersonaTest:
    """What fetching a page came to."""

    target: str = strawberry.field(description="What was to be fetched, as it was given.")
    status: CheckStatus = strawberry.field(description="How the fetch ended.")
    reason: HttpReason | None = strawberry.field(
        description="Why there is no accepted page, if there is none."
    )
    detail: str | None = strawberry.field(description="More about the reason, for people.")
    status_code: int | None = strawberry.field(description="The status of the last response.")
    final_url: str | None = strawberry.field(description="Where the redirects led.")
    title: str | None = strawberry.field(description="The title of the page.")
    bytes_read: int = strawberry.field(description="How much of the body was read, in decompressed bytes.")
    millis: int = strawberry.field(
        description="How long the fetch took, in milliseconds, without the lookup."
    )
    visits: list[HttpVisit] = strawberry.field(description="Every request, redirects too, in their order.")
    dns: DnsPersonaTest | None = strawberry.field(
        description="How the host was looked up; null if it is an address."
    )

    @classmethod
    def from_seen(cls, test: seen.HttpTest) -> Self:
        """The test that was made."""
        verdict = test.verdict
        return cls(
            target=test.target,
            status=verdict.status,
            reason=verdict.reason,
            detail=verdict.detail,
            status_code=verdict.status_code,
            final_url=verdict.final_url,
            title=verdict.title,
            bytes_read=verdict.bytes_read,
            millis=verdict.millis,
            visits=[HttpVisit.from_seen(one) for one in test.visits],
            dns=None if test.dns is None else DnsPersonaTest.from_seen(test.dns),
        )


PersonaTestReport = Annotated[
    DnsPersonaTest | HttpPersonaTest,
    strawberry.union("PersonaTestReport", description="What a test of a persona saw, by what it is for."),
]


def report(test: seen.PersonaTest) -> DnsPersonaTest | HttpPersonaTest:
    """The report of a test."""
    match test:
        case seen.DnsTest():
            return DnsPersonaTest.from_seen(test)
        case seen.HttpTest():
            return HttpPersonaTest.from_seen(test)
