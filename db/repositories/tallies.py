"""The tallies of a campaign, moved with the rows that they count. The campaign's row is locked before."""

from collections.abc import Iterable
from uuid import UUID

from db.engine import Session
from db.models import TalliesRow
from vocabulary.campaigns import PhaseKind
from vocabulary.leads import Tallies

_FIELDS = Tallies.__struct_fields__

DECIDED_IN = {
    PhaseKind.DNS_VALIDATION: ("dns_error", "dns_timeout"),
    PhaseKind.HTTP_KEYWORD_VALIDATION: ("http_error", "http_timeout", "keyword_hits"),
    PhaseKind.EXTRACTION: (),
    PhaseKind.ANALYSIS: ("high_potential",),
    PhaseKind.ENRICHMENT: ("qualified", "low_score", "no_keywords", "parked"),
}
"""Which tallies the results of each phase move."""


async def of(session: Session, campaign_id: UUID) -> TalliesRow:
    """The tallies of a campaign, read anew: the lock of the campaign may have been waited for."""
    return await session.get_one(TalliesRow, campaign_id, populate_existing=True)


def as_told(row: TalliesRow) -> Tallies:
    """The same as a value."""
    return Tallies(**{field: getattr(row, field) for field in _FIELDS})


def move(row: TalliesRow, decided: Iterable[Tallies]) -> None:
    """Add what results have decided."""
    for each in decided:
        for field in _FIELDS:
            setattr(row, field, getattr(row, field) + getattr(each, field))


def take_back(row: TalliesRow, kind: PhaseKind) -> None:
    """Forget what a phase has decided, all of which is taken back."""
    for field in DECIDED_IN[kind]:
        setattr(row, field, 0)
