"""Inputs of the verbs on campaigns."""

import strawberry

from graph.inputs import given
from graph.scalars import BigInt
from names.rules import MAX_CHARACTERS, MAX_LENGTH
from services.campaigns import CampaignDraft, CampaignPatch
from services.rules_campaigns import (
    MAX_AD_HOC_KEYWORDS,
    MAX_DNS_BATCH,
    MAX_HTTP_BATCH,
    MAX_KEYWORD,
    MAX_KEYWORD_SETS,
    MAX_PERSONAS,
    MAX_PROXIES,
    MAX_RETRIES,
)
from services.rules_hosts import MAX_PORT
from vocabulary import campaigns as stored
from vocabulary.campaigns import PatternType


@strawberry.input(description="What a campaign shall enumerate.")
class GenerationConfigInput:
    """What a campaign shall enumerate."""

    pattern_type: PatternType = strawberry.field(description="Where the variable part stands.")
    character_set: str = strawberry.field(
        description=f"The characters of the variable part, up to {MAX_CHARACTERS}; order and case do not matter."
    )
    constant: str = strawberry.field(description="The part that every name has.")
    tld: str = strawberry.field(description="The end of every name, with its leading dot, such as .com.")
    prefix_length: int = strawberry.field(
        default=0, description=f"How many variable characters stand before the constant, up to {MAX_LENGTH}."
    )
    suffix_length: int = strawberry.field(
        default=0, description=f"How many variable characters stand after the constant, up to {MAX_LENGTH}."
    )
    count: BigInt = strawberry.field(
        default=BigInt(0),
        description="How many offsets to use; 0 is all that are left, and more than that is cut to it.",
    )

    def config(self) -> stored.GenerationConfig:
        """The configuration."""
        return stored.GenerationConfig(
            pattern_type=self.pattern_type,
            character_set=self.character_set,
            constant=self.constant,
            tld=self.tld,
            prefix_length=self.prefix_length,
            suffix_length=self.suffix_length,
            count=self.count,
        )


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

    def config(self) -> stored.DnsConfig:
        """The configuration."""
        return stored.DnsConfig(
            persona_ids=given.keys(self.persona_ids, "Persona"),
            batch_size=self.batch_size,
            retry_attempts=self.retry_attempts,
        )


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
            http_port=self.http_port,
            https_port=self.https_port,
        )


@strawberry.input(description="A campaign to be made, as a draft.")
class CreateCampaignInput:
    """A campaign to be made."""

    name: str = strawberry.field(description="What you call it, 1 to 255 characters.")
    generation: GenerationConfigInput = strawberry.field(description="What it shall enumerate.")
    dns: DnsConfigInput = strawberry.field(description="How it shall resolve.")
    http: HttpConfigInput = strawberry.field(description="How it shall fetch, and what it shall look for.")

    def draft(self) -> CampaignDraft:
        """The draft."""
        return CampaignDraft(
            name=self.name,
            generation=self.generation.config(),
            dns=self.dns.config(),
            http=self.http.config(),
        )


@strawberry.input(
    description="What shall be different about a campaign; what is left out stays. Only drafts can be configured."
)
class UpdateCampaignInput:
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

    def patch(self) -> CampaignPatch:
        """The patch.

        Raises:
            ValidationFailed: null was given for something that must have a value.
        """
        parts = given.patch(
            {"name": self.name, "generation": self.generation, "dns": self.dns, "http": self.http}
        )
        for name in ("generation", "dns", "http"):
            if name in parts:
                parts[name] = parts[name].config()
        return CampaignPatch(**parts)


@strawberry.input(description="Which campaign to copy, and what the copy is called.")
class DuplicateCampaignInput:
    """Which campaign to copy, and what the copy is called."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")
    name: str | None = strawberry.field(
        default=None,
        description="What you call the copy, 1 to 255 characters; the campaign's name and “(copy)” unless told.",
    )


@strawberry.input(description="Which campaign to delete.")
class DeleteCampaignInput:
    """Which campaign to delete."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")


@strawberry.input(description="Which campaign to start.")
class StartCampaignInput:
    """Which campaign to start."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")


@strawberry.input(description="Which campaign to pause.")
class PauseCampaignInput:
    """Which campaign to pause."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")


@strawberry.input(description="Which campaign to resume.")
class ResumeCampaignInput:
    """Which campaign to resume."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")


@strawberry.input(description="Which campaign to cancel.")
class CancelCampaignInput:
    """Which campaign to cancel."""

    id: strawberry.ID = strawberry.field(description="Which campaign.")
