"""What each phase of a campaign is configured to do."""

from typing import Self
from uuid import UUID

import strawberry

from db.models import DnsConfigRow, GenerationRangeRow, HttpConfigRow
from db.queries.campaigns import Generation
from graph.context import Info
from graph.fields import resolved
from graph.scalars import BigInt
from graph.types.keyword_set import KeywordSet
from graph.types.persona import Persona
from graph.types.proxy import Proxy
from vocabulary.campaigns import PatternType, PhaseKind


@strawberry.type(description="The offsets that a campaign reserved for itself when it started.")
class ReservedRange:
    """The offsets that a campaign reserved."""

    space_key: str = strawberry.field(
        description="The space that is enumerated: campaigns with the same key share it, and no name comes twice."
    )
    lower: BigInt = strawberry.field(description="The first offset.")
    upper: BigInt = strawberry.field(description="The offset after the last one.")
    position: BigInt = strawberry.field(description="The offset that is enumerated next.")

    @classmethod
    def from_row(cls, row: GenerationRangeRow) -> Self:
        """The range of a row."""
        return cls(
            space_key=row.space_key,
            lower=BigInt(row.lower),
            upper=BigInt(row.upper),
            position=BigInt(row.position),
        )


@strawberry.type(description="What a campaign enumerates.")
class GenerationConfig:
    """What a campaign enumerates."""

    pattern_type: PatternType = strawberry.field(description="Where the variable part stands.")
    character_set: str = strawberry.field(description="The characters of the variable part.")
    constant: str = strawberry.field(description="The part that every name has.")
    tld: str = strawberry.field(description="The end of every name, with its leading dot.")
    prefix_length: int = strawberry.field(
        description="How many variable characters stand before the constant."
    )
    suffix_length: int = strawberry.field(
        description="How many variable characters stand after the constant."
    )
    count: BigInt = strawberry.field(description="How many offsets to use; 0 is all that are left.")
    reserved: ReservedRange | None = strawberry.field(description="What was reserved; null before the start.")

    @classmethod
    def from_generation(cls, generation: Generation) -> Self:
        """What the database has of it."""
        config, reserved = generation.config, generation.reserved
        return cls(
            pattern_type=config.pattern_type,
            character_set=config.character_set,
            constant=config.constant,
            tld=config.tld,
            prefix_length=config.prefix_length,
            suffix_length=config.suffix_length,
            count=BigInt(config.count),
            reserved=None if reserved is None else ReservedRange.from_row(reserved),
        )


@strawberry.type(description="How a campaign resolves.")
class DnsConfig:
    """How a campaign resolves."""

    campaign_key: strawberry.Private[UUID]
    batch_size: int = strawberry.field(description="How many domains a worker takes at a time.")
    retry_attempts: int = strawberry.field(
        description="How often a domain that timed out or failed is looked up anew."
    )

    @resolved("The personas, in the order in which they are tried.")
    async def personas(self, info: Info) -> list[Persona]:
        """The personas, in the order in which they are tried."""
        return await _personas(info, self.campaign_key, PhaseKind.DNS_VALIDATION)

    @classmethod
    def from_row(cls, row: DnsConfigRow) -> Self:
        """The configuration of a row."""
        return cls(campaign_key=row.campaign_id, batch_size=row.batch_size, retry_attempts=row.retry_attempts)


@strawberry.type(description="How a campaign fetches, and what it looks for.")
class HttpConfig:
    """How a campaign fetches, and what it looks for."""

    campaign_key: strawberry.Private[UUID]
    ad_hoc_keywords: list[str] = strawberry.field(description="Texts to look for beside the keyword sets.")
    batch_size: int = strawberry.field(description="How many domains a worker takes at a time.")
    retry_attempts: int = strawberry.field(
        description="How often a domain that timed out or failed is fetched anew."
    )
    http_port: int = strawberry.field(description="The port for http.")
    https_port: int = strawberry.field(description="The port for https, which is tried first.")

    @resolved("The personas, in the order in which they are tried.")
    async def personas(self, info: Info) -> list[Persona]:
        """The personas, in the order in which they are tried."""
        return await _personas(info, self.campaign_key, PhaseKind.HTTP_KEYWORD_VALIDATION)

    @resolved("The keyword sets to look for.")
    async def keyword_sets(self, info: Info) -> list[KeywordSet]:
        """The keyword sets to look for."""
        rows = await info.context.loaders.campaign_keyword_sets.load(self.campaign_key)
        return [KeywordSet.from_row(row) for row in rows or ()]

    @resolved("The proxies to fetch through; without any it goes directly.")
    async def proxies(self, info: Info) -> list[Proxy]:
        """The proxies to fetch through."""
        rows = await info.context.loaders.campaign_proxies.load(self.campaign_key)
        return [Proxy.from_row(row) for row in rows or ()]

    @classmethod
    def from_row(cls, row: HttpConfigRow) -> Self:
        """The configuration of a row."""
        return cls(
            campaign_key=row.campaign_id,
            ad_hoc_keywords=list(row.ad_hoc_keywords),
            batch_size=row.batch_size,
            retry_attempts=row.retry_attempts,
            http_port=row.http_port,
            https_port=row.https_port,
        )


async def _personas(info: Info, campaign_id: UUID, kind: PhaseKind) -> list[Persona]:
    by_kind = await info.context.loaders.phase_personas.load(campaign_id)
    return [Persona.from_row(row) for row in (by_kind or {}).get(kind, ())]
