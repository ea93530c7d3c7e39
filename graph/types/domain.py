"""Domains and what their checks found."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from db.models import DomainRow
from graph import node_ids
from graph.context import Info
from graph.fields import resolved
from graph.scalars import BigInt
from graph.types.lead import (
    LeadVerdict,
    PageFeatures,
    ParkedVerdict,
    Richness,
    ScoreBreakdown,
    warnings_of,
)
from graph.types.node import Node
from graph.types.persona import Persona
from graph.types.proxy import Proxy
from vocabulary import checks as stored
from vocabulary.checks import CheckStatus, DnsReason, HttpReason, Zone
from vocabulary.leads import Bucket, PageWarning


@strawberry.type(description="What the lookup of a domain found.")
class DnsCheck:
    """What the lookup of a domain found."""

    persona_key: strawberry.Private[UUID | None]
    status: CheckStatus = strawberry.field(description="How it stands; OK is at least one address.")
    reason: DnsReason | None = strawberry.field(description="Why there is no address.")
    addresses: list[str] = strawberry.field(description="The IPv4 and IPv6 addresses.")
    cnames: list[str] = strawberry.field(
        description="The aliases on the way to the addresses, in their order."
    )
    resolver: str | None = strawberry.field(description="The resolver that answered.")
    attempts: int = strawberry.field(description="How often it was looked up.")
    duration_ms: int | None = strawberry.field(description="How long that took, in milliseconds.")
    checked_at: datetime | None = strawberry.field(description="When it was finished.")

    @resolved("The persona that looked it up; null if it is gone.")
    async def persona(self, info: Info) -> Persona | None:
        """The persona that looked it up."""
        return await _persona(info, self.persona_key)

    @classmethod
    def from_row(cls, row: DomainRow) -> Self:
        """The lookup of a row."""
        return cls(
            persona_key=row.dns_persona_id,
            status=row.dns_status,
            reason=row.dns_reason,
            addresses=list(row.dns_addresses),
            cnames=list(row.dns_cnames),
            resolver=row.dns_resolver,
            attempts=row.dns_attempts,
            duration_ms=row.dns_millis,
            checked_at=row.dns_checked_at,
        )


@strawberry.type(description="A rule that was found in one zone of a page.")
class KeywordHit:
    """A rule that was found in one zone of a page."""

    pattern: str = strawberry.field(description="The rule's pattern.")
    zone: Zone = strawberry.field(description="Where on the page.")
    count: int = strawberry.field(description="How often.")
    category: str | None = strawberry.field(description="What the rule is filed under.")
    context: str | None = strawberry.field(
        description="The text around the first place, if the rule keeps it."
    )

    @classmethod
    def from_hit(cls, hit: stored.KeywordHit) -> Self:
        """The hit that is stored."""
        return cls(
            pattern=hit.pattern, zone=hit.zone, count=hit.count, category=hit.category, context=hit.context
        )


@strawberry.type(description="What the fetch of a domain found.")
class HttpCheck:
    """What the fetch of a domain found."""

    persona_key: strawberry.Private[UUID | None]
    proxy_key: strawberry.Private[UUID | None]
    status: CheckStatus = strawberry.field(description="How it stands; OK is an accepted page.")
    reason: HttpReason | None = strawberry.field(description="Why there is no accepted page.")
    status_code: int | None = strawberry.field(description="The HTTP status of the last response.")
    final_url: str | None = strawberry.field(description="The URL after all redirects.")
    title: str | None = strawberry.field(description="The title of the page.")
    charset: str | None = strawberry.field(description="The charset that the page was read in.")
    content_hash: str | None = strawberry.field(
        description="The SHA-256 of the decompressed bytes that were read, in hexadecimal digits."
    )
    bytes_read: BigInt | None = strawberry.field(description="How many decompressed bytes were read.")
    truncated: bool = strawberry.field(description="Whether the body was longer than the persona reads.")
    detail: str | None = strawberry.field(description="More on what went wrong.")
    attempts: int = strawberry.field(description="How often it was fetched.")
    duration_ms: int | None = strawberry.field(description="How long that took, in milliseconds.")
    checked_at: datetime | None = strawberry.field(description="When it was finished.")
    hits: list[KeywordHit] = strawberry.field(description="The rules that were found, by zone.")

    @resolved("The persona that fetched it; null if it is gone.")
    async def persona(self, info: Info) -> Persona | None:
        """The persona that fetched it."""
        return await _persona(info, self.persona_key)

    @resolved("The proxy that it was fetched through; null if there was none or it is gone.")
    async def proxy(self, info: Info) -> Proxy | None:
        """The proxy that it was fetched through."""
        if self.proxy_key is None:
            return None
        row = await info.context.loaders.proxy.load(self.proxy_key)
        return None if row is None else Proxy.from_row(row)

    @classmethod
    def from_row(cls, row: DomainRow) -> Self:
        """The fetch of a row."""
        return cls(
            persona_key=row.http_persona_id,
            proxy_key=row.http_proxy_id,
            status=row.http_status,
            reason=row.http_reason,
            status_code=row.http_status_code,
            final_url=row.http_final_url,
            title=row.http_title,
            charset=row.http_charset,
            content_hash=row.http_content_hash,
            bytes_read=None if row.http_bytes is None else BigInt(row.http_bytes),
            truncated=row.http_truncated,
            detail=row.http_detail,
            attempts=row.http_attempts,
            duration_ms=row.http_millis,
            checked_at=row.http_checked_at,
            hits=[KeywordHit.from_hit(hit) for hit in row.hits],
        )


@strawberry.type(description="A name that a campaign generated.")
class Domain(Node):
    """A name that a campaign generated."""

    campaign_id: strawberry.ID = strawberry.field(description="The campaign that generated it.")
    name: str = strawberry.field(description="The name, in ASCII.")
    tld: str = strawberry.field(description="Its top-level domain, with the leading dot.")
    offset: BigInt = strawberry.field(
        description="Its place in the campaign: its offset in the space, and those of further TLDs lie behind."
    )
    matched: bool = strawberry.field(description="Whether a keyword was found on its page.")
    dns: DnsCheck = strawberry.field(description="What its lookup found.")
    http: HttpCheck = strawberry.field(description="What its fetch found.")
    checked_at: datetime = strawberry.field(
        description="When a phase last decided on it, or when it was generated."
    )
    keywords_unique: int = strawberry.field(description="How many different rules were found on its page.")
    features: PageFeatures | None = strawberry.field(
        description="What extraction has read off its page; null before that."
    )
    richness: Richness | None = strawberry.field(
        description="How rich its page is in keywords; null before extraction."
    )
    microcrawl_gain: float = strawberry.field(description="What extra pages added to its richness, 0 to 1.")
    warnings: list[PageWarning] = strawberry.field(description="What makes its keywords look unnatural.")
    score: ScoreBreakdown | None = strawberry.field(
        description="Its score and how it came about; null before analysis."
    )
    parked: ParkedVerdict | None = strawberry.field(
        description="Whether its page is parked; null before analysis."
    )
    lead: LeadVerdict = strawberry.field(description="What became of it as a lead.")
    bucket: Bucket | None = strawberry.field(description="Its class; null before enrichment.")

    @classmethod
    def from_row(cls, row: DomainRow) -> Self:
        """The domain of a row."""
        features = row.features
        return cls(
            id=node_ids.encode("Domain", row.campaign_id, row.offset),
            campaign_id=node_ids.encode("Campaign", row.campaign_id),
            name=row.name,
            offset=BigInt(row.offset),
            matched=row.matched,
            dns=DnsCheck.from_row(row),
            http=HttpCheck.from_row(row),
            tld=row.tld,
            checked_at=row.checked_at,
            keywords_unique=row.keywords_unique,
            features=None if features is None else PageFeatures.from_features(features),
            richness=None if features is None else Richness.from_richness(features.richness),
            microcrawl_gain=row.microcrawl_gain,
            warnings=warnings_of(row),
            score=ScoreBreakdown.from_row(row),
            parked=ParkedVerdict.from_row(row),
            lead=LeadVerdict.from_row(row),
            bucket=row.bucket,
        )


async def _persona(info: Info, key: UUID | None) -> Persona | None:
    if key is None:
        return None
    row = await info.context.loaders.persona.load(key)
    return None if row is None else Persona.from_row(row)
