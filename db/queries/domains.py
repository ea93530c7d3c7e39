"""The domains of campaigns for those who look at them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Text, func, select, tuple_, type_coerce

from db.engine import Session
from db.models import CampaignRow, DomainRow
from db.queries.listing import Conditions, Listing, among, equals, holds
from db.scope import Scope
from vocabulary.checks import CheckStatus, DnsReason, HttpReason
from vocabulary.leads import LeadStatus, Rejection

FAILURES = (Rejection.DNS_ERROR, Rejection.DNS_TIMEOUT, Rejection.HTTP_ERROR, Rejection.HTTP_TIMEOUT)


class DomainOrderField(StrEnum):
    """What domains are ordered by."""

    OFFSET = "OFFSET"
    NAME = "NAME"
    SCORE = "SCORE"
    RICHNESS = "RICHNESS"
    KEYWORDS_UNIQUE = "KEYWORDS_UNIQUE"
    MICROCRAWL_GAIN = "MICROCRAWL_GAIN"
    CHECKED_AT = "CHECKED_AT"


class DomainFilter(msgspec.Struct, frozen=True):
    """Which domains of one campaign; what is None does not matter. `keyword` is the pattern of a rule.

    A limit of the score lets only domains through that were scored; lengths are characters of the whole name. Failed
    are those whose lookup or fetch ended in an error or ran out of time.
    """

    campaign_id: UUID
    dns_status: tuple[CheckStatus, ...] | None = None
    dns_reason: tuple[DnsReason, ...] | None = None
    http_status: tuple[CheckStatus, ...] | None = None
    http_reason: tuple[HttpReason, ...] | None = None
    matched: bool | None = None
    name_contains: str | None = None
    keyword: str | None = None
    lead_status: tuple[LeadStatus, ...] | None = None
    rejection: tuple[Rejection, ...] | None = None
    min_score: float | None = None
    max_score: float | None = None
    parked: bool | None = None
    tld: str | None = None
    tlds: tuple[str, ...] | None = None
    min_length: int | None = None
    max_length: int | None = None
    only_failed: bool = False
    warned: bool | None = None


def _visible(scope: Scope) -> Conditions:
    if scope.owner_id is None:
        return []
    return [DomainRow.campaign_id.in_(select(CampaignRow.id).where(scope.clause(CampaignRow.owner_id)))]


def _is_own(scope: Scope, campaign_id: UUID) -> Conditions:
    """That the campaign is visible: asked once, whereas `_visible` lists all campaigns of the owner."""
    if scope.owner_id is None:
        return []
    own = select(CampaignRow.id).where(CampaignRow.id == campaign_id, scope.clause(CampaignRow.owner_id))
    return [own.exists()]


def _conditions(scope: Scope, wanted: DomainFilter) -> Conditions:
    return [
        DomainRow.campaign_id == wanted.campaign_id,
        *_is_own(scope, wanted.campaign_id),
        *among(DomainRow.dns_status, wanted.dns_status),
        *among(DomainRow.dns_reason, wanted.dns_reason),
        *among(DomainRow.http_status, wanted.http_status),
        *among(DomainRow.http_reason, wanted.http_reason),
        *equals(DomainRow.matched, wanted.matched),
        *holds(DomainRow.name, wanted.name_contains),
        *_hit(wanted.keyword),
        *among(DomainRow.lead_status, wanted.lead_status),
        *among(DomainRow.rejection, wanted.rejection),
        *_scored(wanted),
        *equals(DomainRow.is_parked, wanted.parked),
        *equals(DomainRow.tld, wanted.tld),
        *among(DomainRow.tld, wanted.tlds),
        *_long(wanted),
        *_failed(wanted),
        *equals(DomainRow.has_warnings, wanted.warned),
    ]


def _scored(wanted: DomainFilter) -> Conditions:
    if wanted.min_score is None and wanted.max_score is None:
        return []
    conditions: Conditions = [DomainRow.analysis_status == CheckStatus.OK]
    if wanted.min_score is not None:
        conditions.append(DomainRow.score >= wanted.min_score)
    if wanted.max_score is not None:
        conditions.append(DomainRow.score <= wanted.max_score)
    return conditions


def _long(wanted: DomainFilter) -> Conditions:
    conditions: Conditions = []
    if wanted.min_length is not None:
        conditions.append(func.length(DomainRow.name) >= wanted.min_length)
    if wanted.max_length is not None:
        conditions.append(func.length(DomainRow.name) <= wanted.max_length)
    return conditions


def _failed(wanted: DomainFilter) -> Conditions:
    # Both write down at once what became of the domain, and of that there is an index.
    return [DomainRow.rejection.in_(FAILURES)] if wanted.only_failed else []


def _hit(keyword: str | None) -> Conditions:
    """That the rule with this pattern was found.

    The hits are stored as JSON text. In it the quotes of any other string are escaped, so a member `"pattern"`
    with just this value cannot appear inside a title or a context.
    """
    if keyword is None:
        return []
    member = f'"pattern":{msgspec.json.encode(keyword).decode()},'
    found: ColumnElement[bool] = type_coerce(DomainRow.hits, Text).icontains(member, autoescape=True)
    # Whoever has a hit is `matched`, of which there is an index.
    return [DomainRow.matched.is_(True), found]


DOMAINS: Listing[DomainRow, DomainFilter] = Listing(
    model=DomainRow,
    conditions=_conditions,
    keys={
        DomainOrderField.OFFSET: (DomainRow.offset,),
        DomainOrderField.NAME: (DomainRow.name, DomainRow.offset),
        DomainOrderField.SCORE: (DomainRow.score, DomainRow.offset),
        DomainOrderField.RICHNESS: (DomainRow.richness, DomainRow.offset),
        DomainOrderField.KEYWORDS_UNIQUE: (DomainRow.keywords_unique, DomainRow.offset),
        DomainOrderField.MICROCRAWL_GAIN: (DomainRow.microcrawl_gain, DomainRow.offset),
        DomainOrderField.CHECKED_AT: (DomainRow.checked_at, DomainRow.offset),
    },
)


async def by_ids(
    session: Session, scope: Scope, ids: Sequence[tuple[UUID, int]]
) -> Mapping[tuple[UUID, int], DomainRow]:
    """The visible ones of these domains, by campaign and offset."""
    wanted = select(DomainRow).where(
        tuple_(DomainRow.campaign_id, DomainRow.offset).in_(ids), *_visible(scope)
    )
    return {(row.campaign_id, row.offset): row for row in (await session.execute(wanted)).scalars()}
