"""Taking back what phases have decided on domains, so that they can run anew."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import case, or_, update

from db.engine import Session
from db.models import DomainRow
from db.repositories.domains import STATUS
from vocabulary.campaigns import PhaseKind
from vocabulary.checks import CheckStatus
from vocabulary.leads import LeadStatus, Rejection

_COLUMNS: Mapping[PhaseKind, Mapping[str, object]] = {
    PhaseKind.DNS_VALIDATION: {
        "dns_status": CheckStatus.PENDING,
        "dns_reason": None,
        "dns_addresses": (),
        "dns_cnames": (),
        "dns_resolver": None,
        "dns_persona_id": None,
        "dns_attempts": 0,
        "dns_millis": None,
        "dns_checked_at": None,
    },
    PhaseKind.HTTP_KEYWORD_VALIDATION: {
        "http_status": CheckStatus.PENDING,
        "http_reason": None,
        "http_status_code": None,
        "http_final_url": None,
        "http_title": None,
        "http_charset": None,
        "http_content_hash": None,
        "http_bytes": None,
        "http_truncated": False,
        "http_detail": None,
        "http_persona_id": None,
        "http_proxy_id": None,
        "http_attempts": 0,
        "http_millis": None,
        "http_checked_at": None,
        "matched": False,
        "hits": (),
        "keywords_unique": 0,
        "checked_at": DomainRow.dns_checked_at,
    },
    PhaseKind.EXTRACTION: {
        "extraction_status": CheckStatus.PENDING,
        "checked_at": DomainRow.http_checked_at,
        "features": None,
        "richness": 0.0,
        "microcrawl_gain": 0.0,
        "has_warnings": False,
    },
    PhaseKind.ANALYSIS: {
        "analysis_status": CheckStatus.PENDING,
        "previous_score": case(
            (DomainRow.analysis_status == CheckStatus.OK, DomainRow.score), else_=DomainRow.previous_score
        ),
        "score": 0.0,
        "breakdown": None,
        "is_parked": False,
        "parked": None,
    },
    PhaseKind.ENRICHMENT: {
        "enrichment_status": CheckStatus.PENDING,
        "lead_status": LeadStatus.PENDING,
        "rejection": Rejection.PENDING,
        "lead_reason": None,
        "bucket": None,
    },
}


async def take_back(session: Session, campaign_id: UUID, kinds: Sequence[PhaseKind]) -> None:
    """Make the domains of a campaign as they were before the phases `kinds`, the last ones, had begun.

    Only a domain that one of them has decided on is touched: what an earlier phase has rejected stays so.
    `previous_score` keeps the score of the last analysis.
    """
    decided = or_(*(STATUS[kind] != CheckStatus.PENDING for kind in kinds))
    # The first has the last word on what several set: it is known for every domain that one of them decided on.
    values = {name: value for kind in reversed(kinds) for name, value in _COLUMNS[kind].items()}
    statement = update(DomainRow).where(DomainRow.campaign_id == campaign_id, decided).values(values)
    await session.execute(statement.execution_options(synchronize_session=False))
