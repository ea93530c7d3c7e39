"""What a verdict becomes in the columns of a domain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from vocabulary.checks import DnsVerdict, HttpVerdict


@dataclass(frozen=True)
class DnsResult:
    """What DNS says of one domain, and as which persona it was asked."""

    offset: int
    verdict: DnsVerdict
    persona_id: UUID

    def columns(self, at: datetime) -> Mapping[str, object]:
        """The columns to set, and the offset of the domain."""
        verdict = self.verdict
        return {
            "at_offset": self.offset,
            "dns_status": verdict.status,
            "dns_reason": verdict.reason,
            "dns_addresses": verdict.addresses,
            "dns_resolver": verdict.resolver,
            "dns_persona_id": self.persona_id,
            "dns_attempts": verdict.attempts,
            "dns_millis": verdict.millis,
            "dns_checked_at": at,
        }


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
        return {
            "at_offset": self.offset,
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
        }


Result = DnsResult | HttpResult


def _storable(text: str | None) -> str | None:
    """Text without NUL, which PostgreSQL refuses, and without lone surrogates, which UTF-8 has no bytes for."""
    return None if text is None else text.replace("\0", "").encode("utf-8", "replace").decode()
