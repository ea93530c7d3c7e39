"""Inputs of the verbs on campaigns."""

from typing import Any
from uuid import UUID

import strawberry

from core.errors import ValidationFailed
from graph.inputs import given
from graph.inputs.keyed import KeyedInput
from graph.scalars import BigInt
from names.rules import MAX_CHARACTERS, MAX_LENGTH, MAX_TLDS
from services.campaigns import CampaignDraft, CampaignPatch
from services.rules_campaigns import (
    MAX_AD_HOC_KEYWORDS,
    MAX_DNS_BATCH,
    MAX_HTTP_BATCH,
    MAX_KEYWORD,
    MAX_KEYWORD_SETS,
    MAX_PAGE_BYTES,
    MAX_PAGES,
    MAX_PERSONAS,
    MAX_PROXIES,
    MAX_RETRIES,
    MAX_ROTATION_SECONDS,
    MAX_SPEED,
    MIN_PAGE_BYTES,
)
from services.rules_hosts import MAX_PORT
from vocabulary import campaigns as stored
from vocabulary.campaigns import CampaignMode, PatternType
from vocabulary.proxies import ProxyStrategy

VERSION = "The `version` that you have read; another one refuses the change."


@strawberry.input(description="What a campaign shall enumerate.")
class GenerationConfigInput:
    """What a campaign shall enumerate."""

    pattern_type: PatternType = strawberry.field(description="Where the variable part stands.")
    character_set: str = strawberry.field(
        description=f"The characters of the variable part, up to {MAX_CHARACTERS}; order and case do not matter."
    )
    constant: str = strawberry.field(description="The part that every name has.")
    tlds: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"The ends of names, each with its leading dot, such as .com: 1 to {MAX_TLDS}.",
    )
    tld: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The one end of every name; in place of `tlds`.",
        deprecation_reason="A campaign may have several: give `tlds`.",
    )
    prefix_length: int = strawberry.field(
        default=0, description=f"How many variable characters stand before the constant, up to {MAX_LENGTH}."
    )
    suffix_length: int = strawberry.field(
        default=0, description=f"How many variable characters stand after the constant, up to {MAX_LENGTH}."
    )
    count: BigInt = strawberry.field(
        default=BigInt(0),
        description="How many offsets to use, of all TLDs together; 0 is all that are left, and more is cut to it.",
    )

    def config(self, *path: str) -> stored.GenerationConfig:
        """The configuration; `path` is where it stands in the input.

        Raises:
            ValidationFailed: not just one of `tlds` and `tld` is given.
        """
        return stored.GenerationConfig(
            pattern_type=self.pattern_type,
            character_set=self.character_set,
            constant=self.constant,
            tlds=self._tlds(path),
            prefix_length=self.prefix_length,
            suffix_length=self.suffix_length,
            count=self.count,
        )

    def _tlds(self, path: tuple[str, ...]) -> tuple[str, ...]:
        several = None if self.tlds is strawberry.UNSET else self.tlds
        one = None if self.tld is strawberry.UNSET else self.tld
        if (several is None) == (one is None):
            raise ValidationFailed.at((*path, "tlds"), "give either `tlds` or `tld`, and not both")
        return (one,) if one is not None else tuple(several or ())


_ROTATION = f"How many seconds lie between two personas for the same domain, up to {MAX_ROTATION_SECONDS}."
_SPEED = f"How many domains each worker process begins in a minute, up to {MAX_SPEED:,}; 0 is no bound."


@strawberry.input(description="How a campaign shall resolve.")
class DnsConfigInput:
    """How a campaign shall resolve."""

    persona_ids: list[strawberry.ID] = strawberry.field(
        description=f"The DNS personas, 1 to {MAX_PERSONAS}, in the order in which they are tried."
    )
    batch_size: int = strawberry.field(
        default=100, description=f"How many domains a worker takes at a time, 1 to {MAX_DNS_BATCH}."
    )
    retry_attempts: int = strawberry.field(
        default=1,
        description=f"How often a domain that timed out or failed is looked up anew, up to {MAX_RETRIES} times.",
    )
    rotation_interval_seconds: float = strawberry.field(default=0.0, description=_ROTATION)
    speed_per_minute: int = strawberry.field(default=0, description=_SPEED)

    def config(self) -> stored.DnsConfig:
        """The configuration."""
        return stored.DnsConfig(
            persona_ids=given.keys(self.persona_ids, "Persona"),
            batch_size=self.batch_size,
            retry_attempts=self.retry_attempts,
            rotation_interval_seconds=self.rotation_interval_seconds,
            speed_per_minute=self.speed_per_minute,
        )


