"""What a result becomes in the columns of a domain, and in the tallies of its campaign.

Every result has the `offset` of its domain, `columns` and `decided`: how much it adds to each tally. A result that
decides on the lead (an error, a time-out) says so in both, so that rows and tallies cannot tell two stories.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from vocabulary.checks import CheckStatus, DnsVerdict, HttpVerdict
from vocabulary.leads import (
    Bucket,
    LeadStatus,
    LeadVerdict,
    PageFeatures,
    ParkedVerdict,
    Rejection,
    ScoreBreakdown,
    Tallies,
)

_NO_ADDRESS = {
    CheckStatus.ERROR: (LeadStatus.ERROR, Rejection.DNS_ERROR, Tallies(dns_error=1)),
    CheckStatus.TIMEOUT: (LeadStatus.TIMEOUT, Rejection.DNS_TIMEOUT, Tallies(dns_timeout=1)),
}
_NO_PAGE = {
    CheckStatus.ERROR: (LeadStatus.ERROR, Rejection.HTTP_ERROR, Tallies(http_error=1)),
    CheckStatus.TIMEOUT: (LeadStatus.TIMEOUT, Rejection.HTTP_TIMEOUT, Tallies(http_timeout=1)),
}
_UNDECIDED = (LeadStatus.PENDING, Rejection.PENDING, Tallies())


@dataclass(frozen=True)
class DnsResult:
    """What DNS says of one domain, and as which persona it was asked."""

    offset: int
    verdict: DnsVerdict
    persona_id: UUID

    def columns(self, at: datetime) -> Mapping[str, object]:
        """The columns to set, and the offset of the domain."""
        verdict = self.verdict
        status, rejection, _ = _NO_ADDRESS.get(verdict.status, _UNDECIDED)
        return {
            "at_offset": self.offset,
            "checked_at": at,
            "lead_status": status,
            "rejection": rejection,
            "dns_status": verdict.status,
            "dns_reason": verdict.reason,
            "dns_addresses": verdict.addresses,
            "dns_cnames": verdict.cnames,
            "dns_resolver": verdict.resolver,
            "dns_persona_id": self.persona_id,
            "dns_attempts": verdict.attempts,
            "dns_millis": verdict.millis,
            "dns_checked_at": at,
        }

    @property
    def decided(self) -> Tallies:
        """What it adds to the tallies: one without an address is no lead."""
        return _NO_ADDRESS.get(self.verdict.status, _UNDECIDED)[2]


@dataclass(frozen=True)
class HttpResult:
    """What a fetch of one domain found, as which persona, and through which proxy."""

    offset: int
    verdict: HttpVerdict
    persona_id: UUID
    proxy_id: UUID | None = None

    def columns(self, at: datetime) -> Mapping[str, object]:
        """The columns to set, and the offset of the domain."""
        verdict = self.verdict
        status, rejection, _ = _NO_PAGE.get(verdict.status, _UNDECIDED)
        return {
            "at_offset": self.offset,
            "checked_at": at,
            "lead_status": status,
            "rejection": rejection,
            "http_status": verdict.status,
            "http_reason": verdict.reason,
            "http_status_code": verdict.status_code,
            "http_final_url": _storable(verdict.final_url),
            "http_title": _storable(verdict.title),
            "http_charset": _storable(verdict.charset),
            "http_content_hash": verdict.content_hash,
            "http_bytes": verdict.bytes_read,
            "http_truncated": verdict.truncated,
            "http_detail": _storable(verdict.detail),
            "http_persona_id": self.persona_id,
            "http_proxy_id": self.proxy_id,
            "http_attempts": verdict.attempts,
            "http_millis": verdict.millis,
            "http_checked_at": at,
            "matched": bool(verdict.hits),
            "hits": verdict.hits,
            "keywords_unique": len({hit.pattern for hit in verdict.hits}),
        }

    @property
    def decided(self) -> Tallies:
        """What it adds to the tallies: one without a page is no lead, one with a hit is counted as such."""
        decided = _NO_PAGE.get(self.verdict.status, _UNDECIDED)[2]
        return msgspec.structs.replace(decided, keyword_hits=int(bool(self.verdict.hits)))


@dataclass(frozen=True)
class ExtractionResult:
    """What was read off the page of one domain."""

    offset: int
    features: PageFeatures

    def columns(self, at: datetime) -> Mapping[str, object]:
        """The columns to set, and the offset of the domain."""
        return {
            "at_offset": self.offset,
            "checked_at": at,
            "extraction_status": CheckStatus.OK,
            "features": self.features,
            "richness": self.features.richness.score,
            "microcrawl_gain": self.features.richness.gain,
            "has_warnings": bool(self.features.warnings),
        }

    @property
    def decided(self) -> Tallies:
        """What it adds to the tallies: nothing is decided yet."""
        return Tallies()


@dataclass(frozen=True)
class AnalysisResult:
    """Whether the page of one domain is parked, and its score; a high one has potential."""

    offset: int
    parked: ParkedVerdict
    breakdown: ScoreBreakdown
    is_high_potential: bool

    def columns(self, at: datetime) -> Mapping[str, object]:
        """The columns to set, and the offset of the domain."""
        return {
            "at_offset": self.offset,
            "checked_at": at,
            "analysis_status": CheckStatus.OK,
            "score": self.breakdown.score,
            "breakdown": self.breakdown,
            "is_parked": self.parked.is_parked,
            "parked": self.parked,
        }

    @property
    def decided(self) -> Tallies:
        """What it adds to the tallies."""
        return Tallies(high_potential=int(self.is_high_potential))


_TALLIES = {
    Rejection.QUALIFIED: Tallies(qualified=1),
    Rejection.LOW_SCORE: Tallies(low_score=1),
    Rejection.NO_KEYWORDS: Tallies(no_keywords=1),
    Rejection.PARKED: Tallies(parked=1),
}


@dataclass(frozen=True)
class EnrichmentResult:
    """What became of one domain as a lead."""

    offset: int
    verdict: LeadVerdict
    bucket: Bucket

    def columns(self, at: datetime) -> Mapping[str, object]:
        """The columns to set, and the offset of the domain."""
        return {
            "at_offset": self.offset,
            "checked_at": at,
            "enrichment_status": CheckStatus.OK,
            "lead_status": self.verdict.status,
            "rejection": self.verdict.rejection,
            "lead_reason": self.verdict.reason,
            "bucket": self.bucket,
        }

    @property
    def decided(self) -> Tallies:
        """What it adds to the tallies: only domains with a page come here, so nothing else can be decided."""
        return _TALLIES[self.verdict.rejection]


Result = DnsResult | HttpResult | ExtractionResult | AnalysisResult | EnrichmentResult


def _storable(text: str | None) -> str | None:
    """Text without NUL, which PostgreSQL refuses, and without lone surrogates, which UTF-8 has no bytes for."""
    return None if text is None else text.replace("\0", "").encode("utf-8", "replace").decode()
