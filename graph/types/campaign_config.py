"""What each phase of a campaign is configured to do."""

from typing import Self
from uuid import UUID

import msgspec
import strawberry

from db.models import AnalysisConfigRow, DnsConfigRow, GenerationRangeRow, HttpConfigRow
from db.queries.campaigns import Generation
from graph import node_ids
from graph.context import Info
from graph.fields import resolved
from graph.long_lists import each
from graph.scalars import BigInt
from graph.types.keyword_set import KeywordSet
from graph.types.persona import Persona
from graph.types.proxy import Proxy
from graph.types.scoring_profile import ScoringConfig, ScoringProfile
from vocabulary import campaigns as stored
from vocabulary.campaigns import PatternType, PhaseKind
from vocabulary.proxies import ProxyStrategy


@strawberry.type(description="The offsets that a campaign reserved for itself when it started.")
class ReservedRange:
    """The offsets that a campaign reserved."""

    tld: str = strawberry.field(description="The top-level domain whose space it is in.")
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
            tld=row.tld,
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
    tlds: list[str] = strawberry.field(
        description="The ends of names, each with its leading dot; each is a space of its own."
    )
    tld: str = strawberry.field(
        description="The first of `tlds`.", deprecation_reason="A campaign may have several: ask for `tlds`."
    )
    prefix_length: int = strawberry.field(
        description="How many variable characters stand before the constant."
    )
    suffix_length: int = strawberry.field(
        description="How many variable characters stand after the constant."
    )
    count: BigInt = strawberry.field(
        description="How many offsets to use, of all spaces together; 0 is all that are left."
    )
    ranges: list[ReservedRange] = strawberry.field(
        description="What was reserved for each TLD; empty before the start."
    )
    reserved: ReservedRange | None = strawberry.field(
        description="The first of `ranges`; null before the start.",
        deprecation_reason="A campaign may have several TLDs: ask for `ranges`.",
    )

    @classmethod
    def from_generation(cls, generation: Generation) -> Self:
        """What the database has of it."""
        config = generation.config
        ranges = [ReservedRange.from_row(row) for row in generation.ranges]
        return cls(
            pattern_type=config.pattern_type,
            character_set=config.character_set,
            constant=config.constant,
            tlds=list(config.tlds),
            tld=config.tlds[0],
            prefix_length=config.prefix_length,
            suffix_length=config.suffix_length,
            count=BigInt(config.count),
            ranges=ranges,
            reserved=ranges[0] if ranges else None,
        )


_ROTATION = "How many seconds lie between two personas for the same domain."
_SPEED = "How many domains each worker process begins in a minute, at most; 0 is no bound."


@strawberry.type(description="How a campaign resolves; without personas until that is configured.")
class DnsConfig:
    """How a campaign resolves."""

    campaign_key: strawberry.Private[UUID]
    batch_size: int = strawberry.field(description="How many domains a worker takes at a time.")
    retry_attempts: int = strawberry.field(
        description="How often a domain that timed out or failed is looked up anew."
    )
    rotation_interval_seconds: float = strawberry.field(description=_ROTATION)
    speed_per_minute: int = strawberry.field(description=_SPEED)

    @resolved("The personas, in the order in which they are tried.")
    async def personas(self, info: Info) -> list[Persona]:
        """The personas, in the order in which they are tried."""
        return await _personas(info, self.campaign_key, PhaseKind.DNS_VALIDATION)

    @classmethod
    def of(cls, campaign_key: UUID, row: DnsConfigRow | None) -> Self:
        """The configuration of a row, or the defaults of one that is not there yet."""
        config = row or stored.DnsConfig(())
        return cls(
            campaign_key=campaign_key,
            batch_size=config.batch_size,
            retry_attempts=config.retry_attempts,
            rotation_interval_seconds=config.rotation_interval_seconds,
            speed_per_minute=config.speed_per_minute,
        )


@strawberry.type(description="How many extra pages of an accepted site are read, and how much of them.")
class MicroCrawl:
    """Extra pages of an accepted site."""

    max_pages: int = strawberry.field(description="How many pages, at most.")
    byte_budget: int = strawberry.field(description="How many decompressed bytes of them all together.")