@strawberry.input(description="Which extra pages of an accepted site shall be read; robots.txt is honoured.")
class MicroCrawlInput:
    """Which extra pages of an accepted site shall be read."""

    max_pages: int = strawberry.field(default=3, description=f"How many pages, 1 to {MAX_PAGES}.")
    byte_budget: int = strawberry.field(
        default=60_000,
        description=f"How many decompressed bytes of them all together, {MIN_PAGE_BYTES:,} to {MAX_PAGE_BYTES:,}.",
    )

    def config(self) -> stored.MicroCrawl:
        """The configuration."""
        return stored.MicroCrawl(max_pages=self.max_pages, byte_budget=self.byte_budget)


@strawberry.input(description="How a campaign shall fetch, and what it shall look for.")
class HttpConfigInput:
    """How a campaign shall fetch, and what it shall look for."""

    persona_ids: list[strawberry.ID] = strawberry.field(
        description=f"The HTTP personas, 1 to {MAX_PERSONAS}, in the order in which they are tried."
    )
    keyword_set_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description=f"The keyword sets, up to {MAX_KEYWORD_SETS}; one at least, of these or of `adHocKeywords`.",
    )
    ad_hoc_keywords: list[str] = strawberry.field(
        default_factory=list,
        description=f"Texts to look for beside the sets, up to {MAX_AD_HOC_KEYWORDS} of 1 to {MAX_KEYWORD} characters.",
    )
    proxy_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list,
        description=f"The proxies to fetch through, at most {MAX_PROXIES}; without any it goes directly.",
    )
    batch_size: int = strawberry.field(
        default=50, description=f"How many domains a worker takes at a time, 1 to {MAX_HTTP_BATCH}."
    )
    retry_attempts: int = strawberry.field(
        default=1,
        description=f"How often a domain that timed out or failed is fetched anew, up to {MAX_RETRIES} times.",
    )
    rotation_interval_seconds: float = strawberry.field(default=0.0, description=_ROTATION)
    speed_per_minute: int = strawberry.field(default=0, description=_SPEED)
    pool_id: strawberry.ID | None = strawberry.field(
        default=None, description="A pool of proxies to fetch through, in place of `proxyIds`."
    )
    strategy: ProxyStrategy | None = strawberry.field(
        default=None,
        description="Which proxy of several is taken; the pool's own way, or ROUND_ROBIN, unless told.",
    )
    micro_crawl: MicroCrawlInput | None = strawberry.field(
        default=None,
        description="What of an accepted site is read besides its front page; nothing unless told.",
    )
    http_port: int = strawberry.field(default=80, description=f"The port for http, 1 to {MAX_PORT}.")
    https_port: int = strawberry.field(
        default=443, description=f"The port for https, which is tried first, 1 to {MAX_PORT}."
    )

    def config(self) -> stored.HttpConfig:
        """The configuration."""
        return stored.HttpConfig(
            persona_ids=given.keys(self.persona_ids, "Persona"),
            keyword_set_ids=given.keys(self.keyword_set_ids, "KeywordSet"),
            ad_hoc_keywords=tuple(self.ad_hoc_keywords),
            proxy_ids=given.keys(self.proxy_ids, "Proxy"),
            batch_size=self.batch_size,
            retry_attempts=self.retry_attempts,
            rotation_interval_seconds=self.rotation_interval_seconds,
            speed_per_minute=self.speed_per_minute,
            http_port=self.http_port,
            https_port=self.https_port,
            pool_id=None if self.pool_id is None else given.key(self.pool_id, "ProxyPool"),
            strategy=self.strategy,
            micro_crawl=None if self.micro_crawl is None else self.micro_crawl.config(),
        )


@strawberry.input(description="By what a campaign shall score its pages and choose its leads.")
class AnalysisConfigInput:
    """By what a campaign shall score its pages and choose its leads."""

    profile_id: strawberry.ID | None = strawberry.field(
        default=None, description="The scoring profile; the built-in one unless told."
    )

    def config(self) -> stored.AnalysisConfig:
        """The configuration."""
        return stored.AnalysisConfig(profile_key(self.profile_id))


