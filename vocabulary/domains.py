"""What followers of domains are told: a name that came to be, and a name that a phase has decided on."""

import msgspec

from vocabulary.checks import CheckStatus, DnsReason, HttpReason
from vocabulary.leads import LeadStatus, Rejection

BATCH_MOST = 100
"""How many domains one event tells of; the rest of a batch is counted as omitted."""


class GeneratedDomain(msgspec.Struct, frozen=True):
    """A name that was generated, at its place in the campaign."""

    offset: int
    name: str


class DomainChange(msgspec.Struct, frozen=True):
    """A domain after a phase has decided on it; what is not known yet is None or PENDING."""

    offset: int
    name: str
    dns_status: CheckStatus = CheckStatus.PENDING
    dns_reason: DnsReason | None = None
    http_status: CheckStatus = CheckStatus.PENDING
    http_reason: HttpReason | None = None
    matched: bool = False
    score: float | None = None
    is_parked: bool | None = None
    lead_status: LeadStatus = LeadStatus.PENDING
    rejection: Rejection = Rejection.PENDING