@strawberry.type(
    description="How a campaign fetches, and what it looks for; without personas until that is configured."
)
class HttpConfig:
    """How a campaign fetches, and what it looks for."""

    campaign_key: strawberry.Private[UUID]
    ad_hoc_keywords: list[str] = strawberry.field(description="Texts to look for beside the keyword sets.")
    batch_size: int = strawberry.field(description="How many domains a worker takes at a time.")
    retry_attempts: int = strawberry.field(
        description="How often a domain that timed out or failed is fetched anew."
    )
    rotation_interval_seconds: float = strawberry.field(description=_ROTATION)
    speed_per_minute: int = strawberry.field(description=_SPEED)
    http_port: int = strawberry.field(description="The port for http.")
    https_port: int = strawberry.field(description="The port for https, which is tried first.")
    strategy: ProxyStrategy | None = strawberry.field(
        description="Which proxy of several is taken; null is the pool's own way, or ROUND_ROBIN."
    )
    pool_id: strawberry.ID | None = strawberry.field(
        description="The pool of proxies to fetch through, in place of `proxies`."
    )
    micro_crawl: MicroCrawl | None = strawberry.field(
        description="What of an accepted site is read besides its front page; null is nothing."
    )

    @resolved("The personas, in the order in which they are tried.")
    async def personas(self, info: Info) -> list[Persona]:
        """The personas, in the order in which they are tried."""
        return await _personas(info, self.campaign_key, PhaseKind.HTTP_KEYWORD_VALIDATION)

    @resolved("The keyword sets to look for.")
    async def keyword_sets(self, info: Info) -> list[KeywordSet]:
        """The keyword sets to look for."""
        rows = await info.context.loaders.campaign_keyword_sets.load(self.campaign_key)
        return await each(info, rows, KeywordSet.from_row)

    @resolved("The proxies to fetch through; without any, and without a pool, it goes directly.")
    async def proxies(self, info: Info) -> list[Proxy]:
        """The proxies to fetch through."""
        rows = await info.context.loaders.campaign_proxies.load(self.campaign_key)
        return await each(info, rows, Proxy.from_row)

    @classmethod
    def of(cls, campaign_key: UUID, row: HttpConfigRow | None) -> Self:
        """The configuration of a row, or the defaults of one that is not there yet."""
        config = row or stored.HttpConfig(())
        crawl, pool = config.micro_crawl, config.pool_id
        return cls(
            campaign_key=campaign_key,
            ad_hoc_keywords=list(config.ad_hoc_keywords),
            batch_size=config.batch_size,
            retry_attempts=config.retry_attempts,
            rotation_interval_seconds=config.rotation_interval_seconds,
            speed_per_minute=config.speed_per_minute,
            http_port=config.http_port,
            https_port=config.https_port,
            strategy=config.strategy,
            pool_id=None if pool is None else node_ids.encode("ProxyPool", pool),
            micro_crawl=None if crawl is None else MicroCrawl(**msgspec.structs.asdict(crawl)),
        )


@strawberry.type(description="By what a campaign scores its pages and chooses its leads.")
class AnalysisConfig:
    """By what a campaign scores its pages and chooses its leads."""

    profile_key: strawberry.Private[UUID | None]
    profile_version: int | None = strawberry.field(
        description="Which version the last analysis took, once it began; 0 is the built-in profile."
    )
    scoring: ScoringConfig | None = strawberry.field(
        description="What that version says; null before the first analysis."
    )

    @resolved("The scoring profile; null is the built-in one.")
    async def profile(self, info: Info) -> ScoringProfile | None:
        """The scoring profile."""
        if self.profile_key is None:
            return None
        row = await info.context.loaders.scoring_profile.load(self.profile_key)
        return None if row is None else ScoringProfile.from_row(row)

    @classmethod
    def from_row(cls, row: AnalysisConfigRow | None) -> Self:
        """The configuration of a row, or the default without one."""
        scoring = None if row is None else row.scoring
        return cls(
            profile_key=None if row is None else row.profile_id,
            profile_version=None if row is None else row.profile_version,
            scoring=None if scoring is None else ScoringConfig.from_config(scoring),
        )


async def _personas(info: Info, campaign_id: UUID, kind: PhaseKind) -> list[Persona]:
    by_kind = await info.context.loaders.phase_personas.load(campaign_id)
    return await each(info, (by_kind or {}).get(kind), Persona.from_row)