def profile_key(ident: str | None) -> UUID | None:
    """The key of a scoring profile; None is the built-in one."""
    return None if ident is None else given.key(ident, "ScoringProfile")


@strawberry.input(description="A campaign to be made, as a draft.")
class CreateCampaignInput(KeyedInput):
    """A campaign to be made."""

    name: str = strawberry.field(description="What you call it, 1 to 255 characters.")
    generation: GenerationConfigInput = strawberry.field(description="What it shall enumerate.")
    mode: CampaignMode = strawberry.field(
        default=CampaignMode.STEP_BY_STEP, description="How its phases follow one another."
    )
    dns: DnsConfigInput | None = strawberry.field(
        default=None, description="How it shall resolve; it can be configured later."
    )
    http: HttpConfigInput | None = strawberry.field(
        default=None,
        description="How it shall fetch, and what it shall look for; it can be configured later.",
    )
    analysis: AnalysisConfigInput | None = strawberry.field(
        default=None, description="By what it shall score; the built-in profile unless told."
    )

    def draft(self) -> CampaignDraft:
        """The draft.

        Raises:
            ValidationFailed: the TLDs are given twice, or not at all.
        """
        return CampaignDraft(
            name=self.name,
            generation=self.generation.config("generation"),
            dns=None if self.dns is None else self.dns.config(),
            http=None if self.http is None else self.http.config(),
            analysis=self.analysis.config() if self.analysis else stored.AnalysisConfig(),
            mode=self.mode,
        )


@strawberry.input(
    description="What shall be different about a campaign; what is left out stays. A phase can be configured until it "
    "has started."
)
class UpdateCampaignInput(KeyedInput):
    """What shall be different about a campaign."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")
    name: str | None = strawberry.field(
        default=strawberry.UNSET, description="What you call it, 1 to 255 characters."
    )
    generation: GenerationConfigInput | None = strawberry.field(
        default=strawberry.UNSET, description="What it shall enumerate; replaces all of it."
    )
    dns: DnsConfigInput | None = strawberry.field(
        default=strawberry.UNSET, description="How it shall resolve; replaces all of it."
    )
    http: HttpConfigInput | None = strawberry.field(
        default=strawberry.UNSET, description="How it shall fetch; replaces all of it."
    )
    analysis: AnalysisConfigInput | None = strawberry.field(
        default=strawberry.UNSET, description="By what it shall score; replaces all of it."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def patch(self) -> CampaignPatch:
        """The patch.

        Raises:
            ValidationFailed: null was given for something that must have a value.
        """
        return patch_of(
            {
                "name": self.name,
                "generation": self.generation,
                "dns": self.dns,
                "http": self.http,
                "analysis": self.analysis,
            }
        )


@strawberry.input(description="What one phase of a campaign shall do: give the one that belongs to it.")
class ConfigurePhaseInput(KeyedInput):
    """What one phase of a campaign shall do."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")
    generation: GenerationConfigInput | None = strawberry.field(
        default=strawberry.UNSET, description="Of DOMAIN_GENERATION."
    )
    dns: DnsConfigInput | None = strawberry.field(default=strawberry.UNSET, description="Of DNS_VALIDATION.")
    http: HttpConfigInput | None = strawberry.field(
        default=strawberry.UNSET, description="Of HTTP_KEYWORD_VALIDATION."
    )
    analysis: AnalysisConfigInput | None = strawberry.field(
        default=strawberry.UNSET, description="Of ANALYSIS."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def patch(self) -> CampaignPatch:
        """The patch.

        Raises:
            ValidationFailed: not just one is given.
        """
        parts = {
            "generation": self.generation,
            "dns": self.dns,
            "http": self.http,
            "analysis": self.analysis,
        }
        if sum(part is not strawberry.UNSET for part in parts.values()) != 1:
            raise ValidationFailed.at((), "give just one of `generation`, `dns`, `http` and `analysis`")
        return patch_of(parts)


def patch_of(parts: dict[str, Any]) -> CampaignPatch:
    """The patch of the parts that were given.

    Raises:
        ValidationFailed: null was given for something that must have a value.
    """
    found = given.patch(parts)
    if "generation" in found:
        found["generation"] = found["generation"].config("generation")
    for name in ("dns", "http", "analysis"):
        if name in found:
            found[name] = found[name].config()
    return CampaignPatch(**found)
